//! The page that a walk fetches, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seen::ItemKey;

/// A page to fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PageRequest {
    /// Where the page begins; `None` begins where the caller's request does.
    pub(crate) cursor: Option<Timestamp>,
    pub(crate) page: Option<i64>,
    pub(crate) limit: Option<i64>,
    pub(super) purpose: Purpose,
    /// The item that determined the cursor. The overlap returns it again.
    pub(super) anchor: Option<i64>,
    /// Whether a page from this cursor on was searched for the anchor.
    pub(super) is_checked: bool,
}

/// Why a page is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// For the items from the cursor on.
    #[default]
    Items,
    /// To find the anchor that was missing from the page at the cursor `narrow`.
    Widen { narrow: Timestamp },
    /// For items of one time that fill a page, by page numbers.
    Numbered(Pass),
    /// To learn whether items exist beyond the last time.
    Beyond,
}

/// One pass through the numbered pages of one cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pass {
    /// How many passes came before.
    pub(super) number: u32,
    /// The digest of the IDs of the last page.
    pub(super) last_page: u64,
    pub(super) so_far: Summary,
    /// The number of the last full page of the previous pass, and its summary.
    pub(super) previous: Option<(i64, Summary)>,
}

/// The content of numbered pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Summary {
    /// The digest of the IDs of the full pages.
    pub(super) digest: u64,
    pub(super) furthest: Option<Furthest>,
}

/// The time and the ID of the item that is furthest along the list.
pub(super) type Furthest = (Timestamp, i64);

/// What follows a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextPage {
    /// This page is next.
    Fetch(PageRequest),
    /// The list has no further items.
    End,
    /// Further items may exist, but no request leads to them, for this reason.
    Stuck(&'static str),
}

/// Returns the items of a page that have a time.
pub(super) fn timed(page: &[ItemKey]) -> impl Iterator<Item = Furthest> {
    page.iter().filter_map(|(id, time)| Some(((*time)?, *id)))
}

/// Returns whether a page of `rows` rows is as long as a limit allows.
pub(super) fn is_at_least(rows: usize, limit: i64) -> bool {
    i64::try_from(rows).unwrap_or(i64::MAX) >= limit
}
