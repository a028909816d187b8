use heymarket_api::types;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{AUTHORIZATION, CONVERSATION, TIMEOUT, Way, message, page_request};

/// reqwest with a timeout, and without a limit, retries, spans or a ledger.
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
        .expect("an answer");
    response.bytes().await.expect("a body")
}

/// Into the types of this project.
pub(super) struct Typed(Http);

impl Typed {
    pub(super) fn new(url: &str) -> Self {
        Self(Http::new(url))
    }
}

impl Way for Typed {
    async fn conversation(&self) -> i64 {
        let body = body(self.0.conversation()).await;
        let answer: types::Conversation = serde_json::from_slice(&body).expect("JSON");
        answer.id
    }

    async fn page(&self) -> i64 {
        let request = self.0.post("/v1/conversations").json(&page_request());
        let body = body(request).await;
        let answer: Vec<types::Conversation> = serde_json::from_slice(&body).expect("JSON");
        answer[0].id
    }

    async fn send(&self) -> i64 {
        let request = self.0.post("/v1/message/send").json(&message());
        let body = body(request).await;
        let answer: types::SendResult = serde_json::from_slice(&body).expect("JSON");
        answer.id
    }
}

/// Into and out of free JSON.
pub(super) struct Free(Http);

impl Free {
    pub(super) fn new(url: &str) -> Self {
        Self(Http::new(url))
    }
}

impl Way for Free {
    async fn conversation(&self) -> i64 {
        let body = body(self.0.conversation()).await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer["id"].as_i64().expect("an id")
    }

    async fn page(&self) -> i64 {
        let request = self.0.post("/v1/conversations").json(&json!({
            "executor_id": 50001,
            "filters": { "inbox_ids": [41001], "unread": true },
        }));
        let body = body(request).await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer[0]["id"].as_i64().expect("an id")
    }

    async fn send(&self) -> i64 {
        let request = self.0.post("/v1/message/send").json(&json!({
            "inbox_id": 41001,
            "creator_id": 50001,
            "phone_number": "15550100101",
            "text": "On its way.",
        }));
        let body = body(request).await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer["id"].as_i64().expect("an id")
    }
}
