//! The client of this project.

use heymarket_api::{Client, ClientBuilder, Credentials, RateLimit, RetryPolicy};

use crate::call::{CONVERSATION, message, page_request};
use crate::caller::Caller;

/// The client, with or without what a hand-written caller leaves out.
pub(crate) struct Ours(pub(crate) Client);

impl Ours {
    /// The default client, with a rate limit that is never reached.
    pub(crate) fn everything_on(url: &str) -> Self {
        Self::build(builder(url).rate_limit(RateLimit::per_minute(100_000_000)))
    }

    pub(crate) fn everything_off(url: &str) -> Self {
        Self::build(
            builder(url)
                .rate_limit(RateLimit::off())
                .retry(RetryPolicy::none()),
        )
    }

    fn build(builder: ClientBuilder) -> Self {
        Self(builder.build().expect("a client"))
    }
}

fn builder(url: &str) -> ClientBuilder {
    Client::builder(Credentials::api_secret("id", "key")).base_url(url)
}

impl Caller for Ours {
    async fn conversation(&self) -> i64 {
        let response = self.0.get_conversation(CONVERSATION).await;
        response.expect("a response").id.into()
    }

    async fn page(&self) -> i64 {
        let response = self.0.list_conversations(&page_request()).await;
        response.expect("a response")[0].id.into()
    }

    async fn send(&self) -> i64 {
        let response = self.0.send_message(&message()).await;
        response.expect("a response").id.into()
    }
}
