//! Walks over the pages of a list, all by one engine.
//!
//! Cursors by date have no tie-breaker, and items move while one pages. So each
//! page is asked for from a little past the last item of the one before, and
//! items that came already are dropped.

mod checkpoint;
mod filters;
mod position;
mod raw;
mod seen;
mod walk;

pub use checkpoint::Checkpoint;
pub(crate) use filters::Filters;
pub(crate) use position::{ByTime, Style};
pub(crate) use raw::Places;
pub use raw::RawItem;
pub(crate) use walk::Source;
pub use walk::{Pages, Walk};

#[cfg(test)]
mod tests;
