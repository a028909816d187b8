//! HTTP: the server, the routes, and everything around an operation: token,
//! limit, parameters, body, response.

mod auth;
mod body;
mod parameters;
mod response;
mod router;
mod serve;
mod server;

pub(crate) use auth::Keys;
pub(crate) use body::{ReadOptions, is_json, read_json};
pub(crate) use response::{ApiResponse, internal};
pub(crate) use router::router;
pub(crate) use serve::Context;
pub(crate) use server::{LocalAddresses, Server};
