//! How pages follow one another by the time of the last item, and arithmetic along
//! such a list.

use jiff::{SignedDuration, Timestamp};

use super::page_request::{Furthest, Summary, timed};
use super::seen::ItemKey;

/// How far back the walk looks for an item that an overlap did not return: far enough
/// for servers that compare or return whole seconds.
pub(super) const WIDE_OVERLAP: SignedDuration = SignedDuration::from_secs(2);

/// How the pages of an operation follow one another by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByTime {
    /// Whether times increase along the list.
    pub(crate) ascending: bool,
    /// How far a page reaches back before the last item: how much coarser the times
    /// that the server compares may be than those it returns.
    pub(crate) overlap: SignedDuration,
    /// The first limit, if the operation has one.
    pub(crate) limit: Option<i64>,
    /// The number of the first page, if the operation has page numbers in addition to
    /// the cursor.
    pub(crate) first_page: Option<i64>,
}

impl ByTime {
    /// Applies the wide overlap.
    pub(super) fn widened(self) -> Self {
        Self {
            overlap: self.overlap.max(WIDE_OVERLAP),
            ..self
        }
    }

    /// Returns the time that is further along the list.
    pub(super) fn ahead(&self, time: Timestamp, by: SignedDuration) -> Timestamp {
        let by = if self.ascending { by } else { -by };
        time.saturating_add(by).unwrap_or(time)
    }

    pub(super) fn back(&self, time: Timestamp, by: SignedDuration) -> Timestamp {
        self.ahead(time, -by)
    }

    /// Returns how far along the list `to` is from `from`.
    pub(super) fn distance(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        if self.ascending {
            to.duration_since(from)
        } else {
            from.duration_since(to)
        }
    }

    /// Returns the item of a page that is furthest along the list.
    pub(super) fn furthest_of(&self, page: &[ItemKey]) -> Option<Furthest> {
        self.furthest(timed(page))
    }

    fn furthest(&self, items: impl Iterator<Item = Furthest>) -> Option<Furthest> {
        if self.ascending {
            items.max()
        } else {
            items.min()
        }
    }

    /// Adds a page to a summary.
    pub(super) fn summary(&self, before: Summary, page: &[ItemKey]) -> Summary {
        let ids = page.iter().map(|(id, _)| *id);
        Summary {
            digest: digest(before.digest, ids),
            furthest: self.furthest(timed(page).chain(before.furthest)),
        }
    }

    /// Returns whether a page from the cursor on contains all these items.
    pub(super) fn contains(&self, cursor: Option<Timestamp>, page: &[ItemKey]) -> bool {
        let is_in = |cursor, time| self.distance(cursor, time).is_positive();
        cursor.is_none_or(|cursor| timed(page).all(|(time, _)| is_in(cursor, time)))
    }
}

/// Computes the FNV-1a hash of IDs.
fn digest(before: u64, ids: impl Iterator<Item = i64>) -> u64 {
    let bytes = ids.flat_map(i64::to_be_bytes);
    bytes.fold(before ^ 0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::digest;

    /// FNV-1a of the IDs 1 and 258, and of both, by an independent implementation.
    #[test]
    fn the_digest_is_fnv_1a_over_the_ids_in_order() {
        let of = |ids: &[i64]| digest(0, ids.iter().copied());
        assert_eq!(of(&[1]), 0xa8c7_f732_281a_3812);
        assert_eq!(of(&[258]), 0xa8c4_9432_2817_5a02);
        assert_eq!(of(&[1, 258]), 0xf4b9_325b_cc67_54e1);
        assert_ne!(of(&[258, 1]), of(&[1, 258]));
        // The digest of a page continues from that of the pages before it.
        let continued = digest(of(&[1]), [258].into_iter());
        assert_eq!(continued, 0xfc07_3bd4_f96f_8188);
    }
}
