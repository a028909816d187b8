//! A server that answers by a function and keeps what it was asked.

use std::sync::{Arc, Mutex};

use httpmock::prelude::*;
use httpmock::{HttpMockRequest, HttpMockResponse};

/// A request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A server on this machine.
pub(crate) struct Server {
    server: MockServer,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// One that answers everything so.
    pub(crate) fn answering(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::responding(move |_| (status, Vec::new(), body.clone()))
    }

    /// One that answers by a function: status, headers, body.
    pub(crate) fn responding(
        respond: impl Fn(&Received) -> (u16, Vec<(&'static str, String)>, String)
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let server = MockServer::start();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        server.mock(|when, then| {
            when.is_true(|_| true);
            then.respond_with(move |request: &HttpMockRequest| {
                let request = read(request);
                let (status, headers, body) = respond(&request);
                kept.lock().expect("a lock").push(request);
                let mut builder = HttpMockResponse::builder()
                    .status(status)
                    .header("content-type", "application/json")
                    .header("x-request-id", "request-1");
                for (name, value) in headers {
                    builder = builder.header(name, value);
                }
                builder.body(body).build()
            });
        });
        Self { server, received }
    }

    pub(crate) fn url(&self) -> String {
        self.server.base_url()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("a lock").clone()
    }

    /// The only request that came.
    #[track_caller]
    pub(crate) fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.remove(0)
    }
}

fn read(request: &HttpMockRequest) -> Received {
    let uri = request.uri();
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let headers = request.headers();
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    Received {
        method: request.method().to_string(),
        target: target.to_owned(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(request.body_ref()).into_owned(),
    }
}
