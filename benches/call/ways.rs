//! The ways to make a call. Each gives the same and gives up after the same
//! time; all but the client itself send one token that was made beforehand.

mod bare_hyper;
mod by_hand;
pub(crate) mod client;
mod hyper_util;

use std::time::Duration;

use ::hyper_util::rt::TokioIo;
use bytes::Bytes;
use heymarket_api::types;
use http::{Method, Request, header};
use http_body_util::Full;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::collector::Collector;
use crate::measure::Measured;

/// An invented token, as long as the client's own.
const AUTHORIZATION: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpc3MiOiJpZCIsImlhdCI6MTc3ODE1NTIwMH0.invented-invented-invented-invented-invente";
const TIMEOUT: Duration = Duration::from_secs(30);
const CONVERSATION: i64 = 9920;

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Conversation,
    Page,
    Send,
}

impl Call {
    pub(crate) const ALL: [Self; 3] = [Self::Conversation, Self::Page, Self::Send];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Conversation => "one conversation",
            Self::Page => "a 50-item page",
            Self::Send => "a send",
        }
    }
}

/// A way to make a call; each gives an id that the answer holds.
pub(crate) trait Way: Send + Sync + 'static {
    fn conversation(&self) -> impl Future<Output = i64> + Send;
    fn page(&self) -> impl Future<Output = i64> + Send;
    fn send(&self) -> impl Future<Output = i64> + Send;

    fn call(&self, call: Call) -> impl Future<Output = i64> + Send {
        async move {
            match call {
                Call::Conversation => self.conversation().await,
                Call::Page => self.page().await,
                Call::Send => self.send().await,
            }
        }
    }
}

/// A way that is given the parts of a request, and reads its answer.
trait Exchange: Send + Sync + 'static {
    fn answer<T: DeserializeOwned + Send>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> impl Future<Output = T> + Send;
}

impl<E: Exchange> Way for E {
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

/// A way and its name.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    way: Box<dyn Measured>,
    /// Whether somebody listens to its spans and events.
    is_traced: bool,
}

impl Row {
    fn new(name: &'static str, way: impl Way) -> Self {
        Self {
            name,
            way: Box::new(std::sync::Arc::new(way)),
            is_traced: false,
        }
    }

    /// Takes its turn.
    pub(crate) fn measure<T>(
        &self,
        runtime: &Runtime,
        measure: impl FnOnce(&dyn Measured, &Runtime) -> T,
    ) -> T {
        let _traced = self
            .is_traced
            .then(|| tracing::subscriber::set_default(Collector::default()));
        measure(&*self.way, runtime)
    }
}

/// Which row the others are compared with.
pub(crate) const BY_HAND: usize = 3;

pub(crate) fn rows(url: &str) -> Vec<Row> {
    vec![
        Row {
            is_traced: true,
            ..Row::new("client, everything on", client::Ours::everything_on(url))
        },
        Row::new(
            "client, nobody listening to its spans",
            client::Ours::everything_on(url),
        ),
        Row::new(
            "client, limit, retries and spans off",
            client::Ours::everything_off(url),
        ),
        Row::new("reqwest by hand, same types", by_hand::Typed::new(url)),
        Row::new("reqwest by hand, `Value`", by_hand::Free::new(url)),
        Row::new(
            "hyper-util by hand, same types",
            hyper_util::Pooled::new(url),
        ),
        Row::new("one bare hyper connection", bare_hyper::Bare::new(url)),
    ]
}

fn page_request() -> types::ListConversations {
    let filters = types::ConversationFilters::new([41001]).unread(true);
    types::ListConversations::new(50001, filters)
}

fn message() -> types::SendMessage {
    types::SendMessage::new(41001, 50001)
        .to_phone("15550100101")
        .text("On its way.")
}

/// The request as one writes it for hyper.
fn request(method: Method, url: &str, body: Option<Vec<u8>>) -> Request<Full<Bytes>> {
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

type Connection = TokioIo<tokio::net::TcpStream>;
