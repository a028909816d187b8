//! Receives deliveries.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use heymarket_api::webhook::{Claim, Deduplicator, Verifier, WebhookError};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::incoming::Incoming;
use crate::output::terminal::Terminal;

/// The verifier's own limit, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// The timeout of a body.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) verifier: Verifier,
    pub(super) seen: Deduplicator,
    pub(super) events: mpsc::Sender<Incoming>,
    pub(super) terminal: Terminal,
}

impl Receiver {
    pub(super) async fn serve(self, listener: TcpListener) {
        let terminal = self.terminal;
        let router = Router::new()
            .route("/", post(receive))
            .route("/{*path}", post(receive))
            .with_state(self);
        if let Err(error) = axum::serve(listener, router).await {
            terminal.notice(&format!("the receiver stopped: {error}"));
        }
    }
}

/// Answers a delivery at once. Its event is handled afterwards.
async fn receive(State(receiver): State<Receiver>, body: Body) -> Response {
    let refused = |error: WebhookError| {
        receiver
            .terminal
            .notice(&format!("rejected a delivery: {error}"));
        error.into_response()
    };
    let Ok(body) = tokio::time::timeout(TIMEOUT, axum::body::to_bytes(body, MAX_BYTES)).await
    else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    let Ok(body) = body else {
        return refused(WebhookError::TooLarge);
    };
    let event = match receiver.verifier.verify(&body) {
        Ok(event) => event.into_inner(),
        Err(error) => return refused(error),
    };
    let busy = || StatusCode::SERVICE_UNAVAILABLE.into_response();
    // Room is reserved before the claim, so that a claimed event always has it.
    let Ok(room) = receiver.events.try_reserve() else {
        receiver
            .terminal
            .notice("rejected a delivery: the queue is full");
        return busy();
    };
    match receiver.seen.claim(&event).await {
        Ok(Claim::New(claimed)) => {
            room.send(Incoming {
                event,
                body: Some(body.into()),
                received: Timestamp::now(),
            });
            if claimed.commit().await.is_err() {
                return busy();
            }
        }
        Ok(Claim::Duplicate) => {}
        Ok(Claim::InProgress) | Err(_) => return busy(),
    }
    StatusCode::OK.into_response()
}
