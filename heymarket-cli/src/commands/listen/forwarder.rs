//! Forwards events to a URL, one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::incoming::Incoming;
use crate::output::terminal::Terminal;
use crate::webhook::target::{Target, cause};

/// The number of events that may wait to be forwarded.
const QUEUE: usize = 1000;
/// The wait before the first retry. It doubles with each retry.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The time to forward what is left at the end.
const GRACE: Duration = Duration::from_secs(5);

pub(super) struct Forwarder {
    deliveries: mpsc::Sender<Delivery>,
    /// For events of the message history, which have no body.
    token: String,
    unfinished: Arc<AtomicUsize>,
    task: JoinHandle<()>,
    terminal: Terminal,
}

struct Delivery {
    body: Vec<u8>,
    /// Identifies the event without personal data.
    key: String,
}

impl Forwarder {
    pub(super) fn start(target: Target, token: String, retries: u32, terminal: Terminal) -> Self {
        let (deliveries, mut waiting) = mpsc::channel::<Delivery>(QUEUE);
        let unfinished = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&unfinished);
        let task = tokio::spawn(async move {
            while let Some(delivery) = waiting.recv().await {
                if let Err(problem) = post(&target, &delivery, retries).await {
                    let key = &delivery.key;
                    terminal.notice(&format!("not forwarded to {target}: {key}: {problem}"));
                }
                counter.fetch_sub(1, Ordering::Relaxed);
            }
        });
        Self {
            deliveries,
            token,
            unfinished,
            task,
            terminal,
        }
    }

    /// Waits until there is room for a further event.
    pub(super) async fn has_room(&self) {
        // No other task takes the room.
        let _ = self.deliveries.reserve().await;
    }

    /// Queues an event.
    pub(super) fn forward(&self, incoming: Incoming) {
        let key = incoming.event.dedupe_key();
        let body = match incoming.body {
            Some(body) => Ok(body),
            None => incoming.event.sign_for_test(&self.token),
        };
        let taken = body.is_ok_and(|body| {
            self.unfinished.fetch_add(1, Ordering::Relaxed);
            let delivery = Delivery {
                body,
                key: key.clone(),
            };
            let taken = self.deliveries.try_send(delivery).is_ok();
            if !taken {
                self.unfinished.fetch_sub(1, Ordering::Relaxed);
            }
            taken
        });
        if !taken {
            self.terminal
                .notice(&format!("not forwarded: {key}: the queue is full"));
        }
    }

    /// Forwards what is queued, within the grace period.
    pub(super) async fn finish(self) {
        drop(self.deliveries);
        let _ = tokio::time::timeout(GRACE, self.task).await;
        let unfinished = self.unfinished.load(Ordering::Relaxed);
        if unfinished > 0 {
            self.terminal.notice(&match unfinished {
                1 => "1 event was not forwarded".to_owned(),
                count => format!("{count} events were not forwarded"),
            });
        }
    }
}

/// Posts a delivery, with retries.
async fn post(target: &Target, delivery: &Delivery, retries: u32) -> Result<(), String> {
    let mut wait = FIRST_WAIT;
    let mut attempt = 1;
    loop {
        let problem = match target.post(delivery.body.clone()).await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) if !is_retryable(response.status()) => {
                return Err(format!("the receiver returned {}", response.status()));
            }
            Ok(response) => response.status().to_string(),
            Err(error) => cause(&error),
        };
        if attempt > retries {
            return Err(format!("{problem}, after {attempt} attempts"));
        }
        attempt += 1;
        tokio::time::sleep(wait).await;
        wait = (2 * wait).min(MAX_WAIT);
    }
}

/// Returns whether a retry may succeed.
fn is_retryable(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
}
