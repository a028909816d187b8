//! Sends under faults: no message is sent twice, and every possible send is
//! found.

use heymarket_api::Client;
use heymarket_api::types::{EmailRecipient, SendEmail, SendMessage};
use heymarket_sandbox::{Deduplication, Dialect, Fault, Rule, Sandbox};

use serde_json::json;

use super::{CUSTOMER, OWNER, SUPPORT, call, client, in_each_dialect, messages_that_say, sandbox};

fn message(text: &str) -> SendMessage {
    SendMessage::new(SUPPORT, OWNER)
        .to_phone(CUSTOMER)
        .text(text)
}

fn email(text: &str) -> SendEmail {
    SendEmail::new(SUPPORT, OWNER, text).targets([EmailRecipient::to("new@example.com")])
}

fn trusting(client: &Client) -> Client {
    client.with_options(|options| options.trust_local_id(true))
}

fn add_rule(sandbox: &Sandbox, rule: &str) {
    sandbox.clear_rules();
    sandbox
        .add_rule(rule.parse().expect("a rule"))
        .expect("in force");
}

/// Faults, and whether the request was processed.
const FAULTS: [(&str, bool); 8] = [
    ("fault=close_after", true),
    ("fault=close_before", false),
    ("fault=cut_off", true),
    ("fault=status,status=503", false),
    ("fault=status,status=503,processed=true", true),
    ("fault=status,status=500", false),
    ("fault=html,status=502", false),
    ("fault=html,status=504,processed=true", true),
];

#[tokio::test]
async fn an_unsafe_send_is_never_repeated_but_found() {
    in_each_dialect(async |sandbox, client| {
        for (rule, is_processed) in FAULTS {
            add_rule(sandbox, &format!("{rule},operation=send_message"));
            let message = message(rule).local_id(rule);
            let error = client.send_message(&message).await.expect_err(rule);
            assert!(error.may_have_been_sent(), "{rule}: {error}");
            assert_eq!(error.attempts().len(), 1, "{rule}");
            let sent = messages_that_say(sandbox, rule).len();
            assert_eq!(sent, usize::from(is_processed), "{rule}");
            let found = client.find_sent(&message).await.expect("looked for");
            assert_eq!(found.is_some(), is_processed, "{rule}");
            if let Some(found) = found {
                assert_eq!(found.text.as_deref(), Some(rule));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_keyed_send_is_repeated_with_one_effect() {
    in_each_dialect(async |sandbox, client| {
        for (rule, _) in FAULTS {
            add_rule(sandbox, &format!("{rule},operation=send_email,nth=1"));
            let sent = client.send_email(&email(rule)).await.expect(rule);
            assert_eq!(sent.attempts().len(), 2, "{rule}");
            let messages = messages_that_say(sandbox, rule);
            assert_eq!(messages.len(), 1, "{rule}");
            assert_eq!(messages[0]["id"], sent.id.0);
        }
    })
    .await;
}

#[tokio::test]
async fn a_trusted_key_sends_once_if_the_server_keeps_keys() {
    in_each_dialect(async |sandbox, client| {
        for (rule, _) in FAULTS {
            add_rule(sandbox, &format!("{rule},operation=send_message,nth=1"));
            let sent = trusting(client)
                .send_message(&message(rule))
                .await
                .expect(rule);
            assert_eq!(sent.attempts().len(), 2, "{rule}");
            assert_eq!(messages_that_say(sandbox, rule).len(), 1, "{rule}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_forgets_keys_sends_again() {
    let sandbox = sandbox().deduplication(Deduplication::None).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let client = client(&sandbox);
    add_rule(&sandbox, "fault=close_after,nth=1");
    let sent = trusting(&client).send_message(&message("Twice.")).await;
    let sent = sent.expect("sent");
    let twice = messages_that_say(&sandbox, "Twice.");
    assert_eq!(twice.len(), 2);
    assert_eq!(twice[0]["local_id"], twice[1]["local_id"]);
    assert_eq!(twice[1]["id"], sent.id.0);
    // The default policy does not trust the key, so it is safe here too.
    add_rule(&sandbox, "fault=close_after,nth=1");
    client
        .send_message(&message("Once."))
        .await
        .expect_err("not repeated");
    assert_eq!(messages_that_say(&sandbox, "Once.").len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_operation() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = client(&sandbox);
    let first = client
        .send_message(&message("One.").local_id("key"))
        .await
        .expect("sent");
    let again = client
        .send_message(&message("Two.").local_id("key"))
        .await
        .expect("taken");
    let email = client
        .send_email(&email("Three.").local_id("key"))
        .await
        .expect("sent");
    assert_eq!(first.id, again.id);
    assert_ne!(first.id, email.id);
    let count = |text| messages_that_say(&sandbox, text).len();
    assert_eq!((count("One."), count("Two."), count("Three.")), (1, 0, 1));
}

#[tokio::test]
async fn a_429_is_waited_out_and_the_text_sent_once() {
    in_each_dialect(async |sandbox, client| {
        add_rule(
            sandbox,
            "fault=status,status=429,operation=send_message,times=3",
        );
        let sent = client
            .send_message(&message("Patience."))
            .await
            .expect("sent");
        assert_eq!(sent.attempts().len(), 4);
        assert_eq!(messages_that_say(sandbox, "Patience.").len(), 1);
    })
    .await;
}

/// Half of all sends meet a fault.
async fn in_a_storm(seed: u64) {
    const FAULTS: [Fault; 6] = [
        Fault::CloseAfter,
        Fault::CloseBefore,
        Fault::CutOff,
        Fault::Html,
        Fault::Status,
        Fault::UnknownValues,
    ];
    // The state stays small, since it is searched after each send.
    let mut builder = sandbox().empty().dialect(Dialect::Mixed).seed(seed);
    for (fault, index) in FAULTS.into_iter().zip(0..) {
        let rule = Rule::new(fault).probability(0.12).seed(seed * 10 + index);
        builder = builder.rule(rule);
    }
    let sandbox = builder.start().await.expect("a sandbox");
    let client = client(&sandbox);
    let (mut sent, mut lost, mut repeated) = (0, 0, 0);
    for index in 0..60 {
        let text = format!("Text {index}.");
        let outcome = client.send_message(&message(&text)).await;
        let count = messages_that_say(&sandbox, &text).len();
        match outcome {
            Ok(_) => assert_eq!(count, 1, "{text}"),
            Err(error) => {
                assert!(count <= usize::from(error.may_have_been_sent()), "{text}");
                lost += 1;
            }
        }
        let text = format!("E-mail {index}.");
        let outcome = client.send_email(&email(&text)).await;
        let count = messages_that_say(&sandbox, &text).len();
        match outcome {
            Ok(answer) => {
                assert_eq!(count, 1, "{text}");
                repeated += usize::from(answer.attempts().len() > 1);
                sent += 1;
            }
            Err(_) => assert!(count <= 1, "{text}"),
        }
    }
    // There were faults, and not every send failed.
    assert!(
        lost > 10 && repeated > 2 && sent > 25,
        "{lost}, {repeated}, {sent}"
    );
}

#[tokio::test]
async fn no_send_has_its_effect_twice_under_many_faults() {
    for seed in 1..=4 {
        in_a_storm(seed).await;
    }
}

#[tokio::test]
async fn a_key_of_any_length_is_stored_as_its_hash() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let long = "k".repeat(1_000_000);
    let [first, again, other] = [long.clone(), long.clone(), format!("{long}2")].map(|key| {
        let body = json!({
            "inbox_id": SUPPORT, "creator_id": OWNER, "phone_number": CUSTOMER, "text": "Once.",
            "local_id": key,
        });
        call(&sandbox, "POST /v1/message/send").json(&body)
    });
    let first = first.send().await.body["id"].clone();
    assert_eq!(again.send().await.body["id"], first);
    assert_ne!(other.send().await.body["id"], first);
    assert_eq!(messages_that_say(&sandbox, "Once.").len(), 2);
    let state = sandbox.state().expect("the state");
    let keys = state["store"]["local_ids"].as_object().expect("the keys");
    assert_eq!(keys.len(), 2);
    assert!(keys.keys().all(|key| key.len() < 50), "a key is stored");
}
