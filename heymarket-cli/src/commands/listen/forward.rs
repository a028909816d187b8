//! Posts events on, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Incoming;
use crate::output::Terminal;
use crate::webhook::{Target, cause};

/// How many events may wait to be posted on.
const WAITING: usize = 1000;
/// The wait before the first retry; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long what waits at the end may take.
const GRACE: Duration = Duration::from_secs(5);

pub(super) struct Forwarder {
    deliveries: mpsc::Sender<Delivery>,
    /// For events of the history, which came in no body.
    token: String,
    unfinished: Arc<AtomicUsize>,
    task: JoinHandle<()>,
    terminal: Terminal,
}

struct Delivery {
    body: Vec<u8>,
    /// What it is about, without anything personal.
    what: String,
}

impl Forwarder {
    pub(super) fn start(target: Target, token: String, retries: u32, terminal: Terminal) -> Self {
        let (deliveries, mut waiting) = mpsc::channel::<Delivery>(WAITING);
        let unfinished = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&unfinished);
        let task = tokio::spawn(async move {
            while let Some(delivery) = waiting.recv().await {
                if let Err(problem) = post(&target, &delivery, retries).await {
                    let what = &delivery.what;
                    terminal.say(&format!("not forwarded to {target}: {what}: {problem}"));
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

    /// Waits until a further event can be taken.
    pub(super) async fn has_room(&self) {
        // The place is given back at once: nobody else takes one.
        let _ = self.deliveries.reserve().await;
    }

    /// Takes an event to post on.
    pub(super) fn forward(&self, incoming: Incoming) {
        let what = incoming.event.dedupe_key();
        let body = match incoming.body {
            Some(body) => Ok(body),
            None => incoming.event.sign_for_test(&self.token),
        };
        let taken = body.is_ok_and(|body| {
            self.unfinished.fetch_add(1, Ordering::Relaxed);
            let delivery = Delivery {
                body,
                what: what.clone(),
            };
            let taken = self.deliveries.try_send(delivery).is_ok();
            if !taken {
                self.unfinished.fetch_sub(1, Ordering::Relaxed);
            }
            taken
        });
        if !taken {
            self.terminal
                .say(&format!("not forwarded: {what}: too many wait"));
        }
    }

    /// Posts on what waits, as far as that goes quickly.
    pub(super) async fn finish(self) {
        drop(self.deliveries);
        let _ = tokio::time::timeout(GRACE, self.task).await;
        let unfinished = self.unfinished.load(Ordering::Relaxed);
        if unfinished > 0 {
            self.terminal
                .say(&format!("{unfinished} events were not forwarded"));
        }
    }
}

/// Posts a delivery, several times if need be.
async fn post(target: &Target, delivery: &Delivery, retries: u32) -> Result<(), String> {
    let mut wait = FIRST_WAIT;
    let mut attempt = 1;
    loop {
        let problem = match target.post(delivery.body.clone()).await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if !says_later(answer.status()) => {
                return Err(format!("{} says {}", target, answer.status()));
            }
            Ok(answer) => answer.status().to_string(),
            Err(error) => cause(&error),
        };
        if attempt > retries {
            return Err(format!("{problem}, {attempt} times"));
        }
        attempt += 1;
        tokio::time::sleep(wait).await;
        wait = (2 * wait).min(LONGEST_WAIT);
    }
}

/// Whether another attempt may do better.
fn says_later(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
}
