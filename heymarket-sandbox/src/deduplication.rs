//! Which requests a repeated `local_id` makes idempotent.

use clap::ValueEnum;

/// Which requests have no further effect if their `local_id` was used before.
///
/// The sources disagree. The older documentation calls `local_id` an idempotency
/// key; the newer one promises it for lists only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Deduplication {
    /// Texts, emails, broadcasts and new lists.
    #[default]
    All,
    /// Broadcasts to a list, and new lists.
    Lists,
    /// No requests.
    None,
}

impl Deduplication {
    /// Returns whether it covers a request, which may concern a list.
    pub(crate) fn covers(self, is_of_list: bool) -> bool {
        match self {
            Self::All => true,
            Self::Lists => is_of_list,
            Self::None => false,
        }
    }
}
