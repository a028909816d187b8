use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::{Connection, Exchange, request};

/// A connection of one's own for each call in flight, without a pool, a timeout
/// or a check of the status: the floor.
pub(super) struct Bare {
    address: String,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Bare {
    pub(super) fn new(url: &str) -> Self {
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
                let (sender, connection) = handshake(Connection::new(stream)).await.expect("HTTP");
                tokio::spawn(connection);
                sender
            }
        }
    }
}

impl Exchange for Bare {
    async fn answer<T: DeserializeOwned + Send>(
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
        let response = connection.send_request(request).await.expect("an answer");
        let body = response.into_body().collect().await.expect("a body");
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        serde_json::from_slice(&body.to_bytes()).expect("JSON")
    }
}
