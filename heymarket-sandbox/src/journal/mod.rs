//! The journal: the latest requests of operations, with their responses.
//!
//! It is bounded by a number of requests and by their bytes. Secrets are removed
//! from headers before they are stored, and from bodies before they are shown.

mod curl;
mod entry;
mod filter;
mod log;
mod recording;
mod redact;
mod request;

pub(crate) use filter::Filter;
pub(crate) use log::Journal;
pub(crate) use recording::{Observer, Recording};
pub use request::RecordedRequest;
