//! Where a walk is, apart from how pages are fetched.

mod by_number;
mod by_time;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seen::{ItemKey, Seen};
use by_number::ByNumber;
pub(crate) use by_time::ByTime;

/// A server is assumed to give at least this many items, or as many as the
/// limit asks for, when it has more. Only a list whose items all have one time
/// and all fit into one smaller page rests on it: without it, no walk could know
/// that a list of a single item is complete.
pub(super) const SMALLEST_PAGE: usize = 10;

/// How the pages of an operation follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// By the time of the last item.
    Cursor(ByTime),
    /// By number.
    Page {
        /// The number of the first page.
        first: i64,
        /// The limit of the request.
        limit: Option<i64>,
    },
}

/// The page to fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PageRequest {
    /// Where the page begins; `None` is where the request itself begins.
    pub(crate) cursor: Option<Timestamp>,
    pub(crate) page: Option<i64>,
    pub(crate) limit: Option<i64>,
    purpose: Purpose,
    /// The item that the cursor is of, which the overlap brings again.
    anchor: Option<i64>,
    /// A page from this cursor on was searched for the anchor.
    is_checked: bool,
}

/// Why a page is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Purpose {
    /// For the items from the cursor on.
    #[default]
    Items,
    /// To find the anchor that the page from the cursor `narrow` on lacks.
    Widen { narrow: Timestamp },
    /// For the items of one time that fill the page, by page numbers.
    Numbered(Pass),
    /// To learn whether there are items beyond the last time.
    Beyond,
}

/// A pass through the numbered pages of one cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Pass {
    /// How many passes came before.
    number: u32,
    /// The ids of the page before, digested.
    last_page: u64,
    so_far: Summary,
    /// The number of the last full page of the pass before, and that pass.
    previous: Option<(i64, Summary)>,
}

/// What numbered pages hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Summary {
    /// The ids of the full pages, digested.
    digest: u64,
    furthest: Option<Furthest>,
}

/// The time and the id of the item that lies furthest along the list.
type Furthest = (Timestamp, i64);

/// What follows from a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is a next page to fetch.
    Onward,
    /// There are no further items.
    Over,
    /// There may be further items, and no request leads to them, for this
    /// reason.
    Stuck(&'static str),
}

/// What a checkpoint keeps of a position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    request: PageRequest,
    /// The items that were yielded and may come again.
    items: Vec<ItemKey>,
    yielded: usize,
    largest_page: usize,
    first_item: Option<i64>,
    is_wide: bool,
    is_over: bool,
}

/// Where a walk is, and how it goes on.
#[derive(Debug)]
pub(super) struct Position {
    style: Style,
    /// The page that was fetched last, or is to be fetched.
    request: PageRequest,
    /// The page after it.
    next: Option<PageRequest>,
    seen: Seen,
    /// How many items were yielded.
    yielded: usize,
    /// The length of the largest page so far. A shorter one is complete.
    largest_page: usize,
    /// The item that the first page began with.
    first_item: Option<i64>,
    by_number: ByNumber,
    /// The times of the server are coarser than the overlap that was assumed.
    is_wide: bool,
    pub(super) is_over: bool,
}

impl Position {
    pub(super) fn new(style: Style) -> Self {
        let (page, limit) = match style {
            Style::Cursor(by_time) => (None, by_time.limit),
            Style::Page { first, limit } => (Some(first), limit),
        };
        Self {
            style,
            request: PageRequest {
                page,
                limit,
                ..PageRequest::default()
            },
            next: None,
            seen: Seen::default(),
            yielded: 0,
            largest_page: 0,
            first_item: None,
            by_number: ByNumber::default(),
            is_wide: false,
            is_over: false,
        }
    }

    /// Returns what a checkpoint keeps; `all_yielded` is whether every item that
    /// was fetched was yielded.
    pub(super) fn state(&self, all_yielded: bool) -> State {
        State {
            request: self.request,
            items: self.seen.to_vec(),
            yielded: self.yielded,
            largest_page: self.largest_page,
            first_item: self.first_item,
            is_wide: self.is_wide,
            is_over: self.is_over && all_yielded,
        }
    }

    /// Goes on from the position that a checkpoint kept.
    pub(super) fn resume(&mut self, state: State) {
        self.request = state.request;
        self.seen = state.items.into_iter().collect();
        self.yielded = state.yielded;
        self.largest_page = state.largest_page;
        self.first_item = state.first_item;
        self.is_wide = state.is_wide;
        self.is_over = state.is_over;
    }

    /// Returns the page to fetch now.
    pub(super) fn next_request(&mut self) -> PageRequest {
        if let Some(next) = self.next.take() {
            let moves = next.cursor != self.request.cursor;
            self.request = next;
            match self.style {
                Style::Cursor(by_time) if moves => self.forget_passed(by_time),
                Style::Cursor(_) => {}
                Style::Page { .. } => self.forget_oldest(),
            }
        }
        self.request
    }

    /// Returns whether the page is fetched only to learn what it holds: its items
    /// are not yielded.
    pub(super) fn is_probe(&self) -> bool {
        self.request.purpose == Purpose::Beyond
    }

    /// Returns whether an item was yielded already.
    pub(super) fn has_seen(&self, id: i64) -> bool {
        self.seen.contains(id)
    }

    /// Records that an item was yielded.
    pub(super) fn record(&mut self, key: ItemKey) {
        if self.seen.insert(key) {
            self.yielded = self.yielded.saturating_add(1);
        }
    }

    /// Takes the page that was requested, and decides on the next.
    pub(super) fn take(&mut self, page: &[ItemKey]) -> Progress {
        self.largest_page = self.largest_page.max(page.len());
        self.first_item = self.first_item.or(page.first().map(|(id, _)| *id));
        let progress = match self.style {
            Style::Cursor(by_time) => self.take_by_time(by_time.widened(self.is_wide), page),
            Style::Page { first, limit } => self.take_by_number(first, limit, page),
        };
        self.is_over = progress == Progress::Over;
        progress
    }

    fn go(&mut self, next: PageRequest) -> Progress {
        self.next = Some(next);
        Progress::Onward
    }

    /// Returns whether a page has an item that was not yielded yet.
    fn has_new(&self, page: &[ItemKey]) -> bool {
        page.iter().any(|(id, _)| !self.has_seen(*id))
    }

    /// Returns whether this page is all that there is, as far as sizes tell: it is
    /// shorter than any server's full page, and holds everything so far.
    fn is_whole_list(&self, page: &[ItemKey]) -> bool {
        let new = page.iter().filter(|(id, _)| !self.has_seen(*id)).count();
        let all = self.yielded.saturating_add(new);
        self.largest_page < SMALLEST_PAGE && all <= self.largest_page
    }
}

/// Returns whether a page of so many rows is as long as a limit allows.
fn is_at_least(rows: usize, limit: i64) -> bool {
    i64::try_from(rows).unwrap_or(i64::MAX) >= limit
}
