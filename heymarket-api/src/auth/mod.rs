//! Credentials and how a request is signed with them.

mod clock;
mod credentials;
mod headers;
mod jwt;
mod signer;

pub use clock::{Clock, Sleep, SystemClock};
pub use credentials::Credentials;
pub(crate) use credentials::variable;
pub(crate) use headers::Headers;
pub(crate) use signer::{Authorization, Signer};
