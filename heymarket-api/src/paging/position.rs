//! Where a walk is in its list, independent of how pages are fetched.

use serde::{Deserialize, Serialize};

use super::by_number::{ByNumber, forget_oldest};
use super::by_time::ByTime;
use super::history::History;
use super::page_request::{NextPage, PageRequest, Purpose};
use super::seen::ItemKey;
use super::time_step::{TimeStep, forget_passed};

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

/// What a checkpoint stores of a position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    request: PageRequest,
    /// The items that were yielded and may be returned again.
    items: Vec<ItemKey>,
    yielded: usize,
    largest_page: usize,
    first_item: Option<i64>,
    is_wide: bool,
    is_over: bool,
}

/// Where a walk is, and which page is next.
#[derive(Debug)]
pub(super) struct Position {
    style: Style,
    /// The page that was fetched last, or is to be fetched.
    request: PageRequest,
    /// The page after it.
    next: Option<PageRequest>,
    history: History,
    by_number: ByNumber,
    /// Whether the times of the server are coarser than the overlap.
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
            history: History::default(),
            by_number: ByNumber::default(),
            is_wide: false,
            is_over: false,
        }
    }

    /// Returns what a checkpoint stores; `all_yielded` is whether every fetched item
    /// was yielded.
    pub(super) fn state(&self, all_yielded: bool) -> State {
        State {
            request: self.request,
            items: self.history.seen.to_vec(),
            yielded: self.history.yielded,
            largest_page: self.history.largest_page,
            first_item: self.history.first_item,
            is_wide: self.is_wide,
            is_over: self.is_over && all_yielded,
        }
    }

    /// Continues from what a checkpoint stored.
    pub(super) fn resume(&mut self, state: State) {
        self.request = state.request;
        self.history = History {
            seen: state.items.into_iter().collect(),
            yielded: state.yielded,
            largest_page: state.largest_page,
            first_item: state.first_item,
        };
        self.is_wide = state.is_wide;
        self.is_over = state.is_over;
    }

    /// Returns the page to fetch now.
    pub(super) fn next_request(&mut self) -> PageRequest {
        if let Some(next) = self.next.take() {
            let moved_to = next.cursor.filter(|_| next.cursor != self.request.cursor);
            self.request = next;
            match (self.style, moved_to) {
                (Style::Cursor(by_time), Some(cursor)) => {
                    forget_passed(&mut self.history, by_time, cursor);
                }
                (Style::Cursor(_), None) => {}
                (Style::Page { .. }, _) => forget_oldest(&mut self.history),
            }
        }
        self.request
    }

    /// Returns whether the page is fetched only to learn what it holds: its items are
    /// not yielded.
    pub(super) fn is_probe(&self) -> bool {
        self.request.purpose == Purpose::Beyond
    }

    /// Returns whether an item was yielded already.
    pub(super) fn has_seen(&self, id: i64) -> bool {
        self.history.has_seen(id)
    }

    /// Records that an item was yielded.
    pub(super) fn record(&mut self, key: ItemKey) {
        self.history.record(key);
    }

    /// Accepts the page that was requested, and decides what follows. Returns why the
    /// walk is stuck, if it is.
    pub(super) fn accept(&mut self, page: &[ItemKey]) -> Option<&'static str> {
        self.history.observe(page);
        let next = match self.style {
            Style::Cursor(by_time) => self.after_page_by_time(by_time, page),
            Style::Page { first, limit } => {
                let (request, history) = (self.request, &self.history);
                self.by_number
                    .next_page((first, limit), request, history, page)
            }
        };
        self.is_over = next == NextPage::End;
        match next {
            NextPage::Fetch(request) => self.next = Some(request),
            NextPage::End => {}
            NextPage::Stuck(reason) => return Some(reason),
        }
        None
    }

    fn after_page_by_time(&mut self, by_time: ByTime, page: &[ItemKey]) -> NextPage {
        let mut step = TimeStep {
            by_time: if self.is_wide {
                by_time.widened()
            } else {
                by_time
            },
            request: self.request,
            history: &self.history,
            page,
        };
        if step.needs_wide_overlap() {
            self.is_wide = true;
            step.by_time = by_time.widened();
        }
        step.next_page()
    }
}
