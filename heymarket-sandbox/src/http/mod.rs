//! The server: connections, what each request goes through, and the manners of
//! the API around its operations.

mod answer;
mod auth;
mod body;
mod router;
mod server;

pub(crate) use answer::{Answer, internal};
pub(crate) use auth::Keys;
pub(crate) use body::{Reading, is_json, read_json};
pub(crate) use router::{Context, router};
pub(crate) use server::{Reached, Server};
