//! The outcome of a delivery.

/// The outcome of [`Inbox::receive`](crate::Inbox::receive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a delivery has no fourth outcome")]
pub enum Received {
    /// The event is new, and stored. Respond with 200.
    Stored,
    /// The event was received before. Respond with 200.
    Duplicate,
    /// A `Deduplicator` with the same tables is handling the event. Respond with 503.
    InProgress,
}
