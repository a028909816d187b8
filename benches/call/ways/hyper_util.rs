use bytes::Bytes;
use heymarket_api::types;
use http::Method;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

use super::{CONVERSATION, TIMEOUT, Way, message, page_request, request};

/// The pooled client below reqwest.
pub(super) struct Pooled {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Pooled {
    pub(super) fn new(url: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: url.to_owned(),
        }
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> T {
        let request = request(method, &format!("{}{path}", self.url), body);
        let exchange = async {
            let response = self.client.request(request).await.expect("an answer");
            assert!(response.status().is_success());
            response.into_body().collect().await.expect("a body")
        };
        let body = tokio::time::timeout(TIMEOUT, exchange).await;
        let body = body.expect("in time").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }
}

impl Way for Pooled {
    async fn conversation(&self) -> i64 {
        let path = format!("/v1/conversations/{CONVERSATION}");
        let answer: types::Conversation = self.answer(Method::GET, &path, None).await;
        answer.id
    }

    async fn page(&self) -> i64 {
        let body = serde_json::to_vec(&page_request()).ok();
        let answer: Vec<types::Conversation> =
            self.answer(Method::POST, "/v1/conversations", body).await;
        answer[0].id
    }

    async fn send(&self) -> i64 {
        let body = serde_json::to_vec(&message()).ok();
        let answer: types::SendResult = self.answer(Method::POST, "/v1/message/send", body).await;
        answer.id
    }
}
