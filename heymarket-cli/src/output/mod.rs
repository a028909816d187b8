//! Everything that is printed: results on standard output, messages on standard error.

pub(crate) mod cell;
mod csv_rows;
mod jq;
pub(crate) mod json;
pub(crate) mod names;
mod pager;
pub(crate) mod plain;
pub(crate) mod progress;
pub(crate) mod results;
pub(crate) mod rows;
pub(crate) mod shape;
pub(crate) mod style;
mod table;
mod template;
pub(crate) mod terminal;
pub(crate) mod width;
mod writer;
