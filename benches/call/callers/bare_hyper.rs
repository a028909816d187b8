//! hyper without a pool: the lower bound.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::exchange::{Exchange, request};

/// A connection for each call in flight, without a timeout or a check of the
/// status.
pub(crate) struct Bare {
    address: String,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Bare {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            address: url.trim_start_matches("http://").to_owned(),
            idle: Mutex::default(),
        }
    }

    async fn connection(&self) -> SendRequest<Full<Bytes>> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match idle {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect(&self.address).await.expect("a server");
                stream.set_nodelay(true).expect("a connection");
                let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
                tokio::spawn(connection);
                sender
            }
        }
    }
}

impl Exchange for Bare {
    async fn exchange<T: DeserializeOwned + Send>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> T {
        let mut connection = self.connection().await;
        connection.ready().await.expect("a connection");
        let mut request = request(method, path, body);
        let host = self.address.parse().expect("a header");
        request.headers_mut().insert(header::HOST, host);
        let response = connection.send_request(request).await.expect("a response");
        let body = response.into_body().collect().await.expect("a body");
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        serde_json::from_slice(&body.to_bytes()).expect("JSON")
    }
}
