//! What the tests share.

mod clock;
mod raw;
mod server;
mod spec;

pub(crate) use clock::ManualClock;
pub(crate) use raw::{RawServer, Step};
pub(crate) use server::{Answer, Received, Server};
pub(crate) use spec::{project_root, spec};

use heymarket_api::{Client, ClientBuilder, Credentials};

/// A builder for a client of a server of the tests.
pub(crate) fn builder(url: &str) -> ClientBuilder {
    Client::builder(Credentials::api_secret("test-id", "test-key")).base_url(url)
}

/// A client of a server of the tests.
pub(crate) fn client(url: &str) -> Client {
    builder(url).build().expect("a client")
}
