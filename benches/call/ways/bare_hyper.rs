use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use heymarket_api::types;
use http::{Method, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::{CONVERSATION, Connection, Way, message, page_request, request};

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

    async fn answer<T: DeserializeOwned>(
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

impl Way for Bare {
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
