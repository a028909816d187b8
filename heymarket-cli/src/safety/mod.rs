//! What stands before a request, and what is shown of it.

mod confirm;
mod debug;
mod dry_run;

pub(crate) use confirm::{confirm, confirm_request};
pub(crate) use debug::{debug_connection, debug_outcome, debug_request, hide, watch};
pub(crate) use dry_run::shows_only;

/// Whether the value of a header of this name is for nobody to see.
fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "cookie", "key", "secret", "token"]
        .iter()
        .any(|part| name.contains(part))
}
