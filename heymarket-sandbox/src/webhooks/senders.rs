//! The configured webhooks, each with a task that delivers its events in order.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::delivery::{Attempt, Outcome};
use super::log::Log;
use super::webhook::Webhook;
use crate::changes::Changes;
use crate::error::Error;

/// The timeout of an attempt.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many events wait for a webhook. Further ones fail at once.
const QUEUE: usize = 10_000;

/// The webhooks, with their tasks.
pub(crate) struct Webhooks {
    configured: Vec<Webhook>,
    tasks: Vec<Task>,
    log: Log,
    client: reqwest::Client,
}

struct Task {
    queue: mpsc::Sender<Job>,
    counts: Arc<Counts>,
    handle: JoinHandle<()>,
}

/// An event to deliver.
struct Job {
    kind: String,
    event_data: Arc<Value>,
    /// The delivery in the log.
    delivery: u64,
}

/// The results of the deliveries of a webhook.
#[derive(Default)]
struct Counts {
    queued: AtomicU64,
    taken: AtomicU64,
    failed: AtomicU64,
}

impl Webhooks {
    pub(crate) fn new(changes: Changes) -> Result<Self, Error> {
        // A proxy would not find a receiver on this machine.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::refused(format!("webhooks: {error}")))?;
        Ok(Self {
            configured: Vec::new(),
            tasks: Vec::new(),
            log: Log::new(changes),
            client,
        })
    }

    pub(crate) fn configured(&self) -> &[Webhook] {
        &self.configured
    }

    /// Returns the log of deliveries.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn add(&mut self, mut webhook: Webhook) -> Result<i64, String> {
        webhook.check()?;
        let ids = || self.configured.iter().map(|other| other.id);
        if webhook.id == 0 {
            webhook.id = ids().max().unwrap_or(320) + 1;
        } else if ids().any(|id| id == webhook.id) {
            return Err("id: is taken by another webhook".to_owned());
        }
        let id = webhook.id;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let counts = Arc::new(Counts::default());
        let sender = Sender {
            webhook: webhook.clone(),
            counts: Arc::clone(&counts),
            log: self.log.clone(),
            client: self.client.clone(),
        };
        self.tasks.push(Task {
            queue,
            counts,
            handle: tokio::spawn(sender.run(jobs)),
        });
        self.configured.push(webhook);
        Ok(id)
    }

    /// Removes a webhook. Returns whether it existed.
    pub(crate) fn remove(&mut self, id: i64) -> bool {
        let index = self.configured.iter().position(|webhook| webhook.id == id);
        if let Some(index) = index {
            self.configured.remove(index);
            self.tasks.remove(index).handle.abort();
        }
        index.is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.configured.clear();
        for task in self.tasks.drain(..) {
            task.handle.abort();
        }
    }

    pub(crate) fn has_receiver(&self, kind: &str) -> bool {
        self.configured.iter().any(|webhook| webhook.wants(kind))
    }

    /// Queues an event for all webhooks that want it. It never waits.
    pub(crate) fn enqueue(&self, kind: &str, data: Value) {
        let data = Arc::new(data);
        for (webhook, task) in self.configured.iter().zip(&self.tasks) {
            if webhook.wants(kind) {
                for _ in 0..=webhook.duplicates {
                    self.deliver(webhook, task, kind, &data);
                }
            }
        }
    }

    fn deliver(&self, webhook: &Webhook, task: &Task, kind: &str, data: &Arc<Value>) {
        let delivery = self.log.add(webhook.id, kind, Arc::clone(data));
        let job = Job {
            kind: kind.to_owned(),
            event_data: Arc::clone(data),
            delivery,
        };
        task.counts.queued.fetch_add(1, Ordering::Relaxed);
        if task.queue.try_send(job).is_err() {
            task.counts.failed.fetch_add(1, Ordering::Relaxed);
            self.log.ended(delivery, Outcome::Failed);
        }
    }

    /// Delivers an event of the log once more. Returns whether the delivery and its
    /// webhook exist.
    pub(crate) fn redeliver(&self, delivery: u64) -> bool {
        let Some(delivery) = self.log.find(delivery) else {
            return false;
        };
        let mut webhooks = self.configured.iter().zip(&self.tasks);
        let found = webhooks.find(|(webhook, _)| webhook.id == delivery.webhook);
        if let Some((webhook, task)) = found {
            self.deliver(webhook, task, &delivery.kind, &delivery.event_data);
        }
        found.is_some()
    }

    /// Returns the webhooks with the results of their deliveries, without tokens.
    pub(crate) fn report(&self) -> Value {
        let webhooks = self.configured.iter().zip(&self.tasks);
        webhooks
            .map(|(webhook, task)| {
                let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
                json!({
                    "id": webhook.id,
                    "url": webhook.url,
                    "types": webhook.types,
                    "retries": webhook.retries,
                    "retry_delay_ms": webhook.retry_delay_ms,
                    "duplicates": webhook.duplicates,
                    "queued": count(&task.counts.queued),
                    "taken": count(&task.counts.taken),
                    "failed": count(&task.counts.failed),
                })
            })
            .collect()
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What a task needs to deliver events.
struct Sender {
    webhook: Webhook,
    counts: Arc<Counts>,
    log: Log,
    client: reqwest::Client,
}

impl Sender {
    /// Delivers events one after the other. `failed` counts deliveries without a
    /// 2xx response to any attempt.
    async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            let (counter, outcome) = if self.deliver(&job).await {
                (&self.counts.taken, Outcome::Delivered)
            } else {
                (&self.counts.failed, Outcome::Failed)
            };
            counter.fetch_add(1, Ordering::Relaxed);
            self.log.ended(job.delivery, outcome);
        }
    }

    async fn deliver(&self, job: &Job) -> bool {
        let body = json!({
            "type": job.kind,
            "id": self.webhook.id,
            "token": self.webhook.token,
            "event_data": &*job.event_data,
        });
        let body = body.to_string();
        for attempt in 0..=self.webhook.retries {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(self.webhook.retry_delay_ms)).await;
            }
            let attempt = self.attempt(&body).await;
            let is_success = attempt.is_success();
            self.log.attempted(job.delivery, attempt);
            if is_success {
                return true;
            }
        }
        false
    }

    async fn attempt(&self, body: &str) -> Attempt {
        let (time, start) = (Timestamp::now(), Instant::now());
        let request = self
            .client
            .post(&self.webhook.url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .timeout(TIMEOUT)
            .body(body.to_owned());
        let response = request.send().await;
        let (status, error) = match response {
            Ok(response) => (Some(response.status().as_u16()), None),
            Err(error) => (None, Some(reason(&error))),
        };
        Attempt {
            time,
            status,
            error,
            duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Returns why there was no response: the innermost cause, without the URL.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no response within {TIMEOUT:?}");
    }
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}
