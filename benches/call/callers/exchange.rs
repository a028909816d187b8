//! Callers on hyper: they take the parts of a request and read the response.

use bytes::Bytes;
use heymarket_api::types;
use http::{Method, Request, header};
use http_body_util::Full;
use serde::de::DeserializeOwned;

use crate::call::{AUTHORIZATION, CONVERSATION, message, page_request};
use crate::caller::Caller;

/// Sends the parts of a request and deserializes the response.
pub(super) trait Exchange: Send + Sync + 'static {
    fn exchange<T: DeserializeOwned + Send>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> impl Future<Output = T> + Send;
}

impl<E: Exchange> Caller for E {
    async fn conversation(&self) -> i64 {
        let path = format!("/v1/conversations/{CONVERSATION}");
        let response: types::Conversation = self.exchange(Method::GET, &path, None).await;
        response.id.into()
    }

    async fn page(&self) -> i64 {
        let body = serde_json::to_vec(&page_request()).ok();
        let response: Vec<types::Conversation> =
            self.exchange(Method::POST, "/v1/conversations", body).await;
        response[0].id.into()
    }

    async fn send(&self) -> i64 {
        let body = serde_json::to_vec(&message()).ok();
        let response: types::SendResult =
            self.exchange(Method::POST, "/v1/message/send", body).await;
        response.id.into()
    }
}

/// Builds a request as one writes it for hyper.
pub(super) fn request(method: Method, url: &str, body: Option<Vec<u8>>) -> Request<Full<Bytes>> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::AUTHORIZATION, AUTHORIZATION)
        .header(header::ACCEPT, "application/json");
    let request = match &body {
        Some(_) => request.header(header::CONTENT_TYPE, "application/json"),
        None => request,
    };
    request
        .body(Full::new(body.unwrap_or_default().into()))
        .expect("a request")
}
