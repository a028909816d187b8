//! Webhooks: the receivers of events, and the deliveries.

mod delivery;
mod log;
mod senders;
mod webhook;

pub(crate) use delivery::{Delivery, Outcome};
pub(crate) use senders::Webhooks;
pub use webhook::Webhook;
