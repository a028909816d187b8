//! The names of inboxes, members, lists, templates, surveys and tags.
//!
//! Names are looked up once a day and kept beside the config file, so that most
//! commands and completions need no request for them.

pub(crate) mod cache;
pub(crate) mod entry;
mod fetch;
pub(crate) mod lookup;
mod resolve;
