//! A stateful stand-in for the [Heymarket](https://www.heymarket.com) API, to
//! develop and test against. Heymarket has no test mode, and a mistake there
//! texts a customer.
//!
//! [`Sandbox::start`] runs a sandbox inside a test. The program
//! `heymarket-sandbox` runs one for any language. All operations work and keep
//! state: a sent message appears in the history and moves its conversation,
//! lists page like the API's, and scheduled messages are sent when the
//! [clock](Sandbox::advance) reaches their time. The sandbox verifies tokens,
//! enforces the rate limit, responds in either [`Dialect`], injects
//! [faults](Rule) and delivers [webhooks](Webhook).
//!
//! Requests are validated against the OpenAPI document. Responses are built
//! without the generated client, so a mistake there cannot hide here.
//!
//! # Security
//!
//! Operations need a key, like the API's. The control endpoints under
//! `/_sandbox/` need none, so they reject what a web page could make a browser
//! send:
//!
//! - a `Host` that is not `localhost`, a loopback address or an address that the
//!   sandbox listens on (403); other programs may send `Host: localhost`
//! - an `Origin` that is not the sandbox's own, and a `Sec-Fetch-Site` other than
//!   `same-origin` and `none` (403)
//! - a change with a body, or with a `Content-Type`, that is not
//!   `application/json` (415)
//!
//! Operations accept every `Host`, since containers reach the sandbox by other
//! names. All sandboxes have the same public keys: do not keep real people's data
//! in one.
//!
//! A request that takes more than [30 seconds](SandboxBuilder::read_timeout) to
//! arrive is rejected, and so is one that is
//! [too large](SandboxBuilder::max_body_bytes).
//!
//! # Inferred behaviour
//!
//! Where no source shows the API's behaviour, the sandbox does what is likely. A
//! program should not rely on it:
//!
//! - errors have `name` and `message`; in the mixed dialect, the message may be in
//!   either of the other places that clients look in
//! - a send to an unsubscribed or blocked contact is a 403
//! - creating a contact with an existing number changes that contact
//! - an inbound message opens a closed conversation; `STOP` and `START`
//!   unsubscribe and subscribe
//! - reading and unreading do not move a conversation in lists
//! - a scheduled message disappears once it is sent; one that cannot be sent
//!   becomes a failed message
//! - the rate limit counts per minute, beginning with the first request of a key
//! - a request that takes too long to arrive is a 408 named `request_timeout`
//! - a comment has the type `private`
//! - opt-out events carry the contact's ID, number and times
//!
//! # Features
//!
//! `rustls`: webhooks to `https://` URLs.

mod builder;
mod changes;
mod clock;
pub mod command;
mod control;
mod deduplication;
mod dialect;
mod error;
mod faults;
mod http;
mod journal;
mod operations;
mod origins;
mod page;
mod render;
mod sandbox;
mod snapshots;
mod spec;
mod state;
mod state_file;
mod store;
mod tasks;
mod verification;
mod webhooks;

pub use builder::SandboxBuilder;
pub use deduplication::Deduplication;
pub use dialect::Dialect;
pub use error::Error;
pub use faults::{Fault, Rule};
pub use journal::RecordedRequest;
pub use sandbox::{API_KEY, SECRET_ID, SECRET_KEY, Sandbox};
pub use spec::check_response;

pub use verification::{Contact, Direction, Message};
pub use webhooks::Webhook;

/// The examples of the README, which are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
