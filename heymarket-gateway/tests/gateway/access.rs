//! Who may call, and what.

use std::net::SocketAddr;

use heymarket_api::reqwest;
use heymarket_gateway::{Allow, Gateway, Recipients, Token};
use http::Method;
use serde_json::json;

use crate::support::{
    CONVERSATION, PHONE, TOKEN, Upstream, World, builder, client_of, message, request, start,
};

#[tokio::test]
async fn only_callers_with_the_token_are_served() {
    let world = World::start().await;
    for authorization in [
        "",
        "Authorization: Bearer canary-wrong-token-77\r\n",
        "Authorization: Basic x\r\n",
    ] {
        for path in ["/v1/inboxes", "/metrics", "/nothing"] {
            let reply = world
                .raw(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{authorization}\r\n"))
                .await;
            assert!(reply.starts_with("HTTP/1.1 401"), "{reply}");
            assert!(
                reply
                    .to_ascii_lowercase()
                    .contains("www-authenticate: bearer"),
                "{reply}"
            );
        }
    }
    assert!(world.sandbox.requests().is_empty());
    let health = world
        .raw("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .await;
    assert!(health.starts_with("HTTP/1.0 200"), "{health}");
    assert!(health.ends_with("{\"status\":\"ok\"}"), "{health}");
}

#[tokio::test]
async fn read_only_sends_nothing() {
    let world = World::with(|builder| builder.allow(Allow::read_only())).await;
    assert_eq!(world.get("/v1/inboxes").await.status, 200);
    assert_eq!(
        world.post("/v1/contacts/count", &json!({})).await.status,
        200
    );
    let refused = world.post("/v1/message/send", &message("Hi")).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "not-allowed")
    );
    let detail = refused.json()["detail"]
        .as_str()
        .expect("a detail")
        .to_owned();
    assert!(detail.contains("messages:send"), "{detail}");
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn an_allow_list_names_resources_and_actions() {
    let allow: Allow = "conversations:read,messages:send".parse().expect("rules");
    let world = World::with(|builder| builder.allow(allow)).await;
    let conversation = format!("/v1/conversations/{CONVERSATION}");
    assert_eq!(world.get(&conversation).await.status, 200);
    assert_eq!(
        world.post("/v1/message/send", &message("Hi")).await.status,
        200
    );
    assert_eq!(world.get("/v1/inboxes").await.status, 403);
    let close = json!({"inbox_id": 41001, "chat_id": CONVERSATION, "user_id": 50001});
    assert_eq!(
        world.post("/v1/conversations/close", &close).await.status,
        403
    );
}

#[tokio::test]
async fn a_trial_sends_to_its_recipients_alone() {
    let recipients = Recipients::new([PHONE]).expect("recipients");
    let world = World::with(|builder| builder.recipients(recipients)).await;
    assert_eq!(
        world.post("/v1/message/send", &message("Hi")).await.status,
        200
    );
    let mut other = message("Hi");
    other["phone_number"] = "15550100102".into();
    let refused = world.post("/v1/message/send", &other).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "recipients")
    );
    assert!(!String::from_utf8_lossy(&refused.body).contains("15550100102"));

    // A conversation is looked up.
    let of = |id: i64| json!({"inbox_id": 41001, "creator_id": 50001, "chat_id": id, "text": "Hi"});
    let own = world
        .sandbox
        .client()
        .list_messages(41001, PHONE, None)
        .await
        .expect("messages");
    let own = own[0].conversation.clone().expect("a conversation").id;
    assert_eq!(world.post("/v1/message/send", &of(own.0)).await.status, 200);
    world
        .sandbox
        .inbound(41001, "15550100102", "Hello")
        .expect("a message");
    let others = world
        .sandbox
        .client()
        .list_messages(41001, "15550100102", None)
        .await;
    let others = others.expect("messages")[0]
        .conversation
        .clone()
        .expect("a conversation")
        .id;
    assert_eq!(
        world.post("/v1/message/send", &of(others.0)).await.status,
        403
    );
    assert_eq!(world.sent().len(), 2);
}

#[tokio::test]
async fn a_trial_refuses_what_hides_recipients() {
    let recipients = Recipients::new([PHONE]).expect("recipients");
    let world = World::with(|builder| builder.recipients(recipients)).await;
    let path = "/v1/message/send?phone_number=15550100102";
    let refused = world.post(path, &message("Hi")).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "recipients")
    );
    assert!(world.sandbox.requests().is_empty());

    // The conversation of a group names one participant, and may have more.
    for (targets, status) in [
        (json!(null), 200),
        (json!([]), 200),
        (json!(["15550100102"]), 403),
    ] {
        let body = json!({"id": 7, "target": PHONE, "targets": targets}).to_string();
        let length = body.len();
        let upstream = Upstream::answering(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        ))
        .await;
        let recipients = Recipients::new([PHONE]).expect("recipients");
        let (builder, _) = builder(client_of(&upstream.url));
        let gateway = start(builder.recipients(recipients)).await;
        let send = json!({"inbox_id": 41001, "creator_id": 50001, "chat_id": 7, "text": "Hi"});
        let send = send.to_string();
        let reply = request(&gateway, Method::POST, "/v1/message/send", &send, &[]).await;
        assert_eq!(reply.status, status, "{targets}: {reply:?}");
        if status == 403 {
            assert_eq!(reply.problem(), "recipients");
            assert_eq!(upstream.received().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_public_address_needs_tls_or_a_proxy() {
    let start = async |change: fn(
        heymarket_gateway::GatewayBuilder,
    ) -> heymarket_gateway::GatewayBuilder| {
        let (builder, _) = builder(client_of("http://127.0.0.1:9"));
        change(builder)
            .start(SocketAddr::from(([0, 0, 0, 0], 0)))
            .await
    };
    let refused = start(|builder| builder)
        .await
        .expect_err("it is public")
        .to_string();
    assert!(
        refused.contains("--tls-cert") && refused.contains("--behind-proxy"),
        "{refused}"
    );
    assert!(
        start(|builder| builder.host("gateway.example.com"))
            .await
            .is_err()
    );
    let proxied = start(|builder| builder.behind_proxy("Gateway.example.com")).await;
    let gateway = proxied.expect("a gateway");
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let get = async |host: &str| {
        let url = format!("http://127.0.0.1:{}/healthz", gateway.address().port());
        let request = client.get(url).header("host", host);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(get("gateway.example.com").await, 200);
    assert_eq!(get("other.example.com").await, 421);
    assert!(
        start(|builder| builder.behind_proxy("https://x"))
            .await
            .is_err()
    );
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn callers_connect_by_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&cert, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let world = World::with(|builder| builder.tls(&cert, &key)).await;
    assert!(world.gateway.url().starts_with("https://"));
    let certificate =
        reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([certificate])
        .build()
        .expect("a client");
    let url = format!(
        "https://localhost:{}/v1/inboxes",
        world.gateway.address().port()
    );
    let reply = client
        .get(url)
        .bearer_auth(TOKEN)
        .send()
        .await
        .expect("an answer");
    assert_eq!(reply.status().as_u16(), 200);
    // A caller without TLS gets nothing.
    let plain = world
        .raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert!(!plain.contains("200"), "{plain}");
    let wrong = builder(client_of("http://127.0.0.1:9")).0.tls(&key, &cert);
    let refused = wrong.start(SocketAddr::from(([127, 0, 0, 1], 0))).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn one_gateway_uses_a_ledger() {
    let world = World::start().await;
    let token = Token::new(TOKEN).expect("a token");
    let second = Gateway::builder(world.sandbox.client(), token)
        .ledger(world.folder.path().join("gateway.db"))
        .start(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await;
    let refused = second.expect_err("in use").to_string();
    assert!(refused.contains("another gateway uses it"), "{refused}");
}
