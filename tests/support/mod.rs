//! Servers, clocks and the spec, shared by the tests.

mod clock;
mod cpu;
mod raw;
mod scripted;
mod server;
mod spec;

pub(crate) use clock::{ImpatientClock, JumpingClock, ManualClock};
pub(crate) use cpu::cpu_time;
pub(crate) use raw::{RawServer, Step};
pub(crate) use scripted::{Connections, Fault, Request, ScriptedServer};
pub(crate) use server::{Answer, Received, Server};
pub(crate) use spec::{assert_every_operation, project_root, spec};

use heymarket_api::{Client, ClientBuilder, Credentials, RetryPolicy};
use jiff::Timestamp;

/// Returns a builder for a client of a test server. It makes one attempt for each
/// call, except after a 429 or a 401.
pub(crate) fn builder(url: &str) -> ClientBuilder {
    Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(url)
        .retry(RetryPolicy::none())
}

/// Returns a client of a test server.
pub(crate) fn client(url: &str) -> Client {
    builder(url).build().expect("a client")
}

/// Parses a time.
pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Returns a body without the generated `local_id`, which is its first member.
pub(crate) fn without_minted_key(body: &str) -> String {
    let minted = body
        .strip_prefix("{\"local_id\":\"")
        .and_then(|rest| rest.split_once("\","));
    match minted {
        Some((id, rest)) if id.len() == 36 => format!("{{{rest}"),
        _ => body.to_owned(),
    }
}
