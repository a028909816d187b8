//! Faults on demand: rules that say which requests fail, and how.

mod active;
mod fault;
mod quiet_hours;
mod rule;
mod unknown;

pub(crate) use active::{Plan, Rules};
pub use fault::Fault;
pub(crate) use quiet_hours::QuietHours;
pub use rule::Rule;
pub(crate) use unknown::make_unknown;
