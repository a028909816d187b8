//! Webhooks: the receivers of events, and the deliveries.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, quoted};
use crate::spec::Spec;

/// The timeout of a delivery.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A receiver of events.
///
/// The API configures webhooks in its settings and has no operation for them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The ID of the configuration, which each delivery carries. 0 takes the
    /// next free one.
    #[serde(default)]
    id: i64,
    url: String,
    token: String,
    /// The types of events to deliver; empty for all.
    #[serde(default)]
    types: Vec<String>,
    /// How often a delivery without a 2xx response is repeated.
    #[serde(default)]
    retries: u32,
    #[serde(default = "default_retry_delay_ms")]
    retry_delay_ms: u64,
    /// How many extra times each event is delivered.
    #[serde(default)]
    duplicates: u32,
}

fn default_retry_delay_ms() -> u64 {
    1000
}

impl Webhook {
    /// Creates a webhook that delivers all events to a URL, once each.
    #[must_use]
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            id: 0,
            url: url.into(),
            token: token.into(),
            types: Vec::new(),
            retries: 0,
            retry_delay_ms: default_retry_delay_ms(),
            duplicates: 0,
        }
    }

    /// Limits the webhook to these types of events, such as `message_recieved`.
    #[must_use]
    pub fn types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Repeats a delivery without a 2xx response up to `retries` times, `delay`
    /// apart. The sources disagree on whether the API retries.
    #[must_use]
    pub fn retries(mut self, retries: u32, delay: Duration) -> Self {
        self.retries = retries;
        self.retry_delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Delivers each event this many extra times.
    #[must_use]
    pub fn duplicates(mut self, duplicates: u32) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Returns an error if the webhook is invalid.
    fn check(&self) -> Result<(), String> {
        let uri: http::Uri = self
            .url
            .parse()
            .map_err(|_| "url: must be a URL, such as http://127.0.0.1:9000/webhook".to_owned())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") if cfg!(feature = "rustls") => {}
            Some("https") => {
                return Err(
                    "url: this sandbox was built without TLS; use http://, or build it \
                            with the feature `rustls`"
                        .to_owned(),
                );
            }
            _ => return Err("url: must begin with http:// or https://".to_owned()),
        }
        if self.token.is_empty() {
            return Err("token: must not be empty".to_owned());
        }
        let known = || Spec::get().webhook_types();
        let is_unknown = |wanted: &&String| !known().any(|kind| kind == wanted.as_str());
        if let Some(unknown) = self.types.iter().find(is_unknown) {
            let all: Vec<_> = known().collect();
            let all = all.join(", ");
            return Err(format!(
                "types: unknown event type {}; use any of {all}",
                quoted(unknown)
            ));
        }
        Ok(())
    }

    /// Whether it has the receiver, or the id, of another.
    pub(crate) fn is_for(&self, other: &Self) -> bool {
        self.url == other.url || (self.id != 0 && self.id == other.id)
    }

    fn wants(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|wanted| wanted == kind)
    }
}

impl fmt::Debug for Webhook {
    /// Shows everything except the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("types", &self.types)
            .field("retries", &self.retries)
            .field("duplicates", &self.duplicates)
            .finish_non_exhaustive()
    }
}

/// The webhooks. Each has a task that delivers its events in order.
pub(crate) struct Webhooks {
    configured: Vec<Webhook>,
    tasks: Vec<Task>,
    client: reqwest::Client,
}

struct Task {
    queue: mpsc::UnboundedSender<Value>,
    counts: Arc<Counts>,
    handle: JoinHandle<()>,
}

/// The results of the deliveries of a webhook.
#[derive(Default)]
struct Counts {
    queued: AtomicU64,
    taken: AtomicU64,
    failed: AtomicU64,
}

impl Webhooks {
    pub(crate) fn new() -> Result<Self, Error> {
        // A proxy would not find a receiver on this machine.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::refused(format!("webhooks: {error}")))?;
        Ok(Self {
            configured: Vec::new(),
            tasks: Vec::new(),
            client,
        })
    }

    pub(crate) fn configured(&self) -> &[Webhook] {
        &self.configured
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
        let (queue, events) = mpsc::unbounded_channel();
        let counts = Arc::new(Counts::default());
        let task = deliver(
            webhook.clone(),
            events,
            Arc::clone(&counts),
            self.client.clone(),
        );
        self.tasks.push(Task {
            queue,
            counts,
            handle: tokio::spawn(task),
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
    pub(crate) fn enqueue(&self, kind: &str, data: &Value) {
        for (webhook, task) in self.configured.iter().zip(&self.tasks) {
            if webhook.wants(kind) {
                let body = json!({
                    "type": kind,
                    "id": webhook.id,
                    "token": webhook.token,
                    "event_data": data,
                });
                task.counts.queued.fetch_add(1, Ordering::Relaxed);
                // The queue closes only when the webhook is removed.
                let _ = task.queue.send(body);
            }
        }
    }

    /// Returns the webhooks with the results of their deliveries, without
    /// tokens.
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

/// Delivers events one after the other. `failed` counts deliveries without a
/// 2xx response to any attempt.
async fn deliver(
    webhook: Webhook,
    mut events: mpsc::UnboundedReceiver<Value>,
    counts: Arc<Counts>,
    client: reqwest::Client,
) {
    while let Some(body) = events.recv().await {
        let body = body.to_string();
        for _ in 0..=webhook.duplicates {
            let counter = if deliver_once(&webhook, &body, &client).await {
                &counts.taken
            } else {
                &counts.failed
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn deliver_once(webhook: &Webhook, body: &str, client: &reqwest::Client) -> bool {
    for attempt in 0..=webhook.retries {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(webhook.retry_delay_ms)).await;
        }
        let request = client
            .post(&webhook.url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .timeout(TIMEOUT)
            .body(body.to_owned());
        let answer = request.send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return true;
        }
    }
    false
}
