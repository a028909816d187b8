//! The client when the network or the server fails: against a server that fails by
//! a script, and counts the requests that it acted on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heymarket_api::types::{CloseConversation, SendEmail, SendMessage, TransferConversation};
use heymarket_api::{
    Acquire, Client, ClientBuilder, Credentials, Error, ErrorKind, Outcome, Permit, PermitUse,
    RateLimit, RateLimiter, RawRequest, RetryPolicy, Safety, WaitReason, operations,
};
use http::Method;
use serde_json::json;

use crate::support::{Fault, JumpingClock, RawServer, ScriptedServer, Step};

/// How long the client waits for a stalled server.
const PATIENCE: Duration = Duration::from_millis(300);

fn builder(url: &str, clock: &JumpingClock) -> ClientBuilder {
    Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(url)
        .rate_limit(RateLimit::off())
        .clock(clock.clone())
        .random_seed(1)
}

fn client(server: &ScriptedServer) -> Client {
    let clock = JumpingClock::default();
    builder(server.url(), &clock).build().expect("a client")
}

/// An operation of each safety. The number of the run goes into its path or body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Read,
    Idempotent,
    Keyed,
    Unsafe,
    /// Unsafe, and the caller trusts its `local_id`.
    Trusted,
}

const CALLS: [Call; 5] = [
    Call::Read,
    Call::Idempotent,
    Call::Keyed,
    Call::Unsafe,
    Call::Trusted,
];

impl Call {
    async fn make(self, client: &Client, run: i64) -> Result<(), Error> {
        match self {
            Self::Read => client.get_conversation(run).await.map(drop),
            Self::Idempotent => {
                let request =
                    CloseConversation::new(run.into(), 50001.into()).conversation_id(9920);
                client.close_conversation(&request).await.map(drop)
            }
            Self::Keyed => {
                let request =
                    SendEmail::new(run.into(), 50001.into(), "<p>Hello</p>").conversation_id(9920);
                client.send_email(&request).await.map(drop)
            }
            Self::Unsafe => client.send_message(&message(run)).await.map(drop),
            Self::Trusted => {
                let trusting = client.with_options(|options| options.trust_local_id(true));
                trusting.send_message(&message(run)).await.map(drop)
            }
        }
    }
}

fn message(run: i64) -> SendMessage {
    SendMessage::new(run.into(), 50001.into())
        .to_phone("15550100101")
        .text("Hello")
}

/// Faults after which a request may have reached the server.
const BROKEN: [Fault; 8] = [
    Fault::CloseUnread,
    Fault::CloseAfterRequest,
    Fault::HalfHeader,
    Fault::HalfBody,
    Fault::WrongContentLength,
    Fault::StallBeforeHeaders,
    Fault::StallInBody,
    Fault::Garbage,
];

#[test]
fn the_calls_are_of_each_safety() {
    let safety = |id: &str| {
        let operation = operations::ALL
            .iter()
            .find(|operation| operation.id() == id);
        operation.expect("an operation").safety()
    };
    assert_eq!(safety("get_conversation"), Safety::Read);
    assert_eq!(safety("close_conversation"), Safety::Idempotent);
    assert_eq!(safety("send_email"), Safety::Keyed);
    assert_eq!(safety("send_message"), Safety::Unsafe);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_matrix_of_faults_and_safeties() {
    let server = ScriptedServer::start().await;
    let mut run = 0;
    for call in CALLS {
        let passing = [500, 502, 503, 504].map(Fault::Status);
        for fault in BROKEN.into_iter().chain(passing) {
            run += 1;
            server.script(run, [fault]);
            let is_stalled = matches!(fault, Fault::StallBeforeHeaders | Fault::StallInBody);
            let client = client(&server).with_options(|options| {
                if is_stalled {
                    options.timeout(PATIENCE)
                } else {
                    options
                }
            });
            let outcome = call.make(&client, run).await;
            let sent = server.requests(run).len();
            if call == Call::Unsafe {
                let error = outcome.expect_err("an unsafe operation is not repeated");
                assert!(error.may_have_been_sent(), "{fault:?}: {error}");
                assert_eq!(sent, 1, "{fault:?}");
            } else {
                outcome.unwrap_or_else(|error| panic!("{call:?}, {fault:?}: {error}"));
                // On a busy machine more than one attempt can take too long.
                assert!(
                    sent == 2 || (is_stalled && sent == 3),
                    "{call:?}, {fault:?}: {sent}"
                );
            }
        }
        for refusal in [Fault::Status(429), Fault::Status(401)] {
            run += 1;
            server.script(run, [refusal]);
            let outcome = call.make(&client(&server), run).await;
            outcome.unwrap_or_else(|error| panic!("{call:?}, {refusal:?}: {error}"));
            assert_eq!(server.processed(run), 1, "{call:?}, {refusal:?}");
        }
        for status in [301, 307, 308, 400, 403, 404, 409, 422] {
            run += 1;
            server.script(run, [Fault::Status(status)]);
            let error = call
                .make(&client(&server), run)
                .await
                .expect_err("a refusal");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            assert!(!error.may_have_been_sent(), "{status}");
            assert_eq!(server.requests(run).len(), 1, "{call:?}, {status}");
        }
        run += 1;
        server.script(run, [Fault::Html]);
        let html = call.make(&client(&server), run).await;
        assert_eq!(html.expect_err("HTML").kind(), ErrorKind::Decode);
        assert_eq!(server.requests(run).len(), 1, "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_refused_is_tried_again_whatever_the_safety() {
    for call in CALLS {
        // A port without a listener until the first wait.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let clock = JumpingClock::default();
        let client = builder(&format!("http://{address}"), &clock)
            .build()
            .expect("a client");
        let calling = tokio::spawn(async move { call.make(&client, 1).await });
        while clock.waits().is_empty() {
            tokio::task::yield_now().await;
            if calling.is_finished() {
                break;
            }
        }
        let error = calling
            .await
            .expect("the call")
            .expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::Connect, "{call:?}");
        let outcomes: Vec<_> = error
            .attempts()
            .iter()
            .map(|attempt| attempt.outcome)
            .collect();
        assert_eq!(outcomes, [Outcome::NotConnected; 3], "{call:?}");
        assert!(!error.may_have_been_sent());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_attempt_that_may_have_been_sent_is_not_forgotten() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::CloseAfterRequest, Fault::Status(400)]);
    let error = Call::Keyed
        .make(&client(&server), 1)
        .await
        .expect_err("refused in the end");
    assert!(error.is_bad_request());
    assert!(
        error.may_have_been_sent(),
        "the first attempt may have had its effect"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_and_waits_follow_the_policy_and_fill_the_ledger() {
    let server = ScriptedServer::start().await;
    server.script(
        1,
        [
            Fault::Status(503),
            Fault::CloseAfterRequest,
            Fault::Status(500),
        ],
    );
    let clock = JumpingClock::default();
    let client = builder(server.url(), &clock).build().expect("a client");
    let error = client
        .get_conversation(1)
        .await
        .expect_err("three failures");
    assert!(error.is_server_error());
    let attempts = error.attempts();
    assert_eq!(attempts.len(), 3);
    let waits: Vec<_> = attempts.iter().map(|attempt| attempt.wait).collect();
    let longest = [250, 500].map(Duration::from_millis);
    for (wait, longest) in waits.iter().zip(longest) {
        let wait = wait.expect("a wait");
        assert_eq!(wait.reason, WaitReason::Backoff);
        assert!(wait.duration <= longest, "{wait:?}");
    }
    assert_eq!(waits[2], None);
    let slept: Vec<_> = waits.iter().flatten().map(|wait| wait.duration).collect();
    assert_eq!(clock.waits(), slept);
    let ledger = error.ledger();
    assert_eq!(ledger.lines().count(), 1);
    for part in [
        "answered 503",
        "connection broken",
        "answered 500",
        "ms of backoff",
    ] {
        assert!(ledger.contains(part), "{ledger}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_makes_the_waits_the_same_in_every_run() {
    let mut runs = BTreeSet::new();
    for seed in [7, 7, 8] {
        let server = ScriptedServer::start().await;
        server.script(1, [Fault::Status(500); 2]);
        let clock = JumpingClock::default();
        let client = builder(server.url(), &clock)
            .random_seed(seed)
            .build()
            .expect("a client");
        client.get_conversation(1).await.expect("the third attempt");
        runs.insert(clock.waits());
    }
    assert_eq!(runs.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_uses_no_attempt_and_is_awaited_until_the_deadline() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::Status(429); 6]);
    let response = client(&server)
        .get_conversation(1)
        .await
        .expect("the seventh attempt");
    assert_eq!(response.attempts().len(), 7);

    server.script(2, [Fault::Status(429); 1000]);
    let error = client(&server)
        .get_conversation(2)
        .await
        .expect_err("always refused");
    assert!(error.is_rate_limited());
    assert!(error.to_string().contains("after the deadline"), "{error}");
    assert!(!error.may_have_been_sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_how_long_to_wait_and_the_error_too() {
    let server = ScriptedServer::start().await;
    server.with_headers("retry-after: 7\r\n");
    for status in [429, 503] {
        let run = i64::from(status);
        server.script(run, [Fault::Status(status)]);
        let clock = JumpingClock::default();
        let client = builder(server.url(), &clock).build().expect("a client");
        let response = client
            .get_conversation(run)
            .await
            .expect("the second attempt");
        let wait = response.attempts()[0].wait.expect("a wait");
        assert_eq!(wait.duration, Duration::from_secs(7));
        assert_eq!(wait.reason, WaitReason::RetryAfter);
        assert_eq!(clock.waits(), [Duration::from_secs(7)]);

        // It fails at once if the wait would pass the deadline.
        clock.jump(Duration::from_secs(10));
        server.script(run, [Fault::Status(status)]);
        let hasty = client.with_options(|options| options.deadline(Duration::from_secs(5)));
        let error = hasty
            .get_conversation(run)
            .await
            .expect_err("no time to wait");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.attempts().len(), 1);
        assert_eq!(clock.waits().len(), 1, "it did not wait");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_of_twenty_digits_ends_the_operation_at_once() {
    let server = ScriptedServer::start().await;
    server.with_headers("retry-after: 99999999999999999999\r\n");
    for status in [429, 503] {
        let run = i64::from(status);
        server.script(run, [Fault::Status(status)]);
        let clock = JumpingClock::default();
        let client = builder(server.url(), &clock).build().expect("a client");
        let error = client.get_conversation(run).await.expect_err("too long");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(error.attempts().len(), 1);
        assert_eq!(clock.waits(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cannot_stop_the_client_for_good_nor_make_it_hammer() {
    let server = ScriptedServer::start().await;
    let clock = JumpingClock::default();
    let client = builder(server.url(), &clock).build().expect("a client");
    // A time instead of a duration.
    server.with_headers("retry-after: 1767225600\r\n");
    server.script(1, [Fault::Status(429)]);
    let error = client.get_conversation(1).await.expect_err("too long");
    assert_eq!(
        error.retry_after(),
        Some(Duration::from_secs(1_767_225_600))
    );
    let patient = client.with_options(|options| options.deadline(Duration::from_secs(300)));
    patient
        .get_conversation(2)
        .await
        .expect("after two minutes");
    // No wait at all.
    server.with_headers("retry-after: 0\r\n");
    server.script(3, [Fault::Status(429); 1000]);
    client
        .get_conversation(3)
        .await
        .expect_err("always refused");
    let sent = server.requests(3).len();
    assert!(sent < 60, "{sent} requests in two minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_retry_after_is_waited_out_by_its_own_request() {
    let server = ScriptedServer::start().await;
    let clock = JumpingClock::default();
    let deadline = Duration::from_secs(1000);
    let client = builder(server.url(), &clock)
        .deadline(deadline)
        .build()
        .expect("a client");
    server.with_headers("retry-after: 300\r\n");
    server.script(1, [Fault::Status(429)]);
    let response = client
        .get_conversation(1)
        .await
        .expect("the second attempt");
    let wait = response.attempts()[0].wait.expect("a wait");
    assert_eq!(wait.duration, Duration::from_secs(300));
    assert_eq!(clock.waits(), [Duration::from_secs(300)]);
    // Others wait for two minutes of it.
    server.script(2, [Fault::Status(429)]);
    let hasty = client.with_options(|options| options.deadline(Duration::from_secs(1)));
    hasty
        .get_conversation(2)
        .await
        .expect_err("too long for it");
    let response = client.get_conversation(3).await.expect("an answer");
    assert_eq!(
        response.attempts()[0].rate_limit_wait,
        Duration::from_secs(120)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_that_does_not_say_how_long_is_waited_for_a_second() {
    let server = ScriptedServer::start().await;
    for headers in ["", "retry-after: 0\r\n", "retry-after: soon\r\n"] {
        server.with_headers(headers);
        for run in 1..=20 {
            server.script(run, [Fault::Status(429)]);
            let client = client(&server);
            let response = client.get_conversation(run).await.expect("an answer");
            let wait = response.attempts()[0].wait.expect("a wait").duration;
            let range = Duration::from_secs(1)..Duration::from_millis(1251);
            assert!(range.contains(&wait), "{headers:?}: {wait:?}");
        }
    }
}

/// The head of a 429 pauses the other callers, even if its body never ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_429_closes_when_its_head_arrives() {
    let server = ScriptedServer::start().await;
    server.with_headers("retry-after: 60\r\n");
    server.script(1, [Fault::EndlessRefusal]);
    let client = Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .build()
        .expect("a client");
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.get_conversation(1).await.map(drop) }
    });
    let hasty = client.with_options(|options| options.max_rate_limit_wait(Duration::ZERO));
    let closed = async {
        while hasty.get_conversation(2).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .expect("closed by the head");
    assert!(!first.is_finished(), "its body has not ended");
    first.abort();
}

/// A custom HTTP client that follows redirects has sent the request before.
#[tokio::test(flavor = "multi_thread")]
async fn an_unsafe_request_that_was_redirected_is_not_sent_again() {
    for redirect in [301, 302, 303, 307, 308] {
        for (answer, location) in [
            (401, "/v1/message/send"),
            (429, "/v1/message/send"),
            (401, "/v1/elsewhere"),
            (403, "/v1/elsewhere"),
            (429, "/v1/elsewhere"),
            (503, "/v1/elsewhere"),
            (200, "/v1/elsewhere"),
        ] {
            let server = ScriptedServer::start().await;
            server.with_headers(&format!("location: {location}\r\nretry-after: 1\r\n"));
            server.script(1, [Fault::Status(redirect), Fault::Status(answer)]);
            // A request that became a GET has no body, and so belongs to no run.
            server.script(0, [Fault::Status(answer)]);
            let client = builder(server.url(), &JumpingClock::default())
                .http_client(reqwest::Client::new())
                .build()
                .expect("a client");
            let error = client
                .send_message(&message(1))
                .await
                .expect_err("redirected");
            let shown = format!("{redirect} to {location}, then {answer}: {error}");
            assert_eq!(server.requests(1).len(), 1, "{shown}");
            assert_eq!(error.attempts().len(), 1, "{shown}");
            // The server redirects the same request, and does not receive it.
            let is_refused = [307, 308].contains(&redirect);
            assert_eq!(error.may_have_been_sent(), !is_refused, "{shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsafe_request_with_a_dead_redirect_is_not_sent_again() {
    for redirect in [301, 302, 303, 307, 308] {
        // The port is closed, and reqwest knows no FTP.
        for location in ["http://127.0.0.1:1/", "ftp://example.com/"] {
            let server = ScriptedServer::start().await;
            server.with_headers(&format!("location: {location}\r\n"));
            server.script(1, [Fault::Status(redirect)]);
            let client = builder(server.url(), &JumpingClock::default())
                .http_client(reqwest::Client::new())
                .build()
                .expect("a client");
            let error = client.send_message(&message(1)).await;
            let error = error.expect_err("redirected");
            let shown = format!("{redirect} to {location}: {error:?}");
            assert_eq!(server.requests(1).len(), 1, "{shown}");
            assert_eq!(error.attempts().len(), 1, "{shown}");
            assert!(error.may_have_been_sent() || redirect >= 307, "{shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_key_of_a_raw_request_lets_nothing_be_sent_again() {
    for key in ["", " ", "\t"] {
        let server = ScriptedServer::start().await;
        server.script(1, [Fault::Status(503)]);
        let client = client(&server).with_options(|options| options.trust_local_id(true));
        let mut body = serde_json::to_value(message(1)).expect("JSON");
        body["local_id"] = json!(key);
        let verbatim = RawRequest::verbatim(Method::POST, "/v1/message/send", body.to_string());
        let raw = RawRequest::new(Method::POST, "/v1/message/send").json(body);
        for (sent, request) in [raw, verbatim].iter().enumerate() {
            server.script(1, [Fault::Status(503)]);
            let error = client.execute(request).await.expect_err("refused");
            assert_eq!(error.attempts().len(), 1, "{key:?}: {error}");
            assert_eq!(server.requests(1).len(), sent + 1, "{key:?}");
        }
    }
}

#[test]
fn a_slot_is_held_for_no_longer_than_the_deadline() {
    let client = |timeout, deadline| {
        let builder = Client::builder(Credentials::api_key("key")).timeout(timeout);
        builder.deadline(deadline).build().expect("a client")
    };
    let (short, long) = (Duration::from_secs(5), Duration::from_secs(100));
    let connect = client(short, long).max_flight() - short;
    assert_eq!(client(Duration::MAX, long).max_flight(), connect + long);
    assert_eq!(client(long, short).max_flight(), connect + short);
}

/// A custom HTTP client sends the same body.
#[tokio::test(flavor = "multi_thread")]
async fn an_own_http_client_without_redirects_works_as_the_default() {
    let server = ScriptedServer::start().await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = builder(server.url(), &JumpingClock::default())
        .http_client(http.build().expect("an HTTP client"))
        .build()
        .expect("a client");
    for refusal in [401, 429] {
        server.script(1, [Fault::Status(refusal)]);
        client
            .send_message(&message(1))
            .await
            .expect("the second attempt");
    }
    let sent = server.requests(1);
    assert_eq!(sent.len(), 4);
    for request in sent {
        assert_eq!(request.body["text"], "Hello");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_says_nothing_of_the_outcome_leaves_it_unknown() {
    let unknown = [(300..=305).collect(), vec![399, 600, 699, 900, 999]].concat();
    for status in unknown {
        if status == 301 {
            continue;
        }
        let answer = format!("HTTP/1.1 {status} Odd\r\ncontent-length: 0\r\n\r\n");
        let server = RawServer::doing(vec![Step::Send(answer.into_bytes())]).await;
        let client = builder(&server.url(), &JumpingClock::default())
            .build()
            .expect("a client");
        let error = client
            .send_message(&message(1))
            .await
            .expect_err("no success");
        assert!(error.may_have_been_sent(), "{status}: {error}");
        assert_eq!(error.attempts().len(), 1, "{status}");
    }
    let upgrade = "HTTP/1.1 101 Odd\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let server = RawServer::doing(vec![Step::Send(upgrade.as_bytes().to_vec())]).await;
    let client = builder(&server.url(), &JumpingClock::default())
        .build()
        .expect("a client");
    let error = client
        .send_message(&message(1))
        .await
        .expect_err("no success");
    assert!(error.may_have_been_sent(), "{error}");
}

/// A client that a 429 pauses for 30 seconds.
struct Closed {
    _server: ScriptedServer,
    clock: JumpingClock,
    client: Client,
}

async fn closed() -> Closed {
    let server = ScriptedServer::start().await;
    server.with_headers("retry-after: 30\r\n");
    server.script(1, [Fault::Status(429)]);
    let clock = JumpingClock::default();
    let client = builder(server.url(), &clock).build().expect("a client");
    let hasty = client.with_options(|options| options.deadline(Duration::from_secs(1)));
    hasty.get_conversation(1).await.expect_err("refused");
    Closed {
        _server: server,
        clock,
        client,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_must_not_wait_for_the_limit_fails_at_once() {
    let Closed { clock, client, .. } = closed().await;
    let wait = Duration::from_secs(29);
    let hasty = client.with_options(|options| options.max_rate_limit_wait(wait));
    let error = hasty.get_conversation(2).await.expect_err("closed");
    assert_eq!(error.kind(), ErrorKind::RateLimitTimeout);
    let shown = error.to_string();
    assert!(
        shown.starts_with("get_conversation: not sent: the rate limit"),
        "{shown}"
    );
    assert!(!error.may_have_been_sent());
    assert_eq!(clock.waits(), [], "it did not wait to fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waits_for_the_limit_no_longer_than_it_said() {
    let server = ScriptedServer::start().await;
    let client = Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .rate_limit(RateLimit::per_minute(1))
        .max_rate_limit_wait(Duration::from_millis(50))
        .build()
        .expect("a client");
    client.get_conversation(1).await.expect("an answer");
    let error = client.get_conversation(2).await.expect_err("no permit");
    assert_eq!(error.kind(), ErrorKind::RateLimitTimeout);
    assert!(server.requests(2).is_empty());

    // After an attempt, its outcome matters more.
    let client = Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .rate_limit(RateLimit::per_minute(1))
        .max_rate_limit_wait(Duration::ZERO)
        .build()
        .expect("a client");
    server.script(3, [Fault::Status(503)]);
    let error = client
        .get_conversation(3)
        .await
        .expect_err("no second permit");
    assert_eq!(error.kind(), ErrorKind::Status);
    assert!(error.to_string().contains("max_rate_limit_wait"), "{error}");
}

/// Two thousand callers at once are four minutes of the limit.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_limit_does_not_eat_the_deadline() {
    const CALLS: i64 = 2000;
    let server = ScriptedServer::start().await;
    let clock = JumpingClock::default();
    let client = Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .clock(clock.clone())
        .build()
        .expect("a client");
    let calls: Vec<_> = (1..=CALLS)
        .map(|run| {
            let client = client.clone();
            tokio::spawn(async move { client.get_conversation(run).await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.expect("a call").expect("an answer");
    }
    let minutes = clock.waits().iter().sum::<Duration>().as_secs() / 60;
    assert!(minutes >= 3, "{minutes} minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limiter_that_fails_is_an_error_of_its_own() {
    struct Gone;
    impl RateLimiter for Gone {
        fn acquire(&self, _: Duration) -> Acquire<'_> {
            Box::pin(async { Err("redis://:secret@store is unreachable".into()) })
        }

        fn close(&self, _: Duration) {}
    }
    let server = ScriptedServer::start().await;
    let client = builder(server.url(), &JumpingClock::default())
        .rate_limit(RateLimit::custom(Gone))
        .build()
        .expect("a client");
    let error = client
        .send_message(&message(1))
        .await
        .expect_err("no permit");
    assert_eq!(error.kind(), ErrorKind::RateLimiter);
    assert_eq!(
        error.to_string(),
        "send_message: not sent: the rate limiter failed"
    );
    assert!(!error.may_have_been_sent());
    let source = std::error::Error::source(&error).expect("its own error");
    assert_eq!(source.to_string(), "redis://:secret@store is unreachable");
    assert!(server.requests(1).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_one_though_its_body_does_not_come() {
    let answer = b"HTTP/1.1 403 No\r\ncontent-length: 100\r\n\r\n{".to_vec();
    let server = RawServer::doing(vec![Step::Send(answer)]).await;
    let client = builder(&server.url(), &JumpingClock::default())
        .build()
        .expect("a client");
    let error = client.send_message(&message(1)).await.expect_err("refused");
    assert!(error.is_forbidden(), "{error}");
    assert!(!error.may_have_been_sent());
    assert_eq!(error.attempts().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_empty_and_a_timeout_of_zero_are_refused() {
    let server = ScriptedServer::start().await;
    let client = client(&server);
    let empty = client
        .send_message(&message(1).local_id(" "))
        .await
        .expect_err("no key");
    assert_eq!(empty.kind(), ErrorKind::InvalidRequest);
    let hasty = client.with_options(|options| options.timeout(Duration::ZERO));
    let zero = hasty.send_message(&message(1)).await.expect_err("no time");
    assert_eq!(zero.kind(), ErrorKind::InvalidRequest);
    assert!(server.requests(1).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_holds_up_every_caller_of_the_client() {
    let Closed { client, .. } = closed().await;
    let response = client.clone().get_conversation(2).await.expect("an answer");
    assert_eq!(
        response.attempts()[0].rate_limit_wait,
        Duration::from_secs(30)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_is_answered_once_by_signing_with_the_servers_time() {
    let server = ScriptedServer::start().await;
    // The clock of these tests says noon.
    server.with_headers("date: Thu, 07 May 2026 12:10:00 GMT\r\n");
    server.script(1, [Fault::Status(401)]);
    let client = client(&server);
    let response = client
        .get_conversation(1)
        .await
        .expect("the second attempt");
    let wait = response.attempts()[0].wait.expect("a wait");
    assert_eq!(
        (wait.duration, wait.reason),
        (Duration::ZERO, WaitReason::TokenRefreshed)
    );
    let issued = |request: &crate::support::Request| {
        use base64::Engine as _;
        let claims = request.authorization.split('.').nth(1).expect("claims");
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let claims = engine.decode(claims).expect("base64url");
        let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
        claims["iat"].as_i64().expect("a time")
    };
    let noon = 1_778_155_200;
    let times: Vec<_> = server.requests(1).iter().map(issued).collect();
    assert_eq!(times, [noon, noon + 600]);
    // The next request uses the learned offset.
    client.get_conversation(2).await.expect("an answer");
    assert_eq!(issued(&server.requests(2)[0]), noon + 600);

    server.script(3, [Fault::Status(401); 2]);
    let error = client.get_conversation(3).await.expect_err("refused again");
    assert!(error.is_unauthorized());
    assert_eq!(error.attempts().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_key_that_is_refused_is_not_sent_again() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::Status(401)]);
    let client = Client::builder(Credentials::api_key("legacy"))
        .base_url(server.url())
        .build()
        .expect("a client");
    client.get_conversation(1).await.expect_err("refused");
    assert_eq!(server.requests(1).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_401s_sign_once() {
    let server = ScriptedServer::start().await;
    server.with_headers("date: Thu, 07 May 2026 12:10:00 GMT\r\n");
    let client = client(&server);
    let calls: Vec<_> = (1..=32)
        .map(|run| {
            server.script(run, [Fault::Status(401)]);
            let client = client.clone();
            tokio::spawn(async move { client.get_conversation(run).await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.expect("a call").expect("the second attempt");
    }
    let tokens: BTreeSet<_> = (1..=32)
        .flat_map(|run| server.requests(run))
        .map(|request| request.authorization)
        .collect();
    assert_eq!(tokens.len(), 2, "one before and one after");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_id_is_minted_once_and_told() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::CloseAfterRequest, Fault::Status(503)]);
    let email = SendEmail::new(1.into(), 50001.into(), "<p>Hello</p>").conversation_id(9920);
    let response = client(&server)
        .send_email(&email)
        .await
        .expect("the third attempt");
    let sent = server.requests(1);
    let keys: BTreeSet<_> = sent
        .iter()
        .map(|request| request.body["local_id"].as_str().expect("a key"))
        .collect();
    assert_eq!((sent.len(), keys.len()), (3, 1));
    assert_eq!(keys.first().copied(), response.local_id());

    server.script(2, [Fault::CloseAfterRequest]);
    let error = client(&server)
        .send_message(&message(2))
        .await
        .expect_err("unknown");
    let sent = server.requests(2)[0].body["local_id"].clone();
    assert_eq!(sent.as_str(), error.local_id());

    let own = message(3).local_id("of-ones-own");
    let response = client(&server).send_message(&own).await.expect("an answer");
    assert_eq!(response.local_id(), Some("of-ones-own"));
    assert_eq!(server.requests(3)[0].body["local_id"], "of-ones-own");
}

/// Returns how often a message is sent when its connection closes after the
/// request, with and without trust in its `local_id`.
async fn times_sent(message: &SendMessage, trusts: bool) -> usize {
    let server = ScriptedServer::start().await;
    server.script(message.inbox_id.into(), [Fault::CloseAfterRequest]);
    let client = client(&server).with_options(|options| options.trust_local_id(trusts));
    let outcome = client.send_message(message).await;
    assert_eq!(outcome.is_ok(), trusts, "{outcome:?}");
    server.requests(message.inbox_id.into()).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_is_repeated_only_where_its_key_is_trusted() {
    let broadcast = SendMessage::new(1.into(), 50001.into()).to_list(2_000_001, "broadcast-1");
    assert_eq!(times_sent(&broadcast.text("To all"), false).await, 1);
    let broadcast = SendMessage::new(1.into(), 50001.into()).to_list(2_000_001, "broadcast-1");
    assert_eq!(times_sent(&broadcast.text("To all"), true).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_repeated_only_where_its_key_is_trusted() {
    let text = || SendMessage::new(1.into(), 50001.into()).text("Hello");
    for text in [
        text().to_phone("15550100101"),
        text().to_conversation(9920),
        text().to_group(["15550100101", "15550100102"]),
    ] {
        assert_eq!(times_sent(&text, false).await, 1);
        assert_eq!(times_sent(&text, true).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_repeated_whether_or_not_its_key_is_trusted() {
    for trusts in [false, true] {
        let server = ScriptedServer::start().await;
        server.script(1, [Fault::CloseAfterRequest]);
        let client = client(&server).with_options(|options| options.trust_local_id(trusts));
        let email = SendEmail::new(1.into(), 50001.into(), "<p>Hello</p>").conversation_id(9920);
        client.send_email(&email).await.expect("the second attempt");
        assert_eq!(server.requests(1).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_broadcast_is_repeated_only_where_its_key_is_trusted() {
    let body = json!({"inbox_id": 1, "creator_id": 50001, "list_id": 7, "local_id": "key"});
    let line = RawRequest::new(Method::POST, "/v1/message/send").json(body.clone());
    for request in [RawRequest::of(&operations::SEND_MESSAGE).json(body), line] {
        for (trusts, times) in [(false, 1), (true, 2)] {
            let server = ScriptedServer::start().await;
            server.script(1, [Fault::CloseAfterRequest]);
            let client = client(&server).with_options(|options| options.trust_local_id(trusts));
            let outcome = client.execute(&request).await;
            assert_eq!(outcome.is_ok(), trusts, "{outcome:?}");
            assert_eq!(server.requests(1).len(), times);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_without_a_key_is_not_repeated_for_trusting_keys() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::CloseAfterRequest]);
    let trusting = client(&server).with_options(|options| options.trust_local_id(true));
    let request = TransferConversation::new(1.into(), 41002.into());
    trusting
        .transfer_conversation(&request)
        .await
        .expect_err("unknown");
    assert_eq!(server.requests(1).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_outage_the_budget_keeps_the_load_down() {
    let server = ScriptedServer::start().await;
    let clock = JumpingClock::default();
    let client = builder(server.url(), &clock).build().expect("a client");
    let calls = 300;
    for run in 1..=calls {
        server.script(run, [Fault::Status(503); 3]);
        client.get_conversation(run).await.expect_err("an outage");
    }
    let sent: usize = (1..=calls).map(|run| server.requests(run).len()).sum();
    // One each, the twenty in hand, and a tenth of one for each but the first,
    // which finds the budget full.
    assert_eq!(sent, 300 + 20 + 29);
}

/// A custom limiter that counts.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<&'static str>>>);

impl RateLimiter for Shared {
    fn acquire(&self, _: Duration) -> Acquire<'_> {
        Box::pin(async {
            self.0.lock().expect("the log").push("acquired");
            let log = self.clone();
            Ok(Permit::new(move |used| {
                let entry = match used {
                    PermitUse::Unsent => "unsent",
                    PermitUse::Answered => "answered",
                    _ => "unanswered",
                };
                log.0.lock().expect("the log").push(entry);
            }))
        })
    }

    fn close(&self, _: Duration) {
        self.0.lock().expect("the log").push("closed");
    }
}

#[tokio::test]
async fn a_limiter_of_ones_own_is_asked_and_told() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::Status(429)]);
    let shared = Shared::default();
    let clock = JumpingClock::default();
    let client = builder(server.url(), &clock)
        .rate_limit(RateLimit::custom(shared.clone()))
        .build()
        .expect("a client");
    client
        .get_conversation(1)
        .await
        .expect("the second attempt");
    let unlimited = client.with_options(|options| options.without_rate_limit());
    unlimited.get_conversation(2).await.expect("an answer");
    assert_eq!(
        *shared.0.lock().expect("the log"),
        ["acquired", "answered", "closed", "acquired", "answered"]
    );
}

#[tokio::test]
async fn whoever_stops_waiting_takes_no_permit_with_them() {
    const LIMIT: u32 = 20;
    let server = ScriptedServer::start().await;
    let clock = JumpingClock::default();
    let client = builder(server.url(), &clock)
        .rate_limit(RateLimit::per_minute(LIMIT))
        .build()
        .expect("a client");
    let mut random = fastrand::Rng::with_seed(5);
    for run in 1..=1000 {
        server.script(run, [any_fault(&mut random)]);
        // Each poll takes the call to its next await.
        let mut call = Box::pin(client.get_conversation(run));
        for _ in 0..random.usize(0..12) {
            let is_over = std::future::poll_fn(|context| {
                std::task::Poll::Ready(call.as_mut().poll(context).is_ready())
            });
            if is_over.await {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    clock.jump(Duration::from_secs(120));
    for run in 2000..2000 + i64::from(LIMIT) {
        let response = client.get_conversation(run).await.expect("an answer");
        assert_eq!(
            response.attempts()[0].rate_limit_wait,
            Duration::ZERO,
            "{run}"
        );
    }
    let response = client.get_conversation(3000).await.expect("an answer");
    assert!(
        response.attempts()[0].rate_limit_wait > Duration::ZERO,
        "that was the limit"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn options_are_of_one_request_and_the_rest_is_shared() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::Status(500); 4]);
    let client = client(&server);
    let once = client.with_options(|options| options.max_retries(0));
    once.get_conversation(1).await.expect_err("one attempt");
    assert_eq!(server.requests(1).len(), 1);
    client
        .get_conversation(1)
        .await
        .expect_err("three attempts");
    assert_eq!(server.requests(1).len(), 4);

    let policy = RetryPolicy::none();
    let never = client.with_options(|options| options.retry(policy));
    server.script(2, [Fault::CloseUnread]);
    never.get_conversation(2).await.expect_err("one attempt");
    assert_eq!(server.requests(2).len(), 1);
}

/// The central guarantee, with random faults: the server acts on an unsafe request
/// at most once, and never on a keyed one with two keys.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the seed makes a failure repeatable")]
async fn no_unsafe_operation_is_ever_processed_twice() {
    const RUNS: i64 = 10_000;
    const AT_ONCE: i64 = 100;
    let seed = std::env::var("FAULT_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("FAULT_SEED={seed}");
    let server = ScriptedServer::start().await;
    let mut random = fastrand::Rng::with_seed(seed);
    let clients = clients_with_and_without_redirects(&server);
    let mut unknown = 0;
    for first in (1..=RUNS).step_by(usize::try_from(AT_ONCE).expect("a size")) {
        let runs = (first..first + AT_ONCE).map(|run| {
            let client = &clients[random.usize(0..clients.len())];
            RandomRun::start(&mut random, &server, client, run)
        });
        for run in runs.collect::<Vec<_>>() {
            unknown += u32::from(run.check(&server, seed).await);
        }
    }
    println!("{RUNS} runs, {unknown} of them with an outcome that the caller cannot know");
    assert!(unknown > 0);
}

fn clients_with_and_without_redirects(server: &ScriptedServer) -> [Client; 2] {
    let mut policy = RetryPolicy::default();
    policy.budget = 1_000_000;
    let clock = JumpingClock::default();
    // A redirect leads to a path that belongs to no run.
    server.with_headers("location: /v1/message/send\r\n");
    [Some(reqwest::Client::new()), None].map(|http| {
        let builder = builder(server.url(), &clock)
            .timeout(PATIENCE / 3)
            .retry(policy.clone());
        let builder = match http {
            Some(http) => builder.http_client(http),
            None => builder,
        };
        builder.build().expect("a client")
    })
}

/// A call in progress, against a server with random faults.
struct RandomRun {
    run: i64,
    call: Call,
    faults: Vec<Fault>,
    calling: tokio::task::JoinHandle<Result<(), Error>>,
}

impl RandomRun {
    fn start(
        random: &mut fastrand::Rng,
        server: &ScriptedServer,
        client: &Client,
        run: i64,
    ) -> Self {
        let call = CALLS[random.usize(0..CALLS.len())];
        let faults: Vec<_> = (0..random.usize(0..4)).map(|_| any_fault(random)).collect();
        server.script(run, faults.clone());
        // Some callers give up.
        let patience = (random.u8(0..10) == 0).then(|| random.u64(0..20));
        let client = client.clone();
        let calling = tokio::spawn(async move {
            let call = call.make(&client, run);
            match patience {
                None => call.await,
                Some(milliseconds) => {
                    let limit = Duration::from_millis(milliseconds);
                    tokio::time::timeout(limit, call).await.unwrap_or(Ok(()))
                }
            }
        });
        Self {
            run,
            call,
            faults,
            calling,
        }
    }

    /// Waits for the call and checks it. Returns whether its outcome is unknown to
    /// the caller.
    async fn check(self, server: &ScriptedServer, seed: u64) -> bool {
        let Self {
            run,
            call,
            faults,
            calling,
        } = self;
        let outcome = calling.await.expect("a call");
        let processed = server.processed(run);
        let shown = format!("seed {seed}, run {run}: {call:?}, {faults:?}");
        if call == Call::Unsafe {
            assert!(processed <= 1, "{shown}: {processed} times");
        }
        let requests = server.requests(run);
        let keys = requests
            .iter()
            .filter_map(|request| request.body.get("local_id")?.as_str());
        let keys: BTreeSet<&str> = keys.collect();
        assert!(keys.len() <= 1, "{shown}: {keys:?}");
        // The error agrees with what the server saw.
        let Err(error) = outcome else { return false };
        assert!(
            processed == 0 || error.may_have_been_sent(),
            "{shown}: {error}"
        );
        error.may_have_been_sent()
    }
}

fn any_fault(random: &mut fastrand::Rng) -> Fault {
    let statuses = [302, 303, 307, 400, 401, 404, 429, 429, 500, 502, 503];
    match random.usize(0..12) {
        0..=5 => BROKEN[random.usize(0..BROKEN.len())],
        6 => Fault::Html,
        _ => Fault::Status(statuses[random.usize(0..statuses.len())]),
    }
}
