//! Credentials, and the tokens that they sign.

mod credentials;
mod jwt;
mod signer;

pub use credentials::Credentials;
pub(crate) use credentials::variable;
pub(crate) use signer::{Authorization, Signer};
