//! The outcome of a request: the ledger of attempts, the response with its value or
//! the place where it does not decode, and what telemetry reports.

mod attempt;
mod decode;
mod raw_response;
mod redact;
mod response;
mod server_message;
mod shapes;
mod telemetry;
mod unknown;

pub use attempt::{Attempt, Outcome, Wait, WaitReason};
pub(crate) use attempt::{ledger, may_have_acted};
pub(crate) use decode::{Mismatch, decode};
pub(crate) use raw_response::RawResponse;
pub(crate) use redact::{Sent, redact};
pub use response::Response;
pub(crate) use response::ResponseParts;
pub(crate) use server_message::{find_message, one_line};
pub use shapes::Shapes;
pub use telemetry::{OperationObserver, OperationReport};
pub(crate) use telemetry::{attempted, ended, rate_limit_span, span, waiting};
pub(crate) use unknown::Unknowns;
pub use unknown::{ObservedResponse, ResponseObserver, Unknown};
