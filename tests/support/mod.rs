//! What the tests share.

mod clock;
mod cpu;
mod raw;
mod scripted;
mod server;
mod spec;

pub(crate) use clock::{ImpatientClock, JumpingClock, ManualClock};
pub(crate) use cpu::cpu_time;
pub(crate) use raw::{RawServer, Step};
pub(crate) use scripted::{Fault, Request, ScriptedServer};
pub(crate) use server::{Answer, Received, Server};
pub(crate) use spec::{project_root, spec};

use heymarket_api::{Client, ClientBuilder, Credentials, RetryPolicy};
use jiff::Timestamp;

/// A builder for a client of a server of the tests. It makes one attempt for
/// each call, except after a 429 and a 401.
pub(crate) fn builder(url: &str) -> ClientBuilder {
    Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(url)
        .retry(RetryPolicy::none())
}

/// A client of a server of the tests.
pub(crate) fn client(url: &str) -> Client {
    builder(url).build().expect("a client")
}

/// The time that a text gives.
pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A body without the `local_id` that the client minted, which comes first.
pub(crate) fn without_minted_key(body: &str) -> String {
    let minted = body
        .strip_prefix("{\"local_id\":\"")
        .and_then(|rest| rest.split_once("\","));
    match minted {
        Some((id, rest)) if id.len() == 36 => format!("{{{rest}"),
        _ => body.to_owned(),
    }
}
