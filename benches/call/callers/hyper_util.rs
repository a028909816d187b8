//! hyper-util, the pooled client below reqwest.

use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

use super::exchange::{Exchange, request};
use crate::call::TIMEOUT;

/// hyper-util's pooled client with a timeout.
pub(crate) struct Pooled {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Pooled {
    pub(crate) fn new(url: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: url.to_owned(),
        }
    }
}

impl Exchange for Pooled {
    async fn exchange<T: DeserializeOwned + Send>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> T {
        let request = request(method, &format!("{}{path}", self.url), body);
        let exchange = async {
            let response = self.client.request(request).await.expect("a response");
            assert!(response.status().is_success());
            response.into_body().collect().await.expect("a body")
        };
        let body = tokio::time::timeout(TIMEOUT, exchange).await;
        let body = body.expect("in time").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }
}
