//! Builds requests: what an operation is, its path, query, body and headers, and
//! the checks before anything is sent.

mod headers;
mod operation;
mod query_value;
mod raw_body;
mod raw_request;
mod request;

pub(crate) use headers::Headers;
pub(crate) use operation::TargetSafety;
pub use operation::{Effect, Operation, Safety};
pub(crate) use query_value::QueryValue;
pub(crate) use raw_body::normal_form;
pub use raw_request::RawRequest;
pub(crate) use request::{Request, RequestParts, encode_path};
