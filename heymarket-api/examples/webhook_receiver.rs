//! A receiver of webhooks: it verifies, tells repetitions, answers at once and
//! works in the background.
//!
//! `HEYMARKET_WEBHOOK_TOKEN=… cargo run -p heymarket-api --features axum
//! --example webhook_receiver -- 8080` listens on that port of this machine; put
//! HTTPS before it. `HEYMARKET_WEBHOOK_TOKEN_2` is a second token, while one is
//! replaced by another.

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use heymarket_api::webhook::{Claim, Deduplicator, Event, EventData, Verified, Verifier};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How many events may wait to be worked on. When more come, the sender is told
/// to try again.
const WAITING: usize = 1000;

#[derive(Clone)]
struct Receiver {
    verifier: Verifier,
    seen: Arc<Deduplicator>,
    work: mpsc::Sender<Event>,
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
    let seen = Arc::new(Deduplicator::new());
    let (work, waiting) = mpsc::channel(WAITING);
    tokio::spawn(work_on(waiting, Arc::clone(&seen)));
    let receiver = Receiver {
        verifier,
        seen,
        work,
    };
    let router = Router::new()
        .route("/webhook", post(receive))
        .with_state(receiver);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("listening on http://{}/webhook", listener.local_addr()?);
    axum::serve(listener, router).await
}

/// Answers at once. Whoever is not verified does not get here.
async fn receive(State(receiver): State<Receiver>, event: Verified<Event>) -> StatusCode {
    match receiver.seen.claim(&event).await {
        Ok(Claim::New) => {}
        Ok(Claim::Duplicate) => return StatusCode::OK,
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
    }
    let event = event.into_inner();
    match receiver.work.try_send(event) {
        Ok(()) => StatusCode::OK,
        Err(refused) => {
            // There is no room: it is new again when it comes again.
            let _ = receiver.seen.give_back(&refused.into_inner()).await;
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn work_on(mut waiting: mpsc::Receiver<Event>, seen: Arc<Deduplicator>) {
    while let Some(event) = waiting.recv().await {
        if handle(&event).await.is_err() {
            let _ = seen.give_back(&event).await;
        }
    }
}

/// The work itself: here a line for each event, with nothing personal in it.
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
