//! The tools that are written by hand: one for each task of a person who texts with
//! customers.

pub(crate) mod bulk;
pub(crate) mod contacts;
mod context;
pub(crate) mod conversations;
pub(crate) mod definition;
pub(crate) mod draft;
pub(crate) mod find_and_call;
mod message;
pub(crate) mod messages;
mod preview;
pub(crate) mod send;
pub(crate) mod team;

pub(crate) use context::{Answer, Answering, Context, NoPerson, Output, Person};
