//! Credentials, the rate limit, request IDs, clock skew, unknown values and
//! dialects.

use std::collections::BTreeSet;
use std::time::Duration;

use heymarket_api::types::{Channel, ConversationStatus, MessageStatus};
use heymarket_api::{Client, Credentials, Outcome, RateLimit, RetryPolicy};
use heymarket_sandbox::{SECRET_ID, SECRET_KEY, Sandbox};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    CONVERSATION, CUSTOMER, Response, SUPPORT, builder, call, client, in_each_dialect, sandbox,
};
use crate::support::{self, ManualClock, Server};

/// Returns the header of a secret's client at a time.
async fn authorization(id: &str, key: &str, now: Timestamp) -> String {
    let server = Server::answering(support::Answer::new(200, "[]")).await;
    let client = Client::builder(Credentials::api_secret(id, key))
        .base_url(server.url())
        .clock(ManualClock::at(&now.to_string()))
        .build()
        .expect("a client");
    client.list_inboxes().await.expect("an answer");
    let request = server.only_request();
    request.header("authorization").expect("a token").to_owned()
}

async fn with_token(sandbox: &Sandbox, token: &str) -> Response {
    let request = call(sandbox, "GET /v1/inboxes");
    request.header("authorization", token).send().await
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn an_invalid_token_is_rejected_with_the_reason() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let now = Timestamp::now();
    let good = authorization(SECRET_ID, SECRET_KEY, now).await;
    assert_eq!(with_token(&sandbox, &good).await.status, 200);
    let forged = authorization(SECRET_ID, "another key", now).await;
    let of_another = authorization("another", SECRET_KEY, now).await;
    let old = authorization(SECRET_ID, SECRET_KEY, now - seconds(302)).await;
    let aged = authorization(SECRET_ID, SECRET_KEY, now - seconds(280)).await;
    let early = authorization(SECRET_ID, SECRET_KEY, now + seconds(120)).await;
    assert_eq!(with_token(&sandbox, &aged).await.status, 200);
    for (token, problem) in [
        (&*forged, "signature"),
        (&of_another, "iss"),
        (&old, "5 minutes"),
        (&early, "future"),
        ("Bearer sk_another", "neither"),
        ("Basic c2tfc2FuZGJveDo=", "Bearer"),
        ("", "Bearer"),
    ] {
        let answer = with_token(&sandbox, token).await;
        assert_eq!(
            (answer.status, &answer.body["name"]),
            (401, &json!("unauthorized"))
        );
        assert!(answer.message().contains(problem), "{}", answer.message());
        assert!(answer.header("x-request-id").is_some());
    }
    let url = format!("{}/v1/inboxes", sandbox.url());
    let nothing = reqwest::get(url).await.expect("an answer");
    assert_eq!(nothing.status(), 401);
}

#[tokio::test]
async fn a_wrong_secret_changes_nothing() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = Client::builder(Credentials::api_secret(SECRET_ID, "another key"))
        .base_url(sandbox.url())
        .build()
        .expect("a client");
    let error = client
        .get_conversation(CONVERSATION)
        .await
        .expect_err("refused");
    assert!(error.is_unauthorized());
    assert!(error.to_string().contains("signature"), "{error}");
}

#[tokio::test]
async fn every_response_has_its_own_request_id() {
    let sandbox = sandbox()
        .max_body_bytes(100)
        .start()
        .await
        .expect("a sandbox");
    let long = json!({ "phone": CUSTOMER, "id": "1".repeat(100) });
    let answers = [
        (200, call(&sandbox, "GET /v1/inboxes").send().await),
        (200, call(&sandbox, "GET /_sandbox/").send().await),
        (
            400,
            call(&sandbox, "POST /v1/contact")
                .json(&json!({}))
                .send()
                .await,
        ),
        (
            400,
            call(&sandbox, "POST /v1/contact")
                .json(&json!([]))
                .send()
                .await,
        ),
        (400, call(&sandbox, "GET /v1/contact/one").send().await),
        (400, call(&sandbox, "GET /v1/contact/%FF").send().await),
        (404, call(&sandbox, "GET /v1/contact/1").send().await),
        (404, call(&sandbox, "GET /v1/nothing").send().await),
        (404, call(&sandbox, "GET /_sandbox/nothing").send().await),
        (404, call(&sandbox, "DELETE /_sandbox/rules/7").send().await),
        (
            404,
            call(&sandbox, "DELETE /_sandbox/rules/%FF").send().await,
        ),
        (405, call(&sandbox, "PATCH /v1/contact/1").send().await),
        (405, call(&sandbox, "PATCH /_sandbox/rules").send().await),
        (
            413,
            call(&sandbox, "POST /v1/contact/get")
                .json(&long)
                .send()
                .await,
        ),
        (
            415,
            call(&sandbox, "POST /v1/contact")
                .header("content-type", "text/plain")
                .bytes("{}")
                .send()
                .await,
        ),
    ];
    let mut ids = BTreeSet::new();
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{answer:?}");
        let id = answer.header("x-request-id").expect("a request id");
        assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id}");
        assert!(
            answer.body.is_object() || answer.body.is_array(),
            "{answer:?}"
        );
        ids.insert(id);
    }
    assert_eq!(ids.len(), answers.len());
    let rule = "fault=status,status=503";
    sandbox
        .add_rule(rule.parse().expect("a rule"))
        .expect("in force");
    let error = client(&sandbox).get_team().await.expect_err("503");
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn each_key_has_five_hundred_requests_a_minute() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let client = reqwest::Client::new();
    let url = format!("{}/v1/survey/801", sandbox.url());
    let status = async |token: &str| {
        let request = client.get(&url).header("authorization", token);
        request.send().await.expect("an answer").status().as_u16()
    };
    let key = format!("Bearer {}", heymarket_sandbox::API_KEY);
    for number in 1..=500 {
        assert_eq!(status(&key).await, 200, "{number}");
    }
    assert_eq!(status(&key).await, 429);
    let secret = authorization(SECRET_ID, SECRET_KEY, Timestamp::now()).await;
    assert_eq!(status(&secret).await, 200);
    sandbox.advance(Duration::from_secs(58));
    assert_eq!(status(&key).await, 429);
    sandbox.advance(Duration::from_secs(2));
    assert_eq!(status(&key).await, 200);
}

#[tokio::test]
async fn a_request_beyond_the_limit_has_the_documented_error() {
    let sandbox = Sandbox::builder()
        .rate_limit(5)
        .start()
        .await
        .expect("a sandbox");
    let inboxes = async || call(&sandbox, "GET /v1/inboxes").send().await;
    // Rejected requests do not count.
    for _ in 0..10 {
        assert_eq!(with_token(&sandbox, "Bearer sk_another").await.status, 401);
    }
    for _ in 0..5 {
        assert_eq!(inboxes().await.status, 200);
    }
    let refused = inboxes().await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.body["name"], "rate_limit_exceeded");
    // Control requests do not count either.
    assert_eq!(
        call(&sandbox, "GET /_sandbox/state").send().await.status,
        200
    );
}

#[tokio::test]
async fn the_client_keeps_the_limit_of_the_server() {
    let sandbox = Sandbox::builder()
        .rate_limit(20)
        .start()
        .await
        .expect("a sandbox");
    let client = builder(&sandbox).rate_limit(RateLimit::per_minute(20));
    let client = client.retry(RetryPolicy::none()).build().expect("a client");
    for _ in 0..20 {
        let survey = client.get_survey(801).await.expect("within the limit");
        assert_eq!(survey.attempts().len(), 1);
    }
    let wait = Duration::from_secs(1);
    let hasty = client.with_options(|options| options.max_rate_limit_wait(wait));
    let error = hasty
        .get_survey(801)
        .await
        .expect_err("it would have to wait");
    assert_eq!(error.status(), None, "{error}");
}

/// Starts a sandbox with a skewed clock, and a client.
async fn skewed(seconds: i64) -> (Sandbox, Client) {
    let rule = format!("fault=clock_skew,skew_seconds={seconds}");
    let sandbox = sandbox().rule(rule.parse().expect("a rule")).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let client = client(&sandbox);
    (sandbox, client)
}

#[tokio::test]
async fn a_skewed_client_signs_again_with_the_servers_time() {
    for skew in [-590, -330, 90, 590] {
        let (_sandbox, client) = skewed(skew).await;
        let answer = client
            .get_conversation(CONVERSATION)
            .await
            .expect("signed anew");
        let outcomes: Vec<_> = answer.attempts().iter().map(|one| one.outcome).collect();
        let answered = |status: u16| Outcome::Answered(status.try_into().expect("a status"));
        // A token is valid for five minutes.
        if skew == 90 {
            assert_eq!(outcomes, [answered(200)]);
            continue;
        }
        assert_eq!(outcomes, [answered(401), answered(200)], "{skew}");
        let next = client
            .get_conversation(CONVERSATION)
            .await
            .expect("it is known now");
        assert_eq!(next.attempts().len(), 1, "{skew}");
    }
}

#[tokio::test]
async fn a_clock_an_hour_off_is_named_by_the_error() {
    for (skew, words) in [(-3600, "1h ahead of"), (3600, "1h behind")] {
        let (_sandbox, client) = skewed(skew).await;
        let refused = client.get_conversation(CONVERSATION).await;
        let error = refused.expect_err("too far off");
        assert!(error.is_unauthorized(), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn the_client_keeps_unknown_values() {
    in_each_dialect(async |sandbox, client| {
        let rule = "fault=unknown_values";
        sandbox
            .add_rule(rule.parse().expect("a rule"))
            .expect("in force");
        let unknown = || "never_seen_before".to_owned();
        let conversation = client.get_conversation(CONVERSATION).await.expect("read");
        assert_eq!(
            conversation.status,
            Some(ConversationStatus::Unknown(unknown()))
        );
        assert_eq!(conversation.channel, Some(Channel::Unknown(unknown())));
        let history = client
            .list_messages(SUPPORT, CUSTOMER, None)
            .await
            .expect("read");
        assert_eq!(history[0].status, Some(MessageStatus::Unknown(unknown())));
        let inner = history[0].conversation.as_ref().expect("a conversation");
        assert_eq!(inner.status, Some(ConversationStatus::Unknown(unknown())));
        assert_eq!(history[0].text.as_deref(), Some("On its way."));
    })
    .await;
}

#[tokio::test]
async fn a_header_chooses_the_dialect() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let line = format!("GET /v1/conversations/{CONVERSATION}");
    let spoken = async |dialect: &str| {
        let request = call(&sandbox, &line);
        request.header("x-sandbox-dialect", dialect).send().await
    };
    assert!(spoken("documented").await.body["inbox"].is_object());
    assert!(spoken("observed").await.body["inbox"].is_number());
    assert!(call(&sandbox, &line).send().await.body["inbox"].is_number());
    let kinds: BTreeSet<bool> = {
        let mut kinds = BTreeSet::new();
        for _ in 0..40 {
            kinds.insert(spoken("mixed").await.body["inbox"].is_object());
        }
        kinds
    };
    assert_eq!(kinds.len(), 2);
    let wrong = spoken("klingon").await;
    assert_eq!(
        (wrong.status, &wrong.body["name"]),
        (400, &json!("bad_data"))
    );
    assert!(
        wrong.message().contains("x-sandbox-dialect"),
        "{}",
        wrong.message()
    );
    assert!(
        wrong.message().contains("documented"),
        "{}",
        wrong.message()
    );
}

#[tokio::test]
async fn a_dialect_applies_to_all_responses() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let line = format!("GET /v1/conversations/{CONVERSATION}");
    let set = json!({ "dialect": "documented" });
    let done = call(&sandbox, "PUT /_sandbox/dialect")
        .json(&set)
        .send()
        .await;
    assert_eq!(done.status, 200);
    assert!(call(&sandbox, &line).send().await.body["inbox"].is_object());
    let set = json!({ "dialect": "klingon" });
    let wrong = call(&sandbox, "PUT /_sandbox/dialect")
        .json(&set)
        .send()
        .await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn a_delay_lasts_as_long_as_its_rule_says() {
    let rule = "fault=delay,delay_ms=150,operation=get_team,nth=1";
    let sandbox = sandbox().rule(rule.parse().expect("a rule")).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let hasty = client(&sandbox)
        .with_options(|options| options.timeout(Duration::from_millis(40)).max_retries(0));
    let error = hasty.get_team().await.expect_err("late");
    assert_eq!(error.attempts()[0].outcome, Outcome::TimedOut);
    hasty
        .with_options(|options| options.timeout(Duration::from_secs(5)))
        .get_team()
        .await
        .expect("the second");
}
