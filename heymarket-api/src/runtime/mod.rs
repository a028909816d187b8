//! What the generated client calls: building a request, sending it, reading
//! the answer, and telling what happened.

mod attempt;
mod builder;
mod client;
mod decode;
mod error;
mod operation;
mod redact;
mod request;
mod response;
mod server_message;

pub use attempt::{Attempt, Outcome};
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::{Error, ErrorKind};
pub use operation::{Operation, Safety};
pub(crate) use request::encode_path;
pub use response::Response;
