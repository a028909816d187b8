//! Walks over numbered pages.
//!
//! An item that is inserted in front moves the others back, so a page may hold only
//! items that were yielded already. Therefore only an empty page is the end, or a page
//! that is returned again and again.

use super::history::{History, MIN_PAGE_SIZE};
use super::page_request::{NextPage, PageRequest, is_at_least};
use super::seen::ItemKey;

/// How many pages in a row may equal the one before. Insertions cause an equal page
/// only if exactly a page of items arrives between two requests. After five, the server
/// ignores the number or repeats its last page.
const MAX_STALLED_PAGES: u32 = 5;

/// How many items are remembered, in about 3 MiB. An item is yielded twice only if more
/// than this many were yielded since, which takes as many insertions during the walk.
const MAX_REMEMBERED: usize = 65_536;

const STUCK: &str = "page after page has no new items: the server ignores page numbers, or items \
                     are inserted faster than the walk reads them; the walk stops because more \
                     may follow";

/// The pages of a walk by number that had no new items.
#[derive(Debug, Default)]
pub(super) struct ByNumber {
    /// The IDs of the last page.
    last_page: Vec<i64>,
    /// How many pages in a row equal the one before.
    stalled: u32,
    /// How many rows in a row were yielded already.
    repeated: usize,
}

impl ByNumber {
    /// Decides what follows a page. `first` is the number of the first page, and
    /// `limit` the limit of the caller's request.
    pub(super) fn next_page(
        &mut self,
        (first, limit): (i64, Option<i64>),
        request: PageRequest,
        history: &History,
        page: &[ItemKey],
    ) -> NextPage {
        let number = request.page.unwrap_or(first);
        // If pages are counted from 1, page 0 may be empty.
        if page.is_empty() && number != 0 {
            return NextPage::End;
        }
        self.observe(page, history.has_new(page));
        if self.stalled >= MAX_STALLED_PAGES {
            return end_stalled(limit, history, page);
        }
        // Insertions at half the speed of the walk repeat each item at most twice.
        let allowed = history.yielded.saturating_mul(2);
        let allowed = allowed.saturating_add(history.largest_page * MAX_STALLED_PAGES as usize);
        if self.repeated > allowed {
            return NextPage::Stuck(STUCK);
        }
        NextPage::Fetch(PageRequest {
            page: Some(number.saturating_add(1)),
            limit: limit_after(request.limit, number == first, page.len()),
            ..request
        })
    }

    fn observe(&mut self, page: &[ItemKey], has_new: bool) {
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

/// Ends a walk whose server repeats a page: the last page in place of those after it,
/// or the first page in place of all.
fn end_stalled(limit: Option<i64>, history: &History, page: &[ItemKey]) -> NextPage {
    let is_first = page.iter().any(|(id, _)| Some(*id) == history.first_item);
    let is_last = page.len() < history.largest_page && !is_first;
    let is_full = limit.is_some_and(|limit| is_at_least(page.len(), limit));
    if is_last || (!is_full && history.is_whole_list(page)) {
        NextPage::End
    } else {
        NextPage::Stuck(STUCK)
    }
}

/// Returns the limit of the next page. If the first page is shorter than the limit, the
/// server may skip by either length, so the limit is set to the length of the page.
fn limit_after(limit: Option<i64>, is_first: bool, rows: usize) -> Option<i64> {
    let limit = limit?;
    let is_short = is_first && rows >= MIN_PAGE_SIZE && !is_at_least(rows, limit);
    let rows = i64::try_from(rows).ok().filter(|_| is_short);
    Some(rows.unwrap_or(limit))
}

/// Forgets the oldest items beyond the bound.
pub(super) fn forget_oldest(history: &mut History) {
    history.seen.retain_latest(MAX_REMEMBERED);
}
