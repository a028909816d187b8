//! The runtime of the generated client, in the order of a request: `build` makes
//! it, `send` admits and sends it, `outcome` holds its result.

mod build;
mod builder;
mod client;
mod http_client;
mod outcome;
mod send;

pub use build::{Effect, Operation, RawRequest, Safety};
pub(crate) use build::{Headers, QueryValue, TargetSafety, encode_path, normal_form};
pub use builder::ClientBuilder;
pub use client::Client;
#[cfg(fuzzing)]
pub(crate) use outcome::decode;
pub use outcome::{
    Attempt, ObservedResponse, OperationObserver, OperationReport, Outcome, Response,
    ResponseObserver, Shapes, Unknown, Wait, WaitReason,
};
pub(crate) use outcome::{Mismatch, RawResponse, ledger, may_have_acted};
pub use send::{
    ReplayTransport, ReplayedRequest, Sending, Transport, TransportError, TransportResponse,
};
