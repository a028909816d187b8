//! What the generated client calls: building a request, sending it, reading
//! the answer, and telling what happened.

mod attempt;
mod budget;
mod builder;
mod client;
mod decode;
mod error;
mod find_sent;
#[cfg(fuzzing)]
pub mod fuzzing;
mod operation;
mod raw;
mod redact;
mod request;
mod response;
mod retry;
mod retry_after;
mod send;
mod server_message;
mod telemetry;
mod transport;
mod unknown;

pub use attempt::{Attempt, Outcome, Wait, WaitReason};
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::{Error, ErrorKind};
pub(crate) use operation::TargetSafety;
pub use operation::{Operation, Safety};
pub use raw::RawRequest;
pub(crate) use raw::normal;
pub(crate) use request::{QueryValue, encode_path};
pub use response::Response;
pub use telemetry::{OperationObserver, OperationReport};
pub use unknown::{ResponseObserver, Unknown};
