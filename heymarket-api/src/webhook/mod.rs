//! Webhooks: verified, typed and deduplicated events.
//!
//! Heymarket posts events to a URL that is configured in the app. Deliveries are not
//! signed: the body carries the verification token of the configuration. A [`Verifier`]
//! compares the token and returns a [`Verified`] event, which cannot be created
//! otherwise.
//!
//! ```
//! use heymarket_api::webhook::{EventData, Verifier, WebhookError};
//!
//! fn receive(verifier: &Verifier, body: &[u8]) -> Result<(), WebhookError> {
//!     let event = verifier.verify(body)?;
//!     if let EventData::MessageReceived(message) = &event.data {
//!         println!("message {}", message.id);
//!     }
//!     Ok(())
//! }
//! # let verifier = Verifier::new("token");
//! # assert!(receive(&verifier, b"{}").is_err());
//! ```
//!
//! Delivery is not guaranteed: the documentation contradicts itself on whether
//! deliveries are repeated, and does not mention their order. A [`Deduplicator`]
//! handles each event once, and after downtime `Client::reconcile` replays the
//! message history as events.
//!
//! Documented at <https://developers.heymarket.com/guides/webhooks>.

#[cfg(feature = "axum")]
mod axum;
mod dedupe_class;
mod deduplicator;
mod delivery;
mod event;
mod identity;
#[cfg(feature = "client")]
mod reconcile;
mod seen_events;
mod seen_in_memory;
mod verifier;

pub use crate::events::EventData;
pub(crate) use dedupe_class::{Dedupe, DedupeClass};
pub use deduplicator::{Claim, Claimed, Deduplicator};
pub use event::{Envelope, Event};
pub use identity::EventKey;
#[cfg(feature = "client")]
pub use reconcile::Reconcile;
pub use seen_events::{ClaimOutcome, SeenEvents};
pub use seen_in_memory::SeenInMemory;
pub use verifier::{Verified, Verifier, WebhookError};
