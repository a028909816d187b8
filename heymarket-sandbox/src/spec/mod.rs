//! The bundled spec: its operations, and the shapes of requests and responses.
//! It uses nothing of the generated client, so a mistake there cannot hide here.

mod convert;
mod document;
mod members;
#[cfg(test)]
mod tests;
mod validate;

pub use document::check_response;
pub(crate) use document::{Operation, Parameter, Place, Spec};
