//! Sending in two steps.

use heymarket_mcp::{Server, ServerBuilder};
use heymarket_outbox::Outbox;
use heymarket_sandbox::{Fault, Rule, Sandbox};
use serde_json::{Value, json};

use crate::support::{CONVERSATION, INBOX, MEMBER, PHONE, call, done, failed, start};

async fn sending() -> (Sandbox, Server) {
    start(|server| server.allow_sends(true)).await
}

fn message(text: &str) -> Value {
    json!({"to": PHONE, "inbox_id": INBOX, "member_id": MEMBER, "text": text})
}

async fn draft(server: &Server, arguments: Value) -> (String, Value) {
    let shown = done(call(server, "draft_message", arguments).await);
    let token = shown["draft"]["token"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (token, shown)
}

#[tokio::test]
async fn a_draft_shows_the_message_and_its_token_sends_it_once() {
    let (sandbox, server) = sending().await;
    let text = "Your order’s ready.".to_owned() + &" See you soon.".repeat(5);
    let (token, shown) = draft(&server, message(&text)).await;
    assert!(
        shown["recipient"]["name"]
            .as_str()
            .is_some_and(|name| name.contains("Avery")),
        "{shown}"
    );
    assert_eq!(shown["from"]["inbox"], "Support");
    assert_eq!(shown["to"], PHONE);
    assert_eq!(shown["message"], text);
    assert_eq!(
        shown["segments"],
        json!({"count": 2, "encoding": "UCS-2", "units": 89})
    );
    let warnings = shown["warnings"].to_string();
    assert!(warnings.contains("it takes 2 segments"), "{warnings}");
    assert!(warnings.contains("the character ’"), "{warnings}");
    assert!(sandbox.sent().iter().all(|sent| sent.text != text));

    let sent = done(call(&server, "send_draft", json!({"token": token})).await);
    assert_eq!(sent["outcome"], "sent");
    assert_eq!(sent["local_id"], shown["draft"]["local_id"]);
    let again = done(call(&server, "send_draft", json!({"token": token})).await);
    assert_eq!(again["response"]["id"], sent["response"]["id"]);
    assert_eq!(
        again["note"],
        "this draft was sent before; it is not sent again"
    );
    let times = sandbox
        .sent()
        .iter()
        .filter(|sent| sent.text == text)
        .count();
    assert_eq!(times, 1);

    let (_, repeated) = draft(&server, message(&text)).await;
    let warnings = repeated["warnings"].to_string();
    assert!(
        warnings.contains("the same message was sent to the same recipient"),
        "{warnings}"
    );
}

#[tokio::test]
async fn a_token_of_another_draft_or_server_sends_nothing() {
    let (sandbox, server) = sending().await;
    let (_, other) = sending().await;
    let (foreign, _) = draft(&other, message("Hi")).await;
    let (own, _) = draft(&server, message("Hi")).await;
    let before = sandbox.sent().len();
    for token in [
        foreign,
        own.to_uppercase(),
        format!("{own} "),
        own[..own.len() - 1].to_owned(),
    ] {
        let refused = failed(call(&server, "send_draft", json!({"token": token})).await);
        assert!(refused.starts_with("no draft has this token"), "{refused}");
    }
    let more = json!({"token": own, "text": "Something else"});
    let refused = failed(call(&server, "send_draft", more).await);
    assert_eq!(
        refused,
        "unknown argument \"text\"; the arguments are: token"
    );
    assert_eq!(sandbox.sent().len(), before);
}

#[tokio::test]
async fn a_server_that_may_not_send_gives_no_token() {
    let (sandbox, server) = start(|server| server).await;
    let before = sandbox.sent().len();
    let (token, shown) = draft(&server, message("Hi")).await;
    assert_eq!(token, "");
    assert!(
        shown["next"]
            .as_str()
            .is_some_and(|next| next.starts_with("This server does not send"))
    );
    let refused = failed(call(&server, "send_draft", json!({"token": "draft_0"})).await);
    assert_eq!(refused, "no tool has this name");
    assert_eq!(sandbox.sent().len(), before);
}

#[tokio::test]
async fn only_allowed_recipients_get_messages() {
    let allow = |server: ServerBuilder| server.allow_sends(true).recipients(["+1 555 010 0102"]);
    let (sandbox, server) = start(allow).await;
    let others = [
        message("Hi"),
        json!({"conversation_id": CONVERSATION, "member_id": MEMBER, "text": "Hi"}),
        json!({
            "to": PHONE, "inbox_id": INBOX, "member_id": MEMBER, "text": "Hi",
            "send_at": "2031-01-01T15:00:00Z",
        }),
    ];
    for arguments in others {
        let (token, shown) = draft(&server, arguments).await;
        assert_eq!(token, "");
        let problem = "the recipient is not on the list of allowed recipients";
        assert_eq!(shown["cannot_send"], problem);
    }
    let allowed =
        json!({"to": "15550100102", "inbox_id": INBOX, "member_id": MEMBER, "text": "Hi"});
    let (token, _) = draft(&server, allowed).await;
    done(call(&server, "send_draft", json!({"token": token})).await);
    let sent = sandbox.sent();
    assert_eq!(sent.last().map(|sent| sent.text.as_str()), Some("Hi"));
}

#[tokio::test]
async fn someone_who_opted_out_gets_no_message() {
    let (_sandbox, server) = sending().await;
    for (phone, problem) in [
        ("15550100171", "the recipient opted out of messages"),
        ("15550100172", "the recipient is blocked"),
    ] {
        let arguments = json!({"to": phone, "inbox_id": INBOX, "member_id": MEMBER, "text": "Hi"});
        let (token, shown) = draft(&server, arguments).await;
        assert_eq!(
            (token.as_str(), &shown["cannot_send"]),
            ("", &json!(problem)),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn conversations_comments_templates_and_schedules_are_drafted() {
    let (sandbox, server) = sending().await;
    let in_conversation = |more: Value| {
        let mut arguments = json!({"conversation_id": CONVERSATION, "member_id": MEMBER});
        for (name, value) in more.as_object().expect("an object") {
            arguments[name] = value.clone();
        }
        arguments
    };
    let templates = done(call(&server, "list_templates", json!({"query": "greeting"})).await);
    let template = templates["items"][0]["id"].clone();
    let drafts = [
        in_conversation(json!({"text": "Reply"})),
        in_conversation(json!({"text": "Only for us", "private": true})),
        in_conversation(json!({"template_id": template})),
        in_conversation(json!({"text": "Later", "send_at": "2031-01-01T15:00:00Z"})),
    ];
    for arguments in drafts {
        let (token, shown) = draft(&server, arguments).await;
        assert_ne!(token, "", "{shown}");
        let sent = done(call(&server, "send_draft", json!({"token": token})).await);
        assert_eq!(sent["outcome"], "sent", "{shown}");
    }
    let messages = sandbox.messages();
    for text in ["Reply", "Only for us"] {
        assert!(
            messages.iter().any(|message| message.text == text),
            "{text}"
        );
    }
    assert!(
        sandbox
            .requests()
            .iter()
            .any(|request| request.path == "/v1/schedule")
    );
    let email = json!({
        "to": ["person@example.com"], "inbox_id": INBOX, "member_id": MEMBER, "html": "<p>Hi</p>",
    });
    let refused = failed(call(&server, "draft_email", email.clone()).await);
    assert_eq!(refused, "no tool has this name");
    let server = Server::builder(sandbox.client())
        .allow_sends(true)
        .toolsets(["email"]);
    let server = server.build().expect("a server");
    let shown = done(call(&server, "draft_email", email).await);
    let sent = done(
        call(
            &server,
            "send_draft",
            json!({"token": shown["draft"]["token"]}),
        )
        .await,
    );
    assert_eq!(sent["outcome"], "sent");
}

#[tokio::test]
async fn invalid_drafts_are_refused_with_the_reason() {
    let (_sandbox, server) = sending().await;
    let cases = [
        (
            json!({"member_id": MEMBER, "text": "Hi"}),
            "give to or conversation_id, one of them",
        ),
        (
            json!({"to": PHONE, "member_id": MEMBER, "text": "Hi"}),
            "missing arguments: inbox_id",
        ),
        (
            json!({"to": PHONE, "inbox_id": INBOX, "member_id": MEMBER}),
            "give text, template_id or media_url",
        ),
        (
            json!({"to": "a@example.com", "inbox_id": INBOX, "member_id": MEMBER, "text": "Hi"}),
            "to is not a phone number",
        ),
        (
            json!({"to": PHONE, "inbox_id": INBOX, "member_id": MEMBER, "text": "x".repeat(10_001)}),
            "a text has at most 10000 characters",
        ),
        (
            json!({"to": PHONE, "inbox_id": INBOX, "member_id": MEMBER, "text": "a", "private": true}),
            "a private comment belongs to a conversation_id, without send_at",
        ),
    ];
    for (arguments, problem) in cases {
        assert_eq!(
            failed(call(&server, "draft_message", arguments).await),
            problem
        );
    }
    let soon = json!({
        "to": PHONE, "inbox_id": INBOX, "member_id": MEMBER, "text": "a", "send_at": "2031-01-01T15:01:00Z",
    });
    let problem = failed(call(&server, "draft_message", soon).await);
    assert!(problem.contains("quarter"), "{problem}");
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_up_and_never_sent_again() {
    let (sandbox, server) = sending().await;
    let rule = Rule::new(Fault::CloseAfter)
        .operation("send_message")
        .times(1);
    sandbox.add_rule(rule).expect("a rule");
    let (token, _) = draft(&server, message("Only once")).await;
    let lost = done(call(&server, "send_draft", json!({"token": token})).await);
    assert_eq!(lost["outcome"], "unknown", "{lost}");
    let found = done(call(&server, "send_draft", json!({"token": token})).await);
    assert_eq!(found["outcome"], "sent");
    assert_eq!(found["note"], "it was found in the message history");
    let sends = sandbox.requests();
    let sends = sends
        .iter()
        .filter(|request| request.path == "/v1/message/send");
    assert_eq!(sends.count(), 1);
}

#[tokio::test]
async fn a_refused_message_ends_its_token() {
    let (sandbox, server) = sending().await;
    let rule = Rule::new(Fault::Status)
        .status(400)
        .operation("send_message")
        .times(1);
    sandbox.add_rule(rule).expect("a rule");
    let (token, _) = draft(&server, message("Hi")).await;
    let refused = failed(call(&server, "send_draft", json!({"token": token})).await);
    assert!(refused.starts_with("the API answered 400"), "{refused}");
    let again = failed(call(&server, "send_draft", json!({"token": token})).await);
    assert!(
        again.starts_with("this token was used, and nothing was sent"),
        "{again}"
    );
}

#[tokio::test]
async fn a_message_to_many_is_only_planned() {
    let dir = tempfile::tempdir().expect("a folder");
    let outbox = Outbox::open(dir.path().join("outbox.db")).expect("an outbox");
    let (sandbox, server) = start(|server| {
        let server = server.allow_sends(true).outbox(outbox.clone());
        server.bulk_command("heymarket bulk send --sandbox")
    })
    .await;
    let before = sandbox.requests().len();
    let arguments = json!({
        "batch": "july", "inbox_id": INBOX, "member_id": MEMBER, "text": "Hi {{first}}",
        "recipients": [
            {"phone": "+15550100101", "first": "Avery"},
            {"phone": "+15550100102", "first": "Blake"},
            {"phone": "not a number", "first": "Casey"},
        ],
    });
    let planned = done(call(&server, "plan_bulk_message", arguments.clone()).await);
    assert_eq!(planned["plan"]["planned"], 2);
    assert_eq!(planned["plan"]["recipients"], 3);
    assert_eq!(planned["send_with"], "heymarket bulk send --sandbox july");
    assert!(
        planned["samples"][0]
            .as_str()
            .is_some_and(|sample| sample.contains("Hi Avery"))
    );
    let again = done(call(&server, "plan_bulk_message", arguments).await);
    assert_eq!(again["plan"]["is_repeated"], true);
    let status = done(call(&server, "bulk_status", json!({"batch": "july"})).await);
    assert_eq!(status["status"]["recipients"], 3);
    assert_eq!(
        sandbox.requests().len(),
        before,
        "planning sends no request"
    );
    assert_eq!(outbox.status("july").await.expect("a status").recipients, 3);
    let escape = json!({
        "batch": "a; rm -rf x", "inbox_id": INBOX, "member_id": MEMBER, "text": "Hi",
        "recipients": [{"phone": PHONE}],
    });
    let refused = failed(call(&server, "plan_bulk_message", escape).await);
    assert!(
        refused.starts_with("batch is at most 64 letters"),
        "{refused}"
    );
}
