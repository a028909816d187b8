//! Walks whose cursor is the time of the last item.
//!
//! Each page begins an overlap before the last item of the previous one, so that
//! items of one time are found across the edge of a page. While the cursor moves,
//! the next page follows. Where it does not, a page that is shorter than the
//! largest one is complete. Any other may be cut off: then the walk asks for a
//! larger limit, and then for further page numbers of the same cursor. Where none
//! of these leads on, the walk is stuck.
//!
//! The overlap brings the last item again. Where it does not, the item changed,
//! or the server compares or gives times more coarsely than assumed: a wider
//! overlap tells which.

use jiff::{SignedDuration, Timestamp};

use super::{Furthest, PageRequest, Pass, Position, Progress, Purpose, Summary, is_at_least};
use crate::paging::seen::ItemKey;

/// How far back a missing overlap is looked for: servers that compare or show
/// whole seconds are walked like any other.
const WIDE_OVERLAP: SignedDuration = SignedDuration::from_secs(2);

/// No page is asked for more items.
const LARGEST_LIMIT: i64 = 10_000;

/// How often the numbered pages of one cursor are read, while they change.
const MOST_PASSES: u32 = 8;

const STUCK: &str = "items that have the same time fill a page, and neither a larger limit nor a \
                     page number leads past them; the walk stops because more may follow: narrow \
                     the filters of the request";

/// How the pages of an operation follow one another by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByTime {
    /// Whether times grow along the list.
    pub(crate) ascending: bool,
    /// How far a page reaches back before the last item: by how much the times
    /// that the server compares may be coarser than those it gives.
    pub(crate) overlap: SignedDuration,
    /// The limit to begin with, where the operation takes one.
    pub(crate) limit: Option<i64>,
    /// The number of the first page, where the operation takes page numbers
    /// beside the cursor.
    pub(crate) first_page: Option<i64>,
}

impl ByTime {
    /// The same, with a wide overlap if it is to be.
    pub(super) fn widened(self, is_wide: bool) -> Self {
        let wide = if is_wide {
            WIDE_OVERLAP
        } else {
            SignedDuration::ZERO
        };
        let overlap = self.overlap.max(wide);
        Self { overlap, ..self }
    }

    /// The time that lies further along the list.
    fn ahead(&self, time: Timestamp, by: SignedDuration) -> Timestamp {
        let by = if self.ascending { by } else { -by };
        time.saturating_add(by).unwrap_or(time)
    }

    fn back(&self, time: Timestamp, by: SignedDuration) -> Timestamp {
        self.ahead(time, -by)
    }

    /// How far `to` lies along the list from `from`.
    fn distance(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        if self.ascending {
            to.duration_since(from)
        } else {
            from.duration_since(to)
        }
    }

    fn furthest(&self, items: impl Iterator<Item = Furthest>) -> Option<Furthest> {
        if self.ascending {
            items.max()
        } else {
            items.min()
        }
    }

    fn furthest_of(&self, page: &[ItemKey]) -> Option<Furthest> {
        self.furthest(timed(page))
    }

    /// Adds a page to those before it.
    fn summary(&self, before: Summary, page: &[ItemKey]) -> Summary {
        let ids = page.iter().map(|(id, _)| *id);
        Summary {
            digest: digest(before.digest, ids),
            furthest: self.furthest(timed(page).chain(before.furthest)),
        }
    }

    /// Returns whether a page from the cursor on holds all these items.
    fn holds(&self, cursor: Option<Timestamp>, page: &[ItemKey]) -> bool {
        let is_in = |cursor, time| self.distance(cursor, time).is_positive();
        cursor.is_none_or(|cursor| timed(page).all(|(time, _)| is_in(cursor, time)))
    }
}

/// FNV-1a, over ids.
fn digest(before: u64, ids: impl Iterator<Item = i64>) -> u64 {
    let bytes = ids.flat_map(i64::to_be_bytes);
    bytes.fold(before ^ 0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn timed(page: &[ItemKey]) -> impl Iterator<Item = Furthest> {
    page.iter().filter_map(|(id, time)| Some(((*time)?, *id)))
}

impl Position {
    pub(super) fn take_by_time(&mut self, by_time: ByTime, page: &[ItemKey]) -> Progress {
        let has_anchor = page.iter().any(|(id, _)| Some(*id) == self.request.anchor);
        match self.request.purpose {
            Purpose::Items if has_anchor || self.is_checked(by_time) => {
                self.take_items(by_time, page)
            }
            Purpose::Items => self.widen(by_time),
            Purpose::Widen { narrow } => {
                if has_anchor || self.is_cut_off(by_time, narrow, page) {
                    // It is there, or may be, and the narrow cursor hides it.
                    self.is_wide = true;
                    self.take_items(by_time.widened(true), page)
                } else {
                    self.ask_again(narrow)
                }
            }
            Purpose::Numbered(pass) => self.take_numbered(by_time, pass, page),
            Purpose::Beyond if self.has_new(page) => Progress::Stuck(STUCK),
            Purpose::Beyond => Progress::Over,
        }
    }

    fn take_items(&mut self, by_time: ByTime, page: &[ItemKey]) -> Progress {
        if page.is_empty() {
            return Progress::Over;
        }
        match self.request_past(by_time, by_time.furthest_of(page)) {
            Some(next) => self.go(next),
            None if page.len() < self.largest_page => Progress::Over,
            None => self.get_past(by_time, page),
        }
    }

    /// Returns the request behind an item, if that lies ahead of this one.
    fn request_past(&self, by_time: ByTime, furthest: Option<Furthest>) -> Option<PageRequest> {
        let (time, id) = furthest?;
        let cursor = by_time.back(time, by_time.overlap);
        let moves = |current| by_time.distance(current, cursor).is_positive();
        let request = PageRequest {
            cursor: Some(cursor),
            limit: self.request.limit,
            anchor: Some(id),
            ..PageRequest::default()
        };
        self.request.cursor.is_none_or(moves).then_some(request)
    }

    /// Goes on behind an item, if that lies ahead; otherwise the list is over.
    fn go_past(&mut self, by_time: ByTime, furthest: Option<Furthest>) -> Progress {
        let next = self.request_past(by_time, furthest);
        next.map_or(Progress::Over, |next| self.go(next))
    }

    /// Asks for more of a page that ends within one time, and may be cut off
    /// there.
    fn get_past(&mut self, by_time: ByTime, page: &[ItemKey]) -> Progress {
        let more = PageRequest {
            purpose: Purpose::Items,
            is_checked: true,
            ..self.request
        };
        if let Some(limit) = self.request.limit
            && is_at_least(page.len(), limit)
            && limit < LARGEST_LIMIT
        {
            return self.go(PageRequest {
                limit: Some(limit.saturating_mul(2).clamp(1, LARGEST_LIMIT)),
                ..more
            });
        }
        let Some(first) = by_time.first_page else {
            return self.give_up(by_time, page);
        };
        // A server may skip by the limit that it was asked for or by the one that
        // it keeps to: now they are the same.
        let limit = self.request.limit.and(i64::try_from(page.len()).ok());
        let so_far = by_time.summary(Summary::default(), page);
        self.go(PageRequest {
            page: Some(first.saturating_add(1)),
            limit,
            purpose: Purpose::Numbered(Pass {
                last_page: so_far.digest,
                so_far,
                ..Pass::default()
            }),
            ..more
        })
    }

    /// Goes through the numbered pages of one cursor, to the end of the list or to
    /// a page that a cursor leads past; and again, until two passes agree: then no
    /// change moved an item to a page that was read before it came there.
    fn take_numbered(&mut self, by_time: ByTime, pass: Pass, page: &[ItemKey]) -> Progress {
        let first = by_time.first_page.unwrap_or_default();
        let number = self.request.page.unwrap_or(first);
        let next = self.request_past(by_time, by_time.furthest_of(page));
        let next = next.filter(|next| !by_time.holds(next.cursor, page));
        let so_far = by_time.summary(pass.so_far, page);
        if page.is_empty() || next.is_some() {
            let is_alone = number == first.saturating_add(1) && self.is_whole_list(page);
            if number <= first || is_alone {
                return next.map_or(Progress::Over, |next| self.go(next));
            }
            let (digest, furthest) = (pass.so_far.digest, so_far.furthest);
            let end = (number.saturating_sub(1), Summary { digest, furthest });
            return self.pass_again(first, pass.number, end);
        }
        if let Some((last_full, previous)) = pass.previous
            && last_full == number
            && previous.digest == so_far.digest
        {
            return self.go_past(by_time, previous.furthest);
        }
        let last_page = by_time.summary(Summary::default(), page).digest;
        if last_page == pass.last_page || self.exceeds(number.saturating_sub(first), page) {
            // The server does not honour the number.
            return self.give_up(by_time, page);
        }
        self.go(PageRequest {
            page: Some(number.saturating_add(1)),
            purpose: Purpose::Numbered(Pass {
                last_page,
                so_far,
                ..pass
            }),
            ..self.request
        })
    }

    /// Returns whether so many pages like this one have more rows than any list
    /// of which this walk has read as much.
    fn exceeds(&self, pages: i64, page: &[ItemKey]) -> bool {
        let pages = usize::try_from(pages).unwrap_or(usize::MAX);
        let rows = pages.saturating_mul(page.len());
        rows > self
            .yielded
            .saturating_add(self.largest_page)
            .saturating_mul(2)
    }

    fn pass_again(&mut self, first: i64, passes: u32, end: (i64, Summary)) -> Progress {
        if passes >= MOST_PASSES {
            return Progress::Stuck(STUCK);
        }
        self.go(PageRequest {
            page: Some(first),
            purpose: Purpose::Numbered(Pass {
                number: passes.saturating_add(1),
                previous: Some(end),
                ..Pass::default()
            }),
            ..self.request
        })
    }

    /// Returns whether there is no need to look for the anchor of the page.
    fn is_checked(&self, by_time: ByTime) -> bool {
        self.request.is_checked || self.request.anchor.is_none() || by_time.overlap >= WIDE_OVERLAP
    }

    fn widen(&mut self, by_time: ByTime) -> Progress {
        let Some(narrow) = self.request.cursor else {
            return Progress::Over;
        };
        let anchor = by_time.ahead(narrow, by_time.overlap);
        self.go(PageRequest {
            cursor: Some(by_time.back(anchor, WIDE_OVERLAP)),
            purpose: Purpose::Widen { narrow },
            ..self.request
        })
    }

    /// Returns whether a wide page may end before the time of its anchor.
    fn is_cut_off(&self, by_time: ByTime, narrow: Timestamp, page: &[ItemKey]) -> bool {
        let beyond = by_time.ahead(narrow, WIDE_OVERLAP);
        let is_beyond = |(time, _)| by_time.distance(beyond, time).is_positive();
        page.len() >= self.largest_page && !timed(page).any(is_beyond)
    }

    fn ask_again(&mut self, narrow: Timestamp) -> Progress {
        self.go(PageRequest {
            cursor: Some(narrow),
            purpose: Purpose::Items,
            is_checked: true,
            ..self.request
        })
    }

    /// Ends the walk where no request leads past a page.
    fn give_up(&mut self, by_time: ByTime, page: &[ItemKey]) -> Progress {
        if !self.is_whole_list(page) {
            return Progress::Stuck(STUCK);
        }
        let Some((furthest, _)) = by_time.furthest_of(page) else {
            return Progress::Over;
        };
        self.go(PageRequest {
            cursor: Some(by_time.ahead(furthest, WIDE_OVERLAP)),
            limit: self.request.limit,
            purpose: Purpose::Beyond,
            ..PageRequest::default()
        })
    }

    /// Drops the items that cannot come again, so that memory does not grow with
    /// the walk.
    pub(super) fn forget_passed(&mut self, by_time: ByTime) {
        let Some(cursor) = self.request.cursor else {
            return;
        };
        let margin = by_time.overlap.max(WIDE_OVERLAP);
        // A wide overlap, and as much again for times that are compared coarsely.
        let margin = margin.saturating_add(margin);
        self.seen
            .retain(|time| by_time.distance(time, cursor) <= margin);
    }
}
