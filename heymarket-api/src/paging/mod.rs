//! Walks over the pages of a list.
//!
//! Cursors by time have no tie-breaker, and items move during a walk. Each page is
//! therefore requested from a little before the last item of the previous one, and
//! items that were yielded already are dropped.

mod by_number;
mod by_time;
mod checkpoint;
mod filters;
mod find_sent;
mod history;
mod page_request;
mod position;
mod raw;
mod seen;
mod time_step;
mod walk;

pub(crate) use by_time::ByTime;
pub use checkpoint::Checkpoint;
pub(crate) use filters::Filters;
pub(crate) use position::Style;
pub use raw::RawItem;
pub(crate) use raw::{Place, Places};
pub(crate) use walk::Source;
pub use walk::{Pages, Walk};

#[cfg(test)]
mod tests;
