//! A server that responds by a function and records every request.

use std::sync::{Arc, Mutex};

use httpmock::prelude::*;
use httpmock::{HttpMockRequest, HttpMockResponse};

/// A response that a test server repeats.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("x-request-id".into(), "request-1".into()),
            ],
            body: body.into(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// A request that the server received.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case, sorted.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} was sent twice");
        value
    }
}

/// A server that responds by a function and records requests.
pub(crate) struct Server {
    server: MockServer,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(crate) async fn answering(answer: Answer) -> Self {
        Self::responding(move |_| answer.clone()).await
    }

    pub(crate) async fn responding(
        respond: impl Fn(&Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let server = MockServer::start_async().await;
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        server
            .mock_async(|_, then| {
                then.respond_with(move |request: &HttpMockRequest| {
                    let received = record(request);
                    let answer = respond(&received);
                    log.lock().expect("the log").push(received);
                    HttpMockResponse::builder()
                        .status(answer.status)
                        .headers(answer.headers.clone())
                        .body(answer.body.clone())
                        .build()
                });
            })
            .await;
        Self { server, received }
    }

    pub(crate) fn url(&self) -> String {
        self.server.base_url()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("the log").clone()
    }

    /// Returns the only request received.
    pub(crate) fn only_request(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.into_iter().next().expect("one")
    }
}

fn record(request: &HttpMockRequest) -> Received {
    let mut headers: Vec<_> = request
        .headers_vec()
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    headers.sort();
    let uri = request.uri();
    let target = uri.path_and_query().expect("a path").as_str();
    Received {
        method: request.method_str().to_owned(),
        target: target.to_owned(),
        headers,
        body: request.body_vec(),
    }
}
