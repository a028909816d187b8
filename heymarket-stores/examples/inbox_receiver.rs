//! A receiver of webhooks with an inbox: it stores a delivery before it answers 200, and
//! handles it afterwards. Killed at any moment, it loses no event and handles none twice.
//!
//! `HEYMARKET_WEBHOOK_TOKEN=… cargo run -p heymarket-stores --features sqlite
//! --example inbox_receiver -- 8080 FOLDER` listens on that port of this machine; put HTTPS
//! before it. FOLDER gets three files: `inbox.db`; `outbox.db`, whose suppressions are fed
//! from opt-outs; and `handled.db`, which stands for the database of your application.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use heymarket_api::webhook::{Event, Verified, Verifier};
use heymarket_outbox::Outbox;
use heymarket_stores::{Delivery, Inbox, Received};
use rusqlite::Connection;
use tokio::net::TcpListener;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
struct Receiver {
    verifier: Verifier,
    inbox: Inbox,
}

// So the extractor finds the verifier in the state.
impl FromRef<Receiver> for Verifier {
    fn from_ref(receiver: &Receiver) -> Self {
        receiver.verifier.clone()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Ok(token) = std::env::var("HEYMARKET_WEBHOOK_TOKEN") else {
        eprintln!("set HEYMARKET_WEBHOOK_TOKEN to the verification token of the webhook");
        return ExitCode::from(2);
    };
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok());
    let (Some(port), Some(folder)) = (port, arguments.next().map(PathBuf::from)) else {
        eprintln!("usage: inbox_receiver PORT FOLDER");
        return ExitCode::from(2);
    };
    match run(Verifier::new(token), port, &folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(verifier: Verifier, port: u16, folder: &Path) -> Result<(), Error> {
    // A handler here takes milliseconds. After a crash its event waits for this long.
    let inbox = Inbox::open(folder.join("inbox.db"))?.lease(Duration::from_secs(2));
    let handler = Handler::open(folder)?;
    let handling = handler.handle_all(inbox.clone());
    let router = Router::new()
        .route("/webhook", post(receive))
        .with_state(Receiver { verifier, inbox });
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("listening on http://{}/webhook", listener.local_addr()?);
    tokio::select! {
        served = async { axum::serve(listener, router).await } => Ok(served?),
        handled = handling => handled,
    }
}

/// Stores an event. Requests without a valid token do not get here.
async fn receive(State(receiver): State<Receiver>, event: Verified<Event>) -> StatusCode {
    match receiver.inbox.receive(&event).await {
        Ok(Received::Stored | Received::Duplicate) => StatusCode::OK,
        // The sender delivers it again.
        Ok(Received::InProgress) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

struct Handler {
    outbox: Outbox,
    application: Connection,
}

impl Handler {
    fn open(folder: &Path) -> Result<Self, Error> {
        let application = Connection::open(folder.join("handled.db"))?;
        application.execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS handled (delivery INTEGER PRIMARY KEY, event TEXT NOT NULL)",
        )?;
        Ok(Self {
            outbox: Outbox::open(folder.join("outbox.db"))?,
            application,
        })
    }

    async fn handle_all(self, inbox: Inbox) -> Result<(), Error> {
        loop {
            let delivery = inbox.next().await?;
            match self.handle(&delivery).await {
                Ok(()) => drop(delivery.commit().await?),
                Err(error) => {
                    eprintln!("event {}: {error}", delivery.id());
                    delivery.give_back().await?;
                }
            }
        }
    }

    /// Does the work of an event. It may have been done before: by a process that was
    /// killed before its commit.
    async fn handle(&self, delivery: &Delivery) -> Result<(), Error> {
        // Recording an opt-out twice changes nothing.
        self.outbox.record_event(delivery.event()).await?;
        // Other work is written in one transaction with the number of the delivery.
        self.application.execute(
            "INSERT INTO handled VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            (delivery.id(), delivery.event().dedupe_key()),
        )?;
        Ok(())
    }
}
