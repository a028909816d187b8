//! What happens before a request: questions, and showing it without secrets.

pub(crate) mod confirm;
pub(crate) mod curl;
pub(crate) mod debug;
pub(crate) mod dry_run;
