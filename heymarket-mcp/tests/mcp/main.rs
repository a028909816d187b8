//! Tests of the server against a sandbox, and against a scripted API.

mod definitions;
mod drafts;
mod hostile;
#[cfg(feature = "http")]
mod http;
mod protocol;
mod reading;
mod support;
