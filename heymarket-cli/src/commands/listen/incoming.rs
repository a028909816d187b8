//! An event on its way to the output and to the forwarder.

use heymarket_api::webhook::Event;
use jiff::Timestamp;

/// An event, with the body of its delivery. An event of the message history has none.
pub(super) struct Incoming {
    pub(super) event: Event,
    pub(super) body: Option<Vec<u8>>,
    pub(super) received: Timestamp,
}
