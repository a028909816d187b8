//! Policies: plain values that determine what the send loop may do.

mod options;
mod retry;

pub use options::Options;
pub use retry::RetryPolicy;
