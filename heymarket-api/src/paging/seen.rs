//! The items that a walk has yielded.

use std::collections::{HashSet, VecDeque};

use jiff::Timestamp;

/// The ID and the time of an item.
pub(super) type ItemKey = (i64, Option<Timestamp>);

/// The items that were yielded and may be returned again, oldest first.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ids: HashSet<i64>,
    items: VecDeque<ItemKey>,
}

impl Seen {
    pub(super) fn contains(&self, id: i64) -> bool {
        self.ids.contains(&id)
    }

    /// Adds an item. Returns whether it is new.
    pub(super) fn insert(&mut self, key: ItemKey) -> bool {
        let is_new = self.ids.insert(key.0);
        if is_new {
            self.items.push_back(key);
        }
        is_new
    }

    /// Keeps the items that may be returned again, and those without a time.
    pub(super) fn retain(&mut self, may_repeat: impl Fn(Timestamp) -> bool) {
        let ids = &mut self.ids;
        self.items.retain(|(id, time)| {
            let is_kept = time.is_none_or(&may_repeat);
            if !is_kept {
                ids.remove(id);
            }
            is_kept
        });
    }

    /// Keeps the `count` items that were added last.
    pub(super) fn retain_latest(&mut self, count: usize) {
        let excess = self.items.len().saturating_sub(count);
        for (id, _) in self.items.drain(..excess) {
            self.ids.remove(&id);
        }
    }

    pub(super) fn to_vec(&self) -> Vec<ItemKey> {
        self.items.iter().copied().collect()
    }
}

impl FromIterator<ItemKey> for Seen {
    fn from_iter<I: IntoIterator<Item = ItemKey>>(items: I) -> Self {
        let mut seen = Self::default();
        for key in items {
            seen.insert(key);
        }
        seen
    }
}
