//! What the tests share.

mod clock;
mod raw;
mod server;
mod spec;

pub(crate) use clock::{JumpingClock, ManualClock};
pub(crate) use raw::{RawServer, Step};
pub(crate) use server::{Answer, Received, Server};
pub(crate) use spec::{project_root, spec};

use heymarket_api::{Client, ClientBuilder, Credentials, RetryPolicy};

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
