//! reqwest, as one writes calls by hand.

use heymarket_api::types;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::call::{AUTHORIZATION, CONVERSATION, TIMEOUT, message, page_request};
use crate::caller::Caller;

/// reqwest with a timeout, without a rate limit, retries, spans or a ledger.
struct Http {
    client: Client,
    url: String,
}

impl Http {
    fn new(url: &str) -> Self {
        let client = Client::builder().timeout(TIMEOUT).no_proxy();
        Self {
            client: client.build().expect("a client"),
            url: url.to_owned(),
        }
    }

    fn conversation(&self) -> RequestBuilder {
        self.client
            .get(format!("{}/v1/conversations/{CONVERSATION}", self.url))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }
}

async fn body(request: RequestBuilder) -> bytes::Bytes {
    let response = request
        .header("authorization", AUTHORIZATION)
        .header("accept", "application/json")
        .send()
        .await
        .and_then(Response::error_for_status)
        .expect("a response");
    response.bytes().await.expect("a body")
}

/// Decodes into the types of this project.
pub(crate) struct Typed(Http);

impl Typed {
    pub(crate) fn new(url: &str) -> Self {
        Self(Http::new(url))
    }
}

impl Caller for Typed {
    async fn conversation(&self) -> i64 {
        let body = body(self.0.conversation()).await;
        let response: types::Conversation = serde_json::from_slice(&body).expect("JSON");
        response.id.into()
    }

    async fn page(&self) -> i64 {
        let request = self.0.post("/v1/conversations").json(&page_request());
        let body = body(request).await;
        let response: Vec<types::Conversation> = serde_json::from_slice(&body).expect("JSON");
        response[0].id.into()
    }

    async fn send(&self) -> i64 {
        let request = self.0.post("/v1/message/send").json(&message());
        let body = body(request).await;
        let response: types::SendResult = serde_json::from_slice(&body).expect("JSON");
        response.id.into()
    }
}

/// Encodes and decodes untyped JSON.
pub(crate) struct Untyped(Http);

impl Untyped {
    pub(crate) fn new(url: &str) -> Self {
        Self(Http::new(url))
    }
}

impl Caller for Untyped {
    async fn conversation(&self) -> i64 {
        let body = body(self.0.conversation()).await;
        let response: Value = serde_json::from_slice(&body).expect("JSON");
        response["id"].as_i64().expect("an id")
    }

    async fn page(&self) -> i64 {
        let request = self.0.post("/v1/conversations").json(&json!({
            "executor_id": 50001,
            "filters": { "inbox_ids": [41001], "unread": true },
        }));
        let body = body(request).await;
        let response: Value = serde_json::from_slice(&body).expect("JSON");
        response[0]["id"].as_i64().expect("an id")
    }

    async fn send(&self) -> i64 {
        let request = self.0.post("/v1/message/send").json(&json!({
            "inbox_id": 41001,
            "creator_id": 50001,
            "phone_number": "15550100101",
            "text": "On its way.",
        }));
        let body = body(request).await;
        let response: Value = serde_json::from_slice(&body).expect("JSON");
        response["id"].as_i64().expect("an id")
    }
}
