//! Webhooks: verified, stored before the sender gets its 200, and forwarded with retries.

mod events;
mod forwarder;
mod seen;
mod target;

use std::sync::Arc;

use bytes::Bytes;
use heymarket_api::webhook::{Claim, Deduplicator, Event, Verifier, WebhookError};
use http::{Method, StatusCode};
use tokio::sync::Notify;

use crate::answer::Answer;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::problem::Problem;

use seen::Seen;

pub(crate) use forwarder::forward;
pub(crate) use target::Target;

/// The path that Heymarket posts to.
pub(crate) const PATH: &str = "/webhooks";

/// Receives deliveries.
pub(crate) struct Webhooks {
    verifier: Verifier,
    ledger: Arc<Ledger>,
    /// Wakes the forwarder.
    arrived: Arc<Notify>,
}

impl Webhooks {
    pub(crate) fn new(verifier: Verifier, ledger: Arc<Ledger>) -> Self {
        Self {
            verifier,
            ledger,
            arrived: Arc::new(Notify::new()),
        }
    }

    pub(crate) fn arrived(&self) -> Arc<Notify> {
        Arc::clone(&self.arrived)
    }

    /// Answers a delivery: with a 200 once it is on the disk, or was before.
    pub(crate) async fn receive(
        &self,
        method: &Method,
        body: Bytes,
        metrics: &Metrics,
    ) -> Result<Answer, Problem> {
        if method != Method::POST {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let detail = "webhooks are posted";
            let problem = Problem::new(status, "method", "The method is not allowed", detail);
            return Err(problem);
        }
        let received = self.store(body).await;
        let result = match &received {
            Ok(true) => "stored",
            Ok(false) => "duplicate",
            Err(_) => "refused",
        };
        metrics.webhooks.with_label_values(&[result]).inc();
        received?;
        Ok(Answer::new(StatusCode::OK, "text/plain", Bytes::new()))
    }

    /// Stores an event. Returns whether it is new.
    async fn store(&self, body: Bytes) -> Result<bool, Problem> {
        let event = self.verifier.verify(&body).map_err(refused)?.into_inner();
        let stored = self.add(&event, body).await;
        // Whatever the outcome: an interrupted delivery may have stored it before.
        self.arrived.notify_one();
        stored
    }

    /// Adds an event that is verified. Returns whether it is new.
    async fn add(&self, event: &Event, body: Bytes) -> Result<bool, Problem> {
        let failed = |error: String| {
            let detail = format!("the event cannot be stored ({error}); deliver it again");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ledger",
                "The ledger failed",
                detail,
            )
        };
        let seen = Seen::new(Arc::clone(&self.ledger));
        let deduplicator = Deduplicator::with_store(seen.clone());
        match deduplicator.claim(event).await.map_err(failed)? {
            Claim::New(claimed) => {
                seen.add(body.to_vec());
                claimed.commit().await.map_err(failed)?;
                Ok(true)
            }
            Claim::Duplicate => Ok(false),
            Claim::InProgress => Err(failed("another delivery of it is under way".to_owned())),
        }
    }
}

fn refused(error: WebhookError) -> Problem {
    let status = match error {
        WebhookError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        WebhookError::Unauthorized => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    Problem::new(
        status,
        "webhook",
        "The delivery is refused",
        error.to_string(),
    )
}
