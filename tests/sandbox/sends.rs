//! Sends in trouble: nothing is sent twice, and what may have been sent is
//! found.

use heymarket_api::Client;
use heymarket_api::types::{EmailRecipient, SendEmail, SendMessage};
use heymarket_sandbox::{Dialect, Rule, Sandbox, Trouble};

use serde_json::json;

use super::{CUSTOMER, OWNER, SUPPORT, ask, client, in_each_dialect, messages_that_say, sandbox};

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

fn trouble(sandbox: &Sandbox, rule: &str) {
    sandbox.clear_rules();
    sandbox
        .add_rule(rule.parse().expect("a rule"))
        .expect("in force");
}

/// Trouble that a request may or may not come through, and whether it does.
const TROUBLES: [(&str, bool); 8] = [
    ("trouble=close_after", true),
    ("trouble=close_before", false),
    ("trouble=cut_off", true),
    ("trouble=status,status=503", false),
    ("trouble=status,status=503,processed=true", true),
    ("trouble=status,status=500", false),
    ("trouble=html,status=502", false),
    ("trouble=html,status=504,processed=true", true),
];

#[tokio::test]
async fn an_unsafe_send_in_trouble_is_not_repeated_and_is_found_if_it_was_sent() {
    in_each_dialect(async |sandbox, client| {
        for (rule, is_processed) in TROUBLES {
            trouble(sandbox, &format!("{rule},operation=send_message"));
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
async fn a_keyed_send_in_trouble_is_repeated_and_has_its_effect_once() {
    in_each_dialect(async |sandbox, client| {
        for (rule, _) in TROUBLES {
            trouble(sandbox, &format!("{rule},operation=send_email,nth=1"));
            let sent = client.send_email(&email(rule)).await.expect(rule);
            assert_eq!(sent.attempts().len(), 2, "{rule}");
            let messages = messages_that_say(sandbox, rule);
            assert_eq!(messages.len(), 1, "{rule}");
            assert_eq!(messages[0]["id"], sent.id);
        }
    })
    .await;
}

#[tokio::test]
async fn a_text_whose_key_the_caller_trusts_is_sent_once_by_a_server_that_keeps_keys() {
    in_each_dialect(async |sandbox, client| {
        for (rule, _) in TROUBLES {
            trouble(sandbox, &format!("{rule},operation=send_message,nth=1"));
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
async fn a_server_that_forgets_keys_does_again_what_is_repeated() {
    let sandbox = sandbox().deduplicate_local_ids(false).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let client = client(&sandbox);
    trouble(&sandbox, "trouble=close_after,nth=1");
    let sent = trusting(&client).send_message(&message("Twice.")).await;
    let sent = sent.expect("sent");
    let twice = messages_that_say(&sandbox, "Twice.");
    assert_eq!(twice.len(), 2);
    assert_eq!(twice[0]["local_id"], twice[1]["local_id"]);
    assert_eq!(twice[1]["id"], sent.id);
    // The default policy does not trust it, and so is safe here too.
    trouble(&sandbox, "trouble=close_after,nth=1");
    client
        .send_message(&message("Once."))
        .await
        .expect_err("not repeated");
    assert_eq!(messages_that_say(&sandbox, "Once.").len(), 1);
}

#[tokio::test]
async fn a_key_is_one_of_its_operation_only() {
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
async fn a_refusal_for_the_rate_limit_is_waited_for_and_the_text_sent_once() {
    in_each_dialect(async |sandbox, client| {
        trouble(
            sandbox,
            "trouble=status,status=429,operation=send_message,times=3",
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

/// Half of all sends meet one trouble or another, or two.
async fn in_a_storm(seed: u64) {
    const TROUBLES: [Trouble; 6] = [
        Trouble::CloseAfter,
        Trouble::CloseBefore,
        Trouble::CutOff,
        Trouble::Html,
        Trouble::Status,
        Trouble::UnknownValues,
    ];
    // Little is remembered, since it is looked through after each send.
    let mut builder = sandbox().empty().dialect(Dialect::Mixed).seed(seed);
    for (trouble, index) in TROUBLES.into_iter().zip(0..) {
        let rule = Rule::new(trouble).probability(0.12).seed(seed * 10 + index);
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
    // The storm was one, and not everything was lost in it.
    assert!(
        lost > 10 && repeated > 2 && sent > 25,
        "{lost}, {repeated}, {sent}"
    );
}

#[tokio::test]
async fn no_send_has_its_effect_twice_in_a_storm_of_troubles() {
    for seed in 1..=4 {
        in_a_storm(seed).await;
    }
}

#[tokio::test]
async fn a_key_of_any_length_is_kept_as_its_hash() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let long = "k".repeat(1_000_000);
    let [first, again, other] = [long.clone(), long.clone(), format!("{long}2")].map(|key| {
        let body = json!({
            "inbox_id": SUPPORT, "creator_id": OWNER, "phone_number": CUSTOMER, "text": "Once.",
            "local_id": key,
        });
        ask(&sandbox, "POST /v1/message/send").json(&body)
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
