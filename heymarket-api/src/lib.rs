//! A typed client for the [Heymarket](https://www.heymarket.com) business
//! text-messaging API.
//!
//! Heymarket publishes no machine-readable description of its API, its two generations
//! of documentation contradict each other, and responses match neither. This crate is
//! generated from a hand-maintained OpenAPI document that describes every known shape,
//! and decodes all of them.
//!
//! ```no_run
//! use heymarket_api::{Client, Credentials};
//!
//! # async fn run() -> Result<(), heymarket_api::Error> {
//! let client = Client::new(Credentials::api_secret("secret id", "secret key"))?;
//! let conversation = client.get_conversation(9920).await?;
//! println!("{:?}", conversation.status);
//! # Ok(())
//! # }
//! ```
//!
//! - [`Client`] has a method for each operation. It returns a [`Response`], which derefs
//!   to its value, or an [`Error`] with the response and the attempts.
//! - [`Walk`] iterates over all pages of a list.
//! - [`types`] has the types of requests and responses, [`operations`] the table of
//!   operations with the [`Safety`] of each.
//! - [`webhook`] verifies, decodes and deduplicates webhooks.
//! - [`RawRequest`] is a request that is assembled at run time.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `client` | yes | the client; without it, only the types and the webhooks, without an HTTP stack |
//! | `rustls` | yes | TLS by rustls, with the platform's certificates |
//! | `native-tls` | | TLS by the platform's library |
//! | `http2` | | HTTP/2 |
//! | `gzip` | | compressed responses |
//! | `schemars` | | `schemars::JsonSchema` for every type |
//! | `axum` | | an extractor of verified [webhooks](webhook) |
//! | `test-util` | | `check_rate_limiter`, for limiters of your own |

#![cfg_attr(docsrs, feature(doc_cfg))]
#[cfg(feature = "client")]
mod auth;
#[cfg(feature = "client")]
mod clock;
#[cfg(feature = "client")]
mod error;
#[cfg(all(fuzzing, feature = "client"))]
#[doc(hidden)]
pub mod fuzzing;
#[rustfmt::skip] // prettyplease formats it, with the same bytes on every machine
mod generated;
#[cfg(feature = "client")]
mod paging;
#[cfg(feature = "client")]
mod policy;
#[cfg(feature = "client")]
mod rate_limit;
#[cfg(feature = "client")]
mod runtime;
#[cfg(feature = "client")]
mod shortcuts;
pub mod webhook;
mod wire;

pub use jiff;
#[cfg(feature = "client")]
pub use {http, reqwest};

#[cfg(feature = "client")]
pub use auth::Credentials;
#[cfg(feature = "client")]
pub use clock::{CLOCK_SKEW, Clock, Sleep, SystemClock};
#[cfg(feature = "client")]
pub use error::{Error, ErrorKind};
#[cfg(feature = "client")]
use generated::raw as raw_operations;
pub use generated::types;
use generated::webhook as events;
#[cfg(feature = "client")]
pub use generated::{operations, server};
#[cfg(feature = "client")]
pub use paging::{Checkpoint, Pages, RawItem, Walk};
#[cfg(feature = "client")]
pub use policy::{Options, RetryPolicy};
#[cfg(feature = "client")]
pub use rate_limit::{Acquire, Permit, PermitUse, RateLimit, RateLimiter};
#[cfg(feature = "test-util")]
pub use rate_limit::{ContractViolation, check_rate_limiter};
#[cfg(feature = "client")]
pub use runtime::{
    Attempt, Client, ClientBuilder, Effect, ObservedResponse, Operation, OperationObserver,
    OperationReport, Outcome, RawRequest, ReplayTransport, ReplayedRequest, Response,
    ResponseObserver, Safety, Sending, Shapes, Transport, TransportError, TransportResponse,
    Unknown, Wait, WaitReason,
};
#[cfg(feature = "client")]
pub use shortcuts::{Members, UpsertError};
pub use wire::{Check, Incomplete, Violation};
