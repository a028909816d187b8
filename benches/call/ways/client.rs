use heymarket_api::{Client, ClientBuilder, Credentials, RateLimit, RetryPolicy};

use super::{CONVERSATION, Way, message, page_request};

/// The client of this project.
pub(crate) struct Ours(pub(crate) Client);

impl Ours {
    /// As it is by default; only its limit is out of the way.
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

impl Way for Ours {
    async fn conversation(&self) -> i64 {
        let answer = self.0.get_conversation(CONVERSATION).await;
        answer.expect("an answer").id
    }

    async fn page(&self) -> i64 {
        let answer = self.0.list_conversations(&page_request()).await;
        answer.expect("an answer")[0].id
    }

    async fn send(&self) -> i64 {
        let answer = self.0.send_message(&message()).await;
        answer.expect("an answer").id
    }
}
