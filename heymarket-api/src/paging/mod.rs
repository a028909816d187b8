//! Walks over the pages of a list, all by one engine.
//!
//! Cursors by date have no tie-breaker, and items move while one pages. So each
//! page is asked for from a little past the last item of the one before, and
//! what came already is dropped.

mod position;
mod raw;
mod walk;

pub use position::Checkpoint;
pub(crate) use position::Style;
pub(crate) use raw::Places;
pub use raw::RawItem;
pub(crate) use walk::Source;
pub use walk::{Pages, Walk};
