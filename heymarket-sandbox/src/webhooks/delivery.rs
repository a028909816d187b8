//! One delivery, with its attempts.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A delivery of an event to a webhook.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    /// The ID of the webhook.
    pub(crate) webhook: i64,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// When the event happened, by the time of the machine.
    pub(crate) time: Timestamp,
    pub(crate) outcome: Outcome,
    pub(crate) attempts: Vec<Attempt>,
    /// The data of the event.
    #[serde(serialize_with = "shared")]
    pub(crate) event_data: Arc<Value>,
}

fn shared<S: Serializer>(value: &Arc<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize(serializer)
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Pending,
    Delivered,
    Failed,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    pub(crate) time: Timestamp,
    pub(crate) status: Option<u16>,
    /// Why there was no response.
    pub(crate) error: Option<String>,
    pub(crate) duration_ms: u64,
}

impl Attempt {
    pub(crate) fn is_success(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}
