//! Walks whose pages are numbered.
//!
//! An item that is inserted in front moves the others back, and a page shows
//! items that came already, or nothing else. So only an empty page is the end, or
//! a page that comes again and again.

use super::{PageRequest, Position, Progress, SMALLEST_PAGE, is_at_least};
use crate::paging::seen::ItemKey;

/// How many pages in a row may equal the one before. Insertions cause it only if
/// exactly a page of them arrives between two requests; after five, the server
/// does not honour the number, or repeats its last page.
const STALLED_PAGES: u32 = 5;

/// How many items are remembered, in about 3 MiB. An item is yielded twice only if
/// more than these were yielded since, which takes as many insertions during the
/// walk.
const REMEMBERED: usize = 65_536;

const STUCK: &str = "page after page brings nothing new: the server does not honour page numbers, \
                     or items are inserted faster than the walk reads them; the walk stops because \
                     more may follow";

/// What a walk by number knows of the pages that brought nothing new.
#[derive(Debug, Default)]
pub(super) struct ByNumber {
    /// The ids of the last page.
    last_page: Vec<i64>,
    /// How many pages in a row equal the one before.
    stalled: u32,
    /// How many rows in a row came before.
    repeated: usize,
}

impl ByNumber {
    fn take(&mut self, page: &[ItemKey], has_new: bool) {
        let is_same = page.iter().map(|(id, _)| id).eq(&self.last_page);
        self.stalled = if is_same { self.stalled + 1 } else { 0 };
        self.repeated = if has_new {
            0
        } else {
            self.repeated.saturating_add(page.len())
        };
        if !is_same {
            self.last_page = page.iter().map(|(id, _)| *id).collect();
        }
    }
}

impl Position {
    pub(super) fn take_by_number(
        &mut self,
        first: i64,
        limit: Option<i64>,
        page: &[ItemKey],
    ) -> Progress {
        let number = self.request.page.unwrap_or(first);
        if page.is_empty() && number != 0 {
            return Progress::Over;
        }
        // Where counting from 0 is not sure, page 1 may be the first.
        let has_new = self.has_new(page);
        self.by_number.take(page, has_new);
        if self.by_number.stalled >= STALLED_PAGES {
            return self.end_stalled(limit, page);
        }
        // Insertions at half the speed of the walk repeat each item twice at most.
        let allowed = self.yielded.saturating_mul(2);
        let allowed = allowed.saturating_add(self.largest_page * STALLED_PAGES as usize);
        if self.by_number.repeated > allowed {
            return Progress::Stuck(STUCK);
        }
        self.go(PageRequest {
            page: Some(number.saturating_add(1)),
            limit: self.limit_after(number == first, page.len()),
            ..self.request
        })
    }

    /// Ends a walk of which a page came again and again: the last one, in the place
    /// of any behind it, or the first one, in the place of all.
    fn end_stalled(&self, limit: Option<i64>, page: &[ItemKey]) -> Progress {
        let is_first = page.iter().any(|(id, _)| Some(*id) == self.first_item);
        let is_last = page.len() < self.largest_page && !is_first;
        let is_full = limit.is_some_and(|limit| is_at_least(page.len(), limit));
        if is_last || (!is_full && self.is_whole_list(page)) {
            Progress::Over
        } else {
            Progress::Stuck(STUCK)
        }
    }

    /// Returns the limit of the next page. Where the first page has fewer items
    /// than the limit, the server may skip by either: then they are made the
    /// same.
    fn limit_after(&self, is_first: bool, rows: usize) -> Option<i64> {
        let limit = self.request.limit?;
        let is_short = is_first && rows >= SMALLEST_PAGE && !is_at_least(rows, limit);
        let rows = i64::try_from(rows).ok().filter(|_| is_short);
        Some(rows.unwrap_or(limit))
    }

    pub(super) fn forget_oldest(&mut self) {
        self.seen.retain_latest(REMEMBERED);
    }
}
