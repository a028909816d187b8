//! A receiver of webhooks: it verifies a delivery, handles each event once, and
//! answers 200 when that is done. Heymarket may deliver again what was answered
//! otherwise.
//!
//! `HEYMARKET_WEBHOOK_TOKEN=… cargo run -p heymarket-api --features axum
//! --example webhook_receiver -- 8080` listens on that port of this machine; put
//! HTTPS before it. `HEYMARKET_WEBHOOK_TOKEN_2` is a second token, while one is
//! replaced by another.

use std::process::ExitCode;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::{StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use heymarket_api::webhook::{Claim, Deduplicator, Event, EventData, Verified, Verifier};
use tokio::net::TcpListener;

/// After how many seconds an event that is being handled may be delivered again.
const LATER: &str = "30";

#[derive(Clone)]
struct Receiver {
    verifier: Verifier,
    seen: Deduplicator,
}

// So the extractor finds the verifier in the state.
impl FromRef<Receiver> for Verifier {
    fn from_ref(receiver: &Receiver) -> Self {
        receiver.verifier.clone()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .filter(|value: &String| !value.is_empty())
    };
    let Some(token) = variable("HEYMARKET_WEBHOOK_TOKEN") else {
        eprintln!("set HEYMARKET_WEBHOOK_TOKEN to the verification token of the webhook");
        return ExitCode::from(2);
    };
    let Some(port) = std::env::args()
        .nth(1)
        .and_then(|port| port.parse::<u16>().ok())
    else {
        eprintln!("usage: webhook_receiver PORT, where 0 is any free port");
        return ExitCode::from(2);
    };
    let mut verifier = Verifier::new(token);
    if let Some(token) = variable("HEYMARKET_WEBHOOK_TOKEN_2") {
        verifier = verifier.or(token);
    }
    match serve(verifier, port).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(verifier: Verifier, port: u16) -> std::io::Result<()> {
    let receiver = Receiver {
        verifier,
        seen: Deduplicator::new(),
    };
    let router = Router::new()
        .route("/webhook", post(receive))
        .with_state(receiver);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("listening on http://{}/webhook", listener.local_addr()?);
    axum::serve(listener, router).await
}

/// Handles an event that is new. Requests without a valid token do not get here.
async fn receive(State(receiver): State<Receiver>, event: Verified<Event>) -> Response {
    let claimed = match receiver.seen.claim(&event).await {
        Ok(Claim::New(claimed)) => claimed,
        Ok(Claim::Duplicate) => return StatusCode::OK.into_response(),
        Ok(Claim::InProgress) | Err(_) => {
            return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, LATER)]).into_response();
        }
    };
    // From here on an error, a panic or a sender that disconnects drops the claim,
    // and the event is new when it is delivered again. The sender waits meanwhile:
    // work that takes long belongs into a durable queue that is written here.
    if handle(&event).await.is_err() || claimed.commit().await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    StatusCode::OK.into_response()
}

/// The work itself: here a line for each event, without personal data.
#[expect(clippy::print_stdout, reason = "it is what the example is for")]
async fn handle(event: &Event) -> Result<(), std::io::Error> {
    match &event.data {
        EventData::MessageReceived(message) => println!("received message {}", message.id),
        EventData::MessageSent(message) => println!("sent message {}", message.id),
        EventData::ConversationClosed(conversation) => {
            println!("closed conversation {}", conversation.id);
        }
        _ => println!("{}", event.event_type),
    }
    Ok(())
}
