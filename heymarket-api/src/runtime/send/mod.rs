//! Admits and sends requests: the loop over the attempts of one call, and the
//! decisions between two attempts.

mod call;
mod core;
mod ended;
mod endpoint;
mod http_date;
mod partial_response;
mod replay;
mod retry_after;
mod retry_budget;
mod retry_decision;
mod run;
mod transport;

pub(crate) use self::core::Core;
pub(crate) use endpoint::{Endpoint, HttpClient};
pub use replay::{ReplayTransport, ReplayedRequest};
pub(crate) use retry_budget::RetryBudget;
pub(crate) use run::run;
pub use transport::{Sending, Transport, TransportError, TransportResponse};
