//! Webhooks: typed events that can only be had verified.
//!
//! Heymarket posts what happens to a URL that is configured in the app. Nothing
//! signs a delivery: its body carries the verification token of the
//! configuration, so a [`Verifier`] compares that, and gives a [`Verified`]
//! event, which nothing else can make.
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
//! Nothing is promised of deliveries: the documentation contradicts itself on
//! whether they are repeated, and says nothing of their order. A
//! [`Deduplicator`] tells a repetition, and `Client::reconcile` what was lost.
//!
//! Documented at <https://developers.heymarket.com/guides/webhooks>.

#[cfg(feature = "axum")]
mod axum;
mod deduplicator;
mod event;
#[cfg(feature = "client")]
mod reconcile;
mod verifier;

pub use deduplicator::{Claim, Deduplicator, SeenEvents, SeenInMemory};
pub use event::{Envelope, Event, EventData};
#[cfg(feature = "client")]
pub use reconcile::Reconcile;
pub use verifier::{Verified, Verifier, WebhookError};
