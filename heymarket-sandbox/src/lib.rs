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
