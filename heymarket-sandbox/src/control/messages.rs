//! Messages: sending as a customer, and the status of a message.

use axum::extract;
use axum::extract::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Access, Id, number, with_body};
use super::reply::{Reply, done};
use crate::state::Shared;
use crate::store::{Inbound, Rejection};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboundRequest {
    inbox_id: i64,
    from: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    media_url: String,
}

pub(super) async fn inbound(extract::State(shared): Access, request: Request) -> Reply {
    Reply(with_body(&shared, request, receive).await)
}

fn receive(shared: &Shared, request: InboundRequest) -> Result<Value, Rejection> {
    let is_phone =
        !request.from.is_empty() && request.from.bytes().all(|byte| byte.is_ascii_digit());
    if !is_phone && !request.from.contains('@') {
        let problem = "must be a phone number, digits only, or an email address";
        return Err(Rejection::bad_data("from", problem));
    }
    let inbound = Inbound {
        inbox: request.inbox_id,
        from: request.from,
        text: request.text,
        media: request.media_url,
    };
    let sent = shared.change(|state| state.receive(&inbound))?;
    Ok(json!({"id": sent.id, "convo_id": sent.conversation}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetMessage {
    status: MessageStatus,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum MessageStatus {
    Sent,
    Delivered,
    Failed,
}

pub(super) async fn set_status(extract::State(shared): Access, id: Id, request: Request) -> Reply {
    let id = number(id).unwrap_or_default();
    Reply(
        with_body(&shared, request, |shared, set: SetMessage| {
            let status = match set.status {
                MessageStatus::Sent => "sent",
                MessageStatus::Delivered => "delivered",
                MessageStatus::Failed => "failed",
            };
            done(shared.change(|state| {
                let now = state.clock.now();
                state.store.set_message_status(id, status, &set.error, now)
            }))
        })
        .await,
    )
}
