//! Webhooks, from the sandbox to a receiver that verifies and deduplicates.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::routing::post;
use heymarket_api::types::{
    CloseConversation, ContactStatusChange, MessageStatus, OpenConversation, ReassignConversation,
    SendMessage, SetContactStatus, TransferConversation, UpdateContact,
};
use heymarket_api::webhook::{Claim, Deduplicator, Event, EventData, Verified, Verifier};
use heymarket_sandbox::{Sandbox, Webhook};
use serde_json::json;

use super::{
    AGENT_OF_BOTH, CONVERSATION, CUSTOMER, DIALECTS, ORDERS, OWNER, STRANGER, SUPPORT, call,
    client, in_each_dialect, sandbox, until,
};

const TOKEN: &str = "INVENTED_WEBHOOK_TOKEN";

/// A receiver that claims each event and keeps the new ones.
#[derive(Clone)]
struct Receiver {
    verifier: Verifier,
    seen: Deduplicator,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    url: String,
    /// How many deliveries are to fail with 500.
    failing: usize,
    /// All verified deliveries, including failed ones.
    deliveries: usize,
    claimed: Vec<Event>,
}

impl FromRef<Receiver> for Verifier {
    fn from_ref(receiver: &Receiver) -> Self {
        receiver.verifier.clone()
    }
}

impl Receiver {
    async fn start() -> Self {
        let receiver = Self {
            verifier: Verifier::new(TOKEN),
            seen: Deduplicator::new(),
            log: Arc::default(),
        };
        let router = axum::Router::new()
            .route("/webhook", post(receive))
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        receiver.log().url = format!("http://{address}/webhook");
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().expect("the log")
    }

    async fn is_new(&self, event: &Event) -> bool {
        match self.seen.claim(event).await.expect("memory does not fail") {
            Claim::New(claimed) => claimed.commit().await.expect("memory does not fail"),
            Claim::Duplicate | Claim::InProgress => false,
        }
    }

    fn webhook(&self) -> Webhook {
        Webhook::new(&*self.log().url, TOKEN)
    }

    fn types(&self) -> Vec<String> {
        let log = self.log();
        let types = log.claimed.iter().map(|event| event.event_type.as_str());
        types.map(str::to_owned).collect()
    }

    async fn has_claimed(&self, types: &[&str]) {
        until(&format!("claimed {types:?}"), || {
            self.log().claimed.len() >= types.len()
        })
        .await;
        assert_eq!(self.types(), types);
    }

    async fn was_told(&self, times: usize) {
        until(&format!("{times} deliveries"), || {
            self.log().deliveries >= times
        })
        .await;
        // Surplus deliveries arrive soon.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(self.log().deliveries, times);
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    event: Verified<Event>,
) -> axum::http::StatusCode {
    let is_failing = {
        let mut log = receiver.log();
        log.deliveries += 1;
        let is_failing = log.failing > 0;
        log.failing = log.failing.saturating_sub(1);
        is_failing
    };
    if is_failing {
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR;
    }
    if receiver.is_new(&event).await {
        receiver.log().claimed.push(event.into_inner());
    }
    axum::http::StatusCode::OK
}

fn text(text: &str) -> SendMessage {
    SendMessage::new(SUPPORT, OWNER)
        .to_phone(CUSTOMER)
        .text(text)
}

#[tokio::test]
async fn each_event_is_delivered_with_its_type() {
    in_each_dialect(async |sandbox, client| {
        let receiver = Receiver::start().await;
        sandbox.add_webhook(receiver.webhook()).expect("a webhook");
        client.send_message(&text("One.")).await.expect("sent");
        sandbox
            .inbound(SUPPORT, CUSTOMER, "Two.")
            .expect("received");
        let close = CloseConversation::new(SUPPORT, OWNER).target(CUSTOMER);
        client.close_conversation(&close).await.expect("closed");
        let open = OpenConversation::new(SUPPORT, OWNER).target(CUSTOMER);
        client.open_conversation(&open).await.expect("opened");
        client.close_conversation(&close).await.expect("closed");
        let reassign = ReassignConversation::new(SUPPORT, OWNER).assignee_id(AGENT_OF_BOTH);
        client
            .reassign_conversation(&reassign.target(CUSTOMER))
            .await
            .expect("reassigned");
        let transfer = TransferConversation::new(CONVERSATION, ORDERS);
        client
            .transfer_conversation(&transfer)
            .await
            .expect("transferred");
        let status = SetContactStatus::new(ContactStatusChange::Unsubscribed).phone(CUSTOMER);
        client.set_contact_status(&status).await.expect("set");
        sandbox
            .inbound(ORDERS, CUSTOMER, "START")
            .expect("received");
        let expected = [
            "message_sent",
            "message_recieved",
            "chat_closed",
            "chat_opened",
            "chat_closed",
            "chat_reassigned",
            "chat_transferred",
            "target_opt_out",
            "message_recieved",
            "chat_opened",
            "target_opt_in",
        ];
        receiver.has_claimed(&expected).await;
        let claimed = receiver.log().claimed.clone();
        for event in &claimed {
            match &event.data {
                EventData::MessageSent(message) | EventData::MessageReceived(message) => {
                    let conversation = message.conversation.as_ref().map(|one| one.id);
                    assert_eq!(conversation, Some(CONVERSATION));
                }
                EventData::ConversationClosed(conversation)
                | EventData::ConversationOpened(conversation)
                | EventData::ConversationReassigned(conversation)
                | EventData::ConversationTransferred(conversation) => {
                    assert_eq!(conversation.id, CONVERSATION);
                }
                EventData::OptOut(data) | EventData::OptIn(data) => {
                    assert_eq!(data["phone"], CUSTOMER);
                }
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rejected_requests_cause_no_event() {
    in_each_dialect(async |sandbox, client| {
        let receiver = Receiver::start().await;
        sandbox.add_webhook(receiver.webhook()).expect("a webhook");
        let open = OpenConversation::new(SUPPORT, OWNER).target(CUSTOMER);
        client.open_conversation(&open).await.expect("it is open");
        let nobody = SendMessage::new(SUPPORT, 1.into())
            .to_phone(CUSTOMER)
            .text("One.");
        client.send_message(&nobody).await.expect_err("refused");
        let once = text("Once.").local_id("once");
        client.send_message(&once).await.expect("sent");
        client.send_message(&once).await.expect("taken");
        receiver.has_claimed(&["message_sent"]).await;
        receiver.was_told(1).await;
    })
    .await;
}

#[tokio::test]
async fn an_event_delivered_three_times_is_claimed_once() {
    for dialect in DIALECTS {
        let receiver = Receiver::start().await;
        let sandbox = sandbox()
            .dialect(dialect)
            .webhook(receiver.webhook().duplicates(2));
        let sandbox = sandbox.start().await.expect("a sandbox");
        client(&sandbox)
            .send_message(&text("One."))
            .await
            .expect("sent");
        sandbox
            .inbound(SUPPORT, STRANGER, "Two.")
            .expect("received");
        receiver.was_told(6).await;
        assert_eq!(receiver.types(), ["message_sent", "message_recieved"]);
    }
}

#[tokio::test]
async fn a_failed_delivery_is_retried_as_configured() {
    in_each_dialect(async |sandbox, client| {
        let receiver = Receiver::start().await;
        receiver.log().failing = 2;
        let webhook = receiver.webhook().retries(2, Duration::from_millis(5));
        sandbox.add_webhook(webhook).expect("a webhook");
        client.send_message(&text("One.")).await.expect("sent");
        receiver.has_claimed(&["message_sent"]).await;
        receiver.was_told(3).await;
        // One failure more than attempts.
        receiver.log().failing = 3;
        client.send_message(&text("Two.")).await.expect("sent");
        client.send_message(&text("Three.")).await.expect("sent");
        receiver.has_claimed(&["message_sent"; 2]).await;
        receiver.was_told(7).await;
        let report = call(sandbox, "GET /_sandbox/webhooks").send().await.body;
        assert_eq!(
            (
                &report[0]["queued"],
                &report[0]["taken"],
                &report[0]["failed"]
            ),
            (&json!(3), &json!(2), &json!(1))
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_status_of_a_message_is_a_new_event() {
    in_each_dialect(async |sandbox, client| {
        let receiver = Receiver::start().await;
        sandbox
            .add_webhook(receiver.webhook().duplicates(1))
            .expect("a webhook");
        let id = client.send_message(&text("One.")).await.expect("sent").id;
        for status in ["delivered", "failed"] {
            let line = format!("PUT /_sandbox/messages/{id}");
            let body = json!({ "status": status, "error": "invented" });
            assert_eq!(call(sandbox, &line).json(&body).send().await.status, 200);
        }
        receiver.was_told(6).await;
        let claimed = receiver.log().claimed.clone();
        let statuses: Vec<_> = claimed
            .iter()
            .map(|event| match &event.data {
                EventData::MessageSent(message) => message.status.clone().expect("a status"),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            MessageStatus::Sent,
            MessageStatus::Delivered,
            MessageStatus::Failed,
        ];
        assert_eq!(statuses, expected);
    })
    .await;
}

#[tokio::test]
async fn a_webhook_receives_only_its_types() {
    let receiver = Receiver::start().await;
    let webhook = receiver.webhook().types(["target_opt_out"]);
    let sandbox = sandbox().webhook(webhook).start().await.expect("a sandbox");
    sandbox
        .inbound(SUPPORT, CUSTOMER, "STOP")
        .expect("received");
    receiver.has_claimed(&["target_opt_out"]).await;
    receiver.was_told(1).await;
}

#[tokio::test]
async fn an_opt_out_and_an_opt_in_are_two_events() {
    in_each_dialect(async |sandbox, client| {
        let receiver = Receiver::start().await;
        sandbox.add_webhook(receiver.webhook()).expect("a webhook");
        let contact = client
            .list_contacts(&Default::default())
            .await
            .expect("contacts")[10]
            .clone();
        let phone = contact.phone.expect("a number");
        for is_opted_out in [true, true, false, true] {
            let update = UpdateContact::new(&*phone).is_opted_out(is_opted_out);
            client
                .update_contact(contact.id, None, &update)
                .await
                .expect("updated");
        }
        receiver
            .has_claimed(&["target_opt_out", "target_opt_in", "target_opt_out"])
            .await;
    })
    .await;
}

#[tokio::test]
async fn reconcile_returns_only_missed_events() {
    in_each_dialect(async |sandbox, client| {
        let since = sandbox.now();
        let receiver = Receiver::start().await;
        sandbox.add_webhook(receiver.webhook()).expect("a webhook");
        let told = client.send_message(&text("Told.")).await.expect("sent").id;
        let told_too = sandbox
            .inbound(SUPPORT, CUSTOMER, "Told too.")
            .expect("received");
        receiver
            .has_claimed(&["message_sent", "message_recieved"])
            .await;
        let gone = call(sandbox, "DELETE /_sandbox/webhooks").send().await;
        assert_eq!(gone.status, 200);
        let missed = client
            .send_message(&text("Missed."))
            .await
            .expect("sent")
            .id;
        let missed_too = sandbox
            .inbound(SUPPORT, STRANGER, "Missed too.")
            .expect("received");
        let mut claimed = Vec::new();
        let mut seen = Vec::new();
        let mut events = client.reconcile(since);
        while let Some(event) = events.next().await {
            let event = event.expect("an event");
            let (EventData::MessageSent(message) | EventData::MessageReceived(message)) =
                &event.data
            else {
                panic!("{event:?}");
            };
            seen.push(message.id);
            if receiver.is_new(&event).await {
                claimed.push((message.id, event.event_type.as_str().to_owned()));
            }
        }
        assert_eq!(seen, [missed_too, missed, told_too, told]);
        assert_eq!(
            claimed,
            [
                (missed_too, "message_recieved".to_owned()),
                (missed, "message_sent".to_owned()),
            ]
        );
    })
    .await;
}

/// A delivery with a forged token is rejected.
#[tokio::test]
async fn a_webhook_with_another_token_is_not_verified() {
    let receiver = Receiver::start().await;
    let url = receiver.log().url.clone();
    let sandbox = sandbox().webhook(Webhook::new(url, "ANOTHER_TOKEN"));
    let sandbox: Sandbox = sandbox.start().await.expect("a sandbox");
    sandbox.inbound(SUPPORT, CUSTOMER, "Hi").expect("received");
    sandbox.add_webhook(receiver.webhook()).expect("a webhook");
    sandbox
        .inbound(SUPPORT, CUSTOMER, "Hi again")
        .expect("received");
    receiver.was_told(1).await;
}
