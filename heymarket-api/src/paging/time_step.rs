//! What follows a page of a walk by time.
//!
//! Each page begins an overlap before the last item of the previous one, so that items
//! of one time are found across the edge of a page. While the cursor moves, the next
//! page follows. If it does not move, a page that is shorter than the largest one is
//! complete. Any other may be truncated: the walk then asks for a larger limit, and
//! after that for further page numbers of the same cursor. If neither leads on, the
//! walk is stuck.
//!
//! The overlap returns the last item again. If it does not, the item changed, or the
//! server compares or returns times more coarsely than assumed: a wider overlap tells
//! which.

use jiff::Timestamp;

use super::by_time::{ByTime, WIDE_OVERLAP};
use super::history::History;
use super::page_request::{
    Furthest, NextPage, PageRequest, Pass, Purpose, Summary, is_at_least, timed,
};
use super::seen::ItemKey;

/// The largest limit of a page.
const MAX_LIMIT: i64 = 10_000;

/// How often the numbered pages of one cursor are read while they change.
const MAX_PASSES: u32 = 8;

const STUCK: &str = "items that have the same time fill a page, and neither a larger limit nor a \
                     page number leads past them; the walk stops because more may follow: narrow \
                     the filters of the request";

/// A page, with what is known when it arrives.
pub(super) struct TimeStep<'a> {
    pub(super) by_time: ByTime,
    pub(super) request: PageRequest,
    pub(super) history: &'a History,
    pub(super) page: &'a [ItemKey],
}

impl TimeStep<'_> {
    /// Returns whether the page shows that the times of the server are coarser than
    /// the overlap: the wide cursor returned the anchor, or may have been truncated
    /// before it, where the narrow one did not.
    pub(super) fn needs_wide_overlap(&self) -> bool {
        match self.request.purpose {
            Purpose::Widen { narrow } => self.has_anchor() || self.is_truncated(narrow),
            _ => false,
        }
    }

    /// Decides what follows.
    pub(super) fn next_page(&self) -> NextPage {
        match self.request.purpose {
            Purpose::Items if self.has_anchor() || self.is_checked() => self.next_items(),
            Purpose::Items => self.widen(),
            Purpose::Widen { .. } if self.needs_wide_overlap() => self.next_items(),
            Purpose::Widen { narrow } => self.fetch_again(narrow),
            Purpose::Numbered(pass) => self.next_numbered(pass),
            Purpose::Beyond if self.history.has_new(self.page) => NextPage::Stuck(STUCK),
            Purpose::Beyond => NextPage::End,
        }
    }

    fn has_anchor(&self) -> bool {
        let anchor = self.request.anchor;
        self.page.iter().any(|(id, _)| Some(*id) == anchor)
    }

    /// Returns whether the anchor of the page need not be searched for.
    fn is_checked(&self) -> bool {
        self.request.is_checked
            || self.request.anchor.is_none()
            || self.by_time.overlap >= WIDE_OVERLAP
    }

    fn furthest(&self) -> Option<Furthest> {
        self.by_time.furthest_of(self.page)
    }

    fn next_items(&self) -> NextPage {
        if self.page.is_empty() {
            return NextPage::End;
        }
        match self.request_past(self.furthest()) {
            Some(next) => NextPage::Fetch(next),
            None if self.page.len() < self.history.largest_page => NextPage::End,
            None => self.get_past(),
        }
    }

    /// Returns the request behind an item, if that is ahead of the current one.
    fn request_past(&self, furthest: Option<Furthest>) -> Option<PageRequest> {
        let (time, id) = furthest?;
        let cursor = self.by_time.back(time, self.by_time.overlap);
        let moves = |current| self.by_time.distance(current, cursor).is_positive();
        let request = PageRequest {
            cursor: Some(cursor),
            limit: self.request.limit,
            anchor: Some(id),
            ..PageRequest::default()
        };
        self.request.cursor.is_none_or(moves).then_some(request)
    }

    /// Continues behind an item if that is ahead; otherwise the list ends.
    fn go_past(&self, furthest: Option<Furthest>) -> NextPage {
        let next = self.request_past(furthest);
        next.map_or(NextPage::End, NextPage::Fetch)
    }

    /// Asks for more of a page that ends within one time, and may be truncated there.
    fn get_past(&self) -> NextPage {
        let more = PageRequest {
            purpose: Purpose::Items,
            is_checked: true,
            ..self.request
        };
        if let Some(limit) = self.request.limit
            && is_at_least(self.page.len(), limit)
            && limit < MAX_LIMIT
        {
            return NextPage::Fetch(PageRequest {
                limit: Some(limit.saturating_mul(2).clamp(1, MAX_LIMIT)),
                ..more
            });
        }
        let Some(first) = self.by_time.first_page else {
            return self.give_up();
        };
        // A server may skip by the requested limit or by its own. Now they are equal.
        let limit = self.request.limit.and(i64::try_from(self.page.len()).ok());
        let so_far = self.by_time.summary(Summary::default(), self.page);
        NextPage::Fetch(PageRequest {
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

    /// Reads the numbered pages of one cursor, to the end of the list or to a page that
    /// a cursor leads past; and again, until two passes agree: then no change moved an
    /// item to a page that was already read.
    fn next_numbered(&self, pass: Pass) -> NextPage {
        let (by_time, page) = (self.by_time, self.page);
        let first = by_time.first_page.unwrap_or_default();
        let number = self.request.page.unwrap_or(first);
        let next = self.request_past(self.furthest());
        let next = next.filter(|next| !by_time.contains(next.cursor, page));
        let so_far = by_time.summary(pass.so_far, page);
        if page.is_empty() || next.is_some() {
            let is_alone = number == first.saturating_add(1) && self.history.is_whole_list(page);
            if number <= first || is_alone {
                return next.map_or(NextPage::End, NextPage::Fetch);
            }
            let (digest, furthest) = (pass.so_far.digest, so_far.furthest);
            let end = (number.saturating_sub(1), Summary { digest, furthest });
            return self.pass_again(first, pass.number, end);
        }
        if let Some((last_full, previous)) = pass.previous
            && last_full == number
            && previous.digest == so_far.digest
        {
            return self.go_past(previous.furthest);
        }
        let last_page = by_time.summary(Summary::default(), page).digest;
        if last_page == pass.last_page || self.exceeds(number.saturating_sub(first)) {
            // The server ignores the number.
            return self.give_up();
        }
        NextPage::Fetch(PageRequest {
            page: Some(number.saturating_add(1)),
            purpose: Purpose::Numbered(Pass {
                last_page,
                so_far,
                ..pass
            }),
            ..self.request
        })
    }

    /// Returns whether `pages` pages like this one have more rows than any list of
    /// which this walk has read as much.
    fn exceeds(&self, pages: i64) -> bool {
        let pages = usize::try_from(pages).unwrap_or(usize::MAX);
        let rows = pages.saturating_mul(self.page.len());
        let known = self
            .history
            .yielded
            .saturating_add(self.history.largest_page);
        rows > known.saturating_mul(2)
    }

    fn pass_again(&self, first: i64, passes: u32, end: (i64, Summary)) -> NextPage {
        if passes >= MAX_PASSES {
            return NextPage::Stuck(STUCK);
        }
        NextPage::Fetch(PageRequest {
            page: Some(first),
            purpose: Purpose::Numbered(Pass {
                number: passes.saturating_add(1),
                previous: Some(end),
                ..Pass::default()
            }),
            ..self.request
        })
    }

    /// Looks for the anchor with a wide overlap.
    fn widen(&self) -> NextPage {
        let Some(narrow) = self.request.cursor else {
            return NextPage::End;
        };
        let anchor = self.by_time.ahead(narrow, self.by_time.overlap);
        NextPage::Fetch(PageRequest {
            cursor: Some(self.by_time.back(anchor, WIDE_OVERLAP)),
            purpose: Purpose::Widen { narrow },
            ..self.request
        })
    }

    /// Returns whether a wide page may end before the time of its anchor.
    fn is_truncated(&self, narrow: Timestamp) -> bool {
        let beyond = self.by_time.ahead(narrow, WIDE_OVERLAP);
        let is_beyond = |(time, _)| self.by_time.distance(beyond, time).is_positive();
        self.page.len() >= self.history.largest_page && !timed(self.page).any(is_beyond)
    }

    fn fetch_again(&self, narrow: Timestamp) -> NextPage {
        NextPage::Fetch(PageRequest {
            cursor: Some(narrow),
            purpose: Purpose::Items,
            is_checked: true,
            ..self.request
        })
    }

    /// Ends the walk at a page that no request leads past.
    fn give_up(&self) -> NextPage {
        if !self.history.is_whole_list(self.page) {
            return NextPage::Stuck(STUCK);
        }
        let Some((furthest, _)) = self.furthest() else {
            return NextPage::End;
        };
        NextPage::Fetch(PageRequest {
            cursor: Some(self.by_time.ahead(furthest, WIDE_OVERLAP)),
            limit: self.request.limit,
            purpose: Purpose::Beyond,
            ..PageRequest::default()
        })
    }
}

/// Forgets the items that cannot be returned again from a cursor on.
pub(super) fn forget_passed(history: &mut History, by_time: ByTime, cursor: Timestamp) {
    let margin = by_time.overlap.max(WIDE_OVERLAP);
    // A wide overlap, and as much again for times that are compared coarsely.
    let margin = margin.saturating_add(margin);
    history.retain(|time| by_time.distance(time, cursor) <= margin);
}

#[cfg(test)]
mod tests;
