//! Records as the API returns them, in either dialect.
//!
//! The documented dialect has the fields of the reference pages. The observed
//! dialect has those of the samples and leaves empty ones out.

mod contacts;
mod conversations;
mod events;
mod inboxes;
mod lists;
mod messages;
mod renderer;
mod scheduled_messages;
mod surveys;
mod tags;
mod team;
mod templates;

pub(crate) use contacts::Generation;
pub(crate) use conversations::View;
pub(crate) use renderer::{Renderer, ok};
