//! Where a walk is, apart from how pages are fetched.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The documented size of a page. One of so many items may be full, whatever
/// limit was asked for.
const DOCUMENTED_SIZE: usize = 30;

/// No list is asked for more at once.
const LARGEST_LIMIT: i64 = 10_000;

/// How the pages of an operation follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// By the time of the last item.
    Cursor {
        /// Whether times grow along the list.
        ascending: bool,
        /// By how much a page overlaps the one before: what the server's clock
        /// may be finer than what it takes.
        tick: SignedDuration,
        /// How many items a page has, unless it was asked for another limit.
        size: usize,
        /// The limit to begin with, where the operation takes one.
        limit: Option<i64>,
    },
    /// By number.
    Page {
        /// The number of the first page.
        first: i64,
    },
}

/// Which page to fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    /// From where; `None` is where the request itself begins.
    pub(crate) cursor: Option<Timestamp>,
    pub(crate) page: Option<i64>,
    pub(crate) limit: Option<i64>,
    /// Whether it is asked only to learn if anything lies beyond.
    is_probe: bool,
}

/// An item that may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    id: i64,
    time: Option<Timestamp>,
}

/// Where a walk is: it can be kept, and a walk resumed from it goes on after
/// the last item that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub(super) walk: String,
    ask: Ask,
    seen: Vec<Seen>,
    is_over: bool,
}

/// What a page of items comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The walk goes on behind them.
    Onward,
    /// There are no further items.
    Over,
    /// More items have one time than a page holds, and no larger page can be
    /// asked for.
    Stuck,
}

/// Where a walk is, and how it goes on.
#[derive(Debug)]
pub(super) struct Position {
    walk: &'static str,
    style: Style,
    /// The page that was fetched last, or is to be fetched.
    ask: Ask,
    /// The page after it.
    next: Option<Ask>,
    /// Items that were given and may come again.
    seen: Vec<Seen>,
    /// How many items the last page had.
    page_length: usize,
    /// The page was taken before, by the walk that this one resumes.
    is_resumed: bool,
    pub(super) is_over: bool,
}

/// The id and the time of an item.
pub(super) type Mark = (i64, Option<Timestamp>);

impl Position {
    pub(super) fn new(walk: &'static str, style: Style) -> Self {
        let ask = match style {
            Style::Cursor { limit, .. } => Ask {
                limit,
                ..Ask::default()
            },
            Style::Page { first } => Ask {
                page: Some(first),
                ..Ask::default()
            },
        };
        Self {
            walk,
            style,
            ask,
            next: None,
            seen: Vec::new(),
            page_length: 0,
            is_resumed: false,
            is_over: false,
        }
    }

    /// Where the walk is; `all_given` is whether nothing is fetched that was
    /// not given.
    pub(super) fn checkpoint(&self, all_given: bool) -> Checkpoint {
        Checkpoint {
            walk: self.walk.to_owned(),
            ask: self.ask,
            seen: self.seen.clone(),
            is_over: self.is_over && all_given,
        }
    }

    /// Goes on from a checkpoint; gives whether it is one of such a walk.
    pub(super) fn resume(&mut self, checkpoint: Checkpoint) -> bool {
        if checkpoint.walk != self.walk {
            return false;
        }
        self.ask = checkpoint.ask;
        self.seen = checkpoint.seen;
        self.is_over = checkpoint.is_over;
        self.is_resumed = true;
        true
    }

    /// The page to fetch now.
    pub(super) fn turn(&mut self) -> Ask {
        if let Some(next) = self.next.take() {
            self.ask = next;
            self.forget();
        }
        self.ask
    }

    /// Whether an item was given already.
    pub(super) fn has_seen(&self, id: i64) -> bool {
        self.seen.iter().any(|seen| seen.id == id)
    }

    /// An item was given.
    pub(super) fn give(&mut self, (id, time): Mark) {
        self.seen.push(Seen { id, time });
    }

    /// Takes the items of the page that was asked for, and decides on the next.
    pub(super) fn take(&mut self, page: &[Mark]) -> Progress {
        let has_new = self.is_resumed || page.iter().any(|(id, _)| !self.has_seen(*id));
        self.is_resumed = false;
        self.page_length = page.len();
        let progress = match self.style {
            Style::Page { first } => self.take_numbered(first, page, has_new),
            Style::Cursor { .. } => self.take_dated(page, has_new),
        };
        self.is_over = progress == Progress::Over;
        progress
    }

    fn take_numbered(&mut self, first: i64, page: &[Mark], has_new: bool) -> Progress {
        let number = self.ask.page.unwrap_or(first);
        // Where counting from 0 is not sure, page 1 may be the first again.
        let may_repeat = first == 0 && number == 1 && !page.is_empty();
        if !has_new && !may_repeat {
            return Progress::Over;
        }
        self.next = Some(Ask {
            page: Some(number.saturating_add(1)),
            ..self.ask
        });
        Progress::Onward
    }

    fn take_dated(&mut self, page: &[Mark], has_new: bool) -> Progress {
        let Style::Cursor {
            ascending,
            tick,
            size,
            ..
        } = self.style
        else {
            return Progress::Over;
        };
        if self.ask.is_probe {
            let is_end = page.is_empty();
            return if is_end {
                Progress::Over
            } else {
                Progress::Stuck
            };
        }
        let limit = self.ask.limit.and_then(|limit| usize::try_from(limit).ok());
        let size = limit.unwrap_or(size);
        let may_be_full = page.len() >= size || page.len() == DOCUMENTED_SIZE;
        let times = page.iter().filter_map(|(_, time)| *time);
        let furthest = if ascending { times.max() } else { times.min() };
        let Some(furthest) = furthest else {
            // Without a time there is no way on.
            return if page.is_empty() || !may_be_full {
                Progress::Over
            } else {
                Progress::Stuck
            };
        };
        let back = if ascending { -tick } else { tick };
        let cursor = furthest.saturating_add(back).unwrap_or(furthest);
        let moves = match self.ask.cursor {
            None => true,
            Some(current) if ascending => cursor > current,
            Some(current) => cursor < current,
        };
        if moves {
            if !has_new && !may_be_full {
                return Progress::Over;
            }
            self.next = Some(Ask {
                cursor: Some(cursor),
                ..self.ask
            });
            return Progress::Onward;
        }
        if !may_be_full && page.len() < DOCUMENTED_SIZE {
            return Progress::Over;
        }
        if !may_be_full {
            // All that is left, or all that the server gives at once, whatever
            // it is asked for: it is the end only if nothing lies beyond. A
            // bound is strict from the latest on, and not in the other direction.
            let step = if ascending { 1 } else { 0 };
            let beyond = furthest.saturating_add(SignedDuration::from_micros(step));
            self.next = Some(Ask {
                cursor: Some(beyond.unwrap_or(furthest)),
                is_probe: true,
                ..self.ask
            });
            return Progress::Onward;
        }
        // The page does not get past one time: only a larger one can.
        match self.ask.limit {
            Some(limit) if limit < LARGEST_LIMIT && page.len() >= size => {
                self.next = Some(Ask {
                    limit: Some(limit.saturating_mul(2).min(LARGEST_LIMIT)),
                    ..self.ask
                });
                Progress::Onward
            }
            _ => Progress::Stuck,
        }
    }

    /// Drops what cannot come again, so that memory does not grow with the
    /// walk.
    fn forget(&mut self) {
        let (style, cursor) = (self.style, self.ask.cursor);
        match style {
            Style::Cursor {
                ascending, tick, ..
            } => {
                let Some(cursor) = cursor else { return };
                // Times that the server does not take as finely as it gives
                // them lie up to a tick beyond the cursor.
                let margin = tick.saturating_add(tick);
                self.seen.retain(|seen| match seen.time {
                    None => true,
                    Some(time) if ascending => time.duration_since(cursor) >= -margin,
                    Some(time) => time.duration_since(cursor) <= margin,
                });
            }
            Style::Page { .. } => {
                // Items that come in at the front push others to the next page.
                let kept = self.page_length.max(1000);
                let dropped = self.seen.len().saturating_sub(kept);
                self.seen.drain(..dropped);
            }
        }
    }
}

#[cfg(test)]
mod tests;
