//! What stands before a request, and what is shown of it.

mod confirm;
mod curl;
mod debug;
mod dry_run;

pub(crate) use confirm::{confirm, confirm_request};
pub(crate) use curl::{Curl, Part, quoted};
pub(crate) use debug::{debug_connection, debug_outcome, debug_request, hide, watch};
pub(crate) use dry_run::shows_only;
