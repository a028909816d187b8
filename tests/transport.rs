//! Transports other than the default HTTP client, under the same send loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use heymarket_api::types::SendMessage;
use heymarket_api::{
    Client, ClientBuilder, Credentials, ErrorKind, Outcome, ReplayTransport, Sending, Transport,
    TransportError, TransportResponse, WaitReason,
};
use http::{Method, Request, Response, header};

use crate::support::{Fault, JumpingClock, ScriptedServer};

fn builder(transport: impl Transport) -> ClientBuilder {
    Client::builder(Credentials::api_secret("test-id", "test-key"))
        .clock(JumpingClock::default())
        .transport(transport)
}

fn client(transport: impl Transport) -> Client {
    builder(transport).build().expect("a client")
}

fn message() -> SendMessage {
    SendMessage::new(41001.into(), 50001.into())
        .to_phone("15550100101")
        .text("Hello")
}

const SEND: &str = "/v1/message/send";
const GET: &str = "/v1/conversations/9920";

#[tokio::test]
async fn a_replayed_response_decodes_and_shows_the_request() {
    let replay = ReplayTransport::new().respond(Method::POST, SEND, 200, r#"{"id":7}"#);
    let sent = client(replay.clone()).send_message(&message()).await;
    assert_eq!(sent.expect("a response").id, 7);
    let requests = replay.requests();
    let body: serde_json::Value = serde_json::from_slice(&requests[0].body).expect("JSON");
    assert_eq!((requests.len(), replay.unused()), (1, 0));
    assert_eq!(
        (&requests[0].method, &*requests[0].path),
        (&Method::POST, SEND)
    );
    assert_eq!(body["phone_number"], "15550100101");
    assert!(!format!("{requests:?} {replay:?}").contains("15550100101"));
}

#[tokio::test]
async fn the_send_loop_decides_over_a_transport_as_over_http() {
    let limited = Response::builder()
        .status(429)
        .header(header::RETRY_AFTER, "7")
        .body("");
    let replay = ReplayTransport::new()
        .respond_with(Method::GET, GET, limited.expect("a response"))
        .respond(Method::GET, GET, 503, "")
        .fail(Method::GET, GET, TransportError::not_connected("refused"))
        .respond(Method::GET, GET, 200, r#"{"id":9920}"#);
    let response = client(replay).get_conversation(9920).await;
    let response = response.expect("the fourth attempt");
    let attempts = response.attempts();
    let wait = attempts[0].wait.expect("a wait");
    assert_eq!(
        (wait.reason, wait.duration),
        (WaitReason::RetryAfter, Duration::from_secs(7))
    );
    assert_eq!(attempts[2].outcome, Outcome::NotConnected);
    assert_eq!(attempts.len(), 4);
}

#[tokio::test]
async fn an_unsafe_request_is_repeated_only_if_it_did_not_leave() {
    for (error, kind, outcome) in [
        (
            TransportError::timed_out("slow"),
            ErrorKind::Timeout,
            Outcome::TimedOut,
        ),
        (
            TransportError::broken("reset"),
            ErrorKind::Transport,
            Outcome::Broken,
        ),
    ] {
        let replay = ReplayTransport::new()
            .fail(Method::POST, SEND, error)
            .respond(Method::POST, SEND, 200, r#"{"id":7}"#);
        let error = client(replay.clone()).send_message(&message()).await;
        let error = error.expect_err("an unknown outcome");
        assert_eq!((error.kind(), error.attempts()[0].outcome), (kind, outcome));
        assert!(error.may_have_been_sent());
        assert_eq!(replay.requests().len(), 1);
    }
    let replay = ReplayTransport::new()
        .fail(
            Method::POST,
            SEND,
            TransportError::not_connected("no route"),
        )
        .respond(Method::POST, SEND, 200, r#"{"id":7}"#);
    let sent = client(replay.clone()).send_message(&message()).await;
    assert_eq!(sent.expect("the second attempt").attempts().len(), 2);
}

#[tokio::test]
async fn a_request_without_a_recorded_response_fails_at_once() {
    let replay = ReplayTransport::new().respond(Method::GET, "/v1/elsewhere", 200, "{}");
    let error = client(replay.clone())
        .list_messages(41001, "15550100101", None)
        .await;
    let error = error.expect_err("nothing is recorded");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let expected = "list_messages: invalid request: no response is recorded for GET /v1/messages";
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.attempts().len(), replay.unused()), (1, 1));
}

#[tokio::test]
async fn a_path_with_a_query_matches_that_query_only() {
    let path = "/v1/messages?inboxID=41001&phoneNumber=15550100102";
    let replay = ReplayTransport::new()
        .respond(Method::GET, path, 200, r#"[{"id":2}]"#)
        .respond(Method::GET, "/v1/messages", 200, r#"[{"id":1}]"#);
    let client = client(replay);
    for (phone, id) in [("15550100101", 1), ("15550100102", 2)] {
        let messages = client.list_messages(41001, phone, None).await;
        assert_eq!(messages.expect("recorded")[0].id, id);
    }
}

/// Streams a body of several chunks, and can break at the end.
struct Chunked {
    breaks: bool,
}

struct Chunks(Vec<Result<Bytes, &'static str>>);

impl futures_core::Stream for Chunks {
    type Item = Result<Bytes, &'static str>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop())
    }
}

impl Transport for Chunked {
    fn send(&self, _: Request<Bytes>) -> Sending<'_> {
        let mut chunks = vec![
            Ok(Bytes::from_static(b"20}")),
            Ok(Bytes::from_static(b"\"id\":99")),
            Ok(Bytes::from_static(b"{")),
        ];
        if self.breaks {
            chunks[0] = Err("broken 15550100101");
        }
        let response = Response::new(Chunks(chunks));
        Box::pin(async { Ok(TransportResponse::from_stream(response)) })
    }
}

#[tokio::test]
async fn a_streamed_body_is_joined_limited_and_kept_if_it_breaks() {
    let whole = client(Chunked { breaks: false });
    assert_eq!(whole.get_conversation(9920).await.expect("a body").id, 9920);

    let limited = builder(Chunked { breaks: false }).max_response_bytes(10);
    let error = limited
        .build()
        .expect("a client")
        .get_conversation(9920)
        .await;
    assert_eq!(error.expect_err("11 bytes").kind(), ErrorKind::BodyTooLarge);

    let error = client(Chunked { breaks: true })
        .send_message(&message())
        .await;
    let error = error.expect_err("a broken body");
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.body().map(|body| &body[..]), Some(&b"{\"id\":99"[..]));
    assert!(!error.to_string().contains("15550100101"), "{error}");
}

/// Counts requests, and passes them on to reqwest.
struct Counting {
    http: reqwest::Client,
    count: Arc<AtomicUsize>,
}

impl Transport for Counting {
    fn send(&self, request: Request<Bytes>) -> Sending<'_> {
        self.count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {
            let request = reqwest::Request::try_from(request)?;
            Ok(self.http.execute(request).await?.into())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn middleware_around_reqwest_sees_every_attempt() {
    let server = ScriptedServer::start().await;
    let count = Arc::new(AtomicUsize::new(0));
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let counting = Counting {
        http: http.build().expect("an HTTP client"),
        count: Arc::clone(&count),
    };
    let client = builder(counting).base_url(server.url()).build();
    let client = client.expect("a client");
    server.script(9920, [Fault::Status(429), Fault::CloseAfterRequest]);
    let response = client.get_conversation(9920).await.expect("an answer");
    assert_eq!(response.attempts().len(), 3);
    assert_eq!(count.load(Ordering::Relaxed), 3);
    let sent = server.requests(9920);
    assert!(
        sent.iter()
            .all(|request| request.authorization.starts_with("Bearer "))
    );

    server.script(1, [Fault::CloseAfterRequest]);
    let unsafe_message = SendMessage::new(1.into(), 50001.into())
        .to_phone("15550100101")
        .text("Hello");
    let error = client.send_message(&unsafe_message).await;
    assert!(error.expect_err("an unknown outcome").may_have_been_sent());
    assert_eq!(server.requests(1).len(), 1);
}

/// Never responds.
struct Silent;

impl Transport for Silent {
    fn send(&self, _: Request<Bytes>) -> Sending<'_> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_timeout_ends_an_attempt_of_a_transport() {
    let silent = builder(Silent).timeout(Duration::from_millis(50)).build();
    let error = silent.expect("a client").send_message(&message()).await;
    let error = error.expect_err("no response");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.may_have_been_sent());
}

#[test]
fn a_transport_excludes_the_settings_of_the_http_client() {
    let second = Duration::from_secs(1);
    for (wrong, words) in [
        (
            builder(Silent).connect_timeout(second),
            "the connect timeout",
        ),
        (
            builder(Silent).pool_idle_timeout(second),
            "the pool idle timeout",
        ),
        (
            builder(Silent).http_client(reqwest::Client::new()),
            "a transport",
        ),
    ] {
        let error = wrong.build().expect_err(words);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(words), "{error}");
    }
}
