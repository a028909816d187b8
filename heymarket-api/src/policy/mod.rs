//! Policies: plain values that say what the send loop may do. `runtime` carries
//! them out.

mod options;
mod retry;

pub use options::Options;
pub use retry::RetryPolicy;
