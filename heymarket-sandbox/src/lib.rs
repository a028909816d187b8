//! A stand-in for the [Heymarket](https://www.heymarket.com) API that
//! remembers, to develop and test against: Heymarket offers no test mode, and a
//! mistake texts a customer.
//!
//! [`Sandbox::start`] runs one within a test; the program `heymarket-sandbox`
//! runs one for any language. All operations are there, with memory: a sent
//! message appears in the history and moves its conversation, lists page as the
//! API's do, scheduled messages go out when the [clock](Sandbox::advance) gets
//! there. It checks tokens for real, keeps the rate limit, answers in either
//! [`Dialect`], makes [trouble](Rule) on demand and posts [webhooks](Webhook).
//!
//! Requests are checked against the OpenAPI document, and answers are made
//! without the generated client: a mistake in it cannot hide here.
//!
//! # Who can use it
//!
//! Operations need a key, as the API's do. The endpoints under `/_sandbox/` need
//! none, so they refuse what a web page could make a browser send:
//!
//! - a `Host` that is neither `localhost` nor a loopback address nor one that the
//!   sandbox listens on (403); another program may send `Host: localhost`
//! - an `Origin` that is not the sandbox's own, and a `Sec-Fetch-Site` other than
//!   `same-origin` and `none` (403)
//! - a change with a body, or with a `Content-Type`, that is not
//!   `application/json` (415)
//!
//! Operations accept every `Host`, since a container reaches the sandbox by
//! another name. All sandboxes have the same keys, and anyone can read them here:
//! do not keep real people's data in a sandbox.
//!
//! A request that takes more than [30 seconds](SandboxBuilder::read_timeout) to
//! arrive, and one that is [too large](SandboxBuilder::max_body_bytes), is
//! refused.
//!
//! # What is chosen, not known
//!
//! Where no source says what the API does, the sandbox does what is likely; a
//! program should not lean on it:
//!
//! - errors have `name` and `message`; in the mixed dialect one of the other
//!   places that clients look in
//! - a send to an unsubscribed or blocked contact is a 403
//! - a new contact with a number that is there changes that contact
//! - an inbound message opens a closed conversation; `STOP` and `START`
//!   unsubscribe and subscribe
//! - reading and unreading do not move a conversation in lists
//! - a scheduled message is gone once it is sent; one that cannot be sent
//!   becomes a failed message
//! - the limit counts the minute that a key's first request begins
//! - a request that takes too long to arrive is a 408 named `request_timeout`
//! - a comment has the type `private`
//! - events of opting out carry the contact's id, number and times
//!
//! # Features
//!
//! `rustls`: webhooks to `https://` URLs.

mod clock;
pub mod command;
mod control;
mod dialect;
mod error;
mod http;
mod operations;
mod render;
mod sandbox;
mod spec;
mod state_file;
mod store;
mod trouble;
mod webhooks;
mod world;

pub use dialect::Dialect;
pub use error::Error;
pub use sandbox::{API_KEY, SECRET_ID, SECRET_KEY, Sandbox, SandboxBuilder};
pub use spec::check_answer;
pub use trouble::{Rule, Trouble};
pub use webhooks::Webhook;
