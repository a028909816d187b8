//! Credentials, the rate limit, request ids, clock skew, unknown values and
//! dialects.

use std::collections::BTreeSet;
use std::time::Duration;

use heymarket_api::types::{Channel, ConversationStatus, MessageStatus};
use heymarket_api::{Client, Credentials, Outcome, RateLimit, RetryPolicy};
use heymarket_sandbox::{SECRET_ID, SECRET_KEY, Sandbox};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Answer, CONVERSATION, CUSTOMER, SUPPORT, ask, builder, client, in_each_dialect, sandbox,
};
use crate::support::{self, ManualClock, Server};

/// The header that a client of a secret sends at a time.
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

async fn with_token(sandbox: &Sandbox, token: &str) -> Answer {
    let ask = ask(sandbox, "GET /v1/inboxes");
    ask.header("authorization", token).send().await
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn who_has_no_good_token_is_not_let_in_and_told_why() {
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
async fn a_wrong_secret_is_an_error_of_the_client_and_does_nothing() {
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
async fn every_answer_has_a_request_id_of_its_own() {
    let sandbox = sandbox()
        .max_body_bytes(100)
        .start()
        .await
        .expect("a sandbox");
    let long = json!({ "phone": CUSTOMER, "id": "1".repeat(100) });
    let answers = [
        (200, ask(&sandbox, "GET /v1/inboxes").send().await),
        (200, ask(&sandbox, "GET /_sandbox/").send().await),
        (
            400,
            ask(&sandbox, "POST /v1/contact")
                .json(&json!({}))
                .send()
                .await,
        ),
        (
            400,
            ask(&sandbox, "POST /v1/contact")
                .json(&json!([]))
                .send()
                .await,
        ),
        (400, ask(&sandbox, "GET /v1/contact/one").send().await),
        (400, ask(&sandbox, "GET /v1/contact/%FF").send().await),
        (404, ask(&sandbox, "GET /v1/contact/1").send().await),
        (404, ask(&sandbox, "GET /v1/nothing").send().await),
        (404, ask(&sandbox, "GET /_sandbox/nothing").send().await),
        (404, ask(&sandbox, "DELETE /_sandbox/rules/7").send().await),
        (
            404,
            ask(&sandbox, "DELETE /_sandbox/rules/%FF").send().await,
        ),
        (405, ask(&sandbox, "PATCH /v1/contact/1").send().await),
        (405, ask(&sandbox, "PATCH /_sandbox/rules").send().await),
        (
            413,
            ask(&sandbox, "POST /v1/contact/get")
                .json(&long)
                .send()
                .await,
        ),
        (
            415,
            ask(&sandbox, "POST /v1/contact")
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
    let rule = "trouble=status,status=503";
    sandbox
        .add_rule(rule.parse().expect("a rule"))
        .expect("in force");
    let error = client(&sandbox).get_team().await.expect_err("503");
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn a_key_has_five_hundred_requests_a_minute_and_others_have_their_own() {
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
async fn a_request_beyond_the_limit_is_refused_by_the_documented_name() {
    let sandbox = Sandbox::builder()
        .rate_limit(5)
        .start()
        .await
        .expect("a sandbox");
    let inboxes = async || ask(&sandbox, "GET /v1/inboxes").send().await;
    // What is not let in does not count.
    for _ in 0..10 {
        assert_eq!(with_token(&sandbox, "Bearer sk_another").await.status, 401);
    }
    for _ in 0..5 {
        assert_eq!(inboxes().await.status, 200);
    }
    let refused = inboxes().await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.body["name"], "rate_limit_exceeded");
    // Nor do the sandbox's own endpoints.
    assert_eq!(
        ask(&sandbox, "GET /_sandbox/state").send().await.status,
        200
    );
}

#[tokio::test]
async fn the_client_keeps_the_limit_that_the_server_has() {
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

/// A sandbox whose clock is ahead by so many seconds, and a client of it.
async fn skewed(seconds: i64) -> (Sandbox, Client) {
    let rule = format!("trouble=clock_skew,skew_seconds={seconds}");
    let sandbox = sandbox().rule(rule.parse().expect("a rule")).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let client = client(&sandbox);
    (sandbox, client)
}

#[tokio::test]
async fn a_client_whose_clock_is_off_signs_anew_by_the_servers_time() {
    for skew in [-590, -330, 90, 590] {
        let (_sandbox, client) = skewed(skew).await;
        let answer = client
            .get_conversation(CONVERSATION)
            .await
            .expect("signed anew");
        let outcomes: Vec<_> = answer.attempts().iter().map(|one| one.outcome).collect();
        let answered = |status: u16| Outcome::Answered(status.try_into().expect("a status"));
        // A token lasts for five minutes: one that is 90 seconds old is good.
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
async fn a_clock_an_hour_off_is_refused_and_the_error_names_it() {
    for (skew, words) in [(-3600, "1h ahead of"), (3600, "1h behind")] {
        let (_sandbox, client) = skewed(skew).await;
        let refused = client.get_conversation(CONVERSATION).await;
        let error = refused.expect_err("too far off");
        assert!(error.is_unauthorized(), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn values_that_nobody_knows_are_kept_by_the_client() {
    in_each_dialect(async |sandbox, client| {
        let rule = "trouble=unknown_values";
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
async fn a_request_chooses_its_dialect_by_a_header() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let line = format!("GET /v1/conversations/{CONVERSATION}");
    let spoken = async |dialect: &str| {
        let ask = ask(&sandbox, &line);
        ask.header("x-sandbox-dialect", dialect).send().await
    };
    assert!(spoken("documented").await.body["inbox"].is_object());
    assert!(spoken("observed").await.body["inbox"].is_number());
    assert!(ask(&sandbox, &line).send().await.body["inbox"].is_number());
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
async fn a_dialect_that_is_set_is_that_of_all_answers() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let line = format!("GET /v1/conversations/{CONVERSATION}");
    let set = json!({ "dialect": "documented" });
    let done = ask(&sandbox, "PUT /_sandbox/dialect")
        .json(&set)
        .send()
        .await;
    assert_eq!(done.status, 200);
    assert!(ask(&sandbox, &line).send().await.body["inbox"].is_object());
    let set = json!({ "dialect": "klingon" });
    let wrong = ask(&sandbox, "PUT /_sandbox/dialect")
        .json(&set)
        .send()
        .await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn a_delay_is_as_long_as_its_rule_says() {
    let rule = "trouble=delay,delay_ms=150,operation=get_team,nth=1";
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
