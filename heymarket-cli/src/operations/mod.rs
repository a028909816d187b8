//! A command for each operation of the spec, from the tables that codegen writes.

pub(crate) mod all;
mod ask;
pub(crate) mod body;
pub(crate) mod command;
pub(crate) mod confirm;
mod examples;
mod given;
pub(crate) mod more;
mod preview;
pub(crate) mod run;
mod value;
