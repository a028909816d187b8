//! What a walk knows of its list from the pages so far.

use jiff::Timestamp;

use super::seen::{ItemKey, Seen};

/// The assumed minimum of a server's page size, unless the limit is lower. Only a list
/// whose items all have the same time and fit into one smaller page depends on it:
/// without the assumption, no walk could know that a list of one item is complete.
pub(super) const MIN_PAGE_SIZE: usize = 10;

/// The items and pages so far.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The items that were yielded and may be returned again.
    pub(super) seen: Seen,
    /// How many items were yielded.
    pub(super) yielded: usize,
    /// The length of the largest page so far. A shorter page is complete.
    pub(super) largest_page: usize,
    /// The first item of the first page.
    pub(super) first_item: Option<i64>,
}

impl History {
    /// Records the size and the first item of a page.
    pub(super) fn observe(&mut self, page: &[ItemKey]) {
        self.largest_page = self.largest_page.max(page.len());
        self.first_item = self.first_item.or(page.first().map(|(id, _)| *id));
    }

    /// Records that an item was yielded.
    pub(super) fn record(&mut self, key: ItemKey) {
        if self.seen.insert(key) {
            self.yielded = self.yielded.saturating_add(1);
        }
    }

    /// Returns whether an item was yielded already.
    pub(super) fn has_seen(&self, id: i64) -> bool {
        self.seen.contains(id)
    }

    /// Returns whether a page has an item that was not yielded yet.
    pub(super) fn has_new(&self, page: &[ItemKey]) -> bool {
        page.iter().any(|(id, _)| !self.has_seen(*id))
    }

    /// Returns whether a page is the complete list, as far as sizes tell: it is
    /// shorter than a full page of any server, and holds everything so far.
    pub(super) fn is_whole_list(&self, page: &[ItemKey]) -> bool {
        let new = page.iter().filter(|(id, _)| !self.has_seen(*id)).count();
        let all = self.yielded.saturating_add(new);
        self.largest_page < MIN_PAGE_SIZE && all <= self.largest_page
    }

    /// Forgets the items whose time cannot be returned again, so that memory does not
    /// grow with the walk.
    pub(super) fn retain(&mut self, may_repeat: impl Fn(Timestamp) -> bool) {
        self.seen.retain(may_repeat);
    }
}
