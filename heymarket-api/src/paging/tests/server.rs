//! A model of a server with one list.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::paging::page_request::PageRequest;
use crate::paging::seen::ItemKey;

/// 2026-05-07T12:00:00Z, in microseconds, as all times here.
const START: i64 = 1_778_155_200_000_000;

/// What a server makes of a page number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    Ignored,
    /// Counted from `first`; a lower number is taken for it.
    Honoured {
        first: i64,
        /// Skips by the limit of the request, though it gives fewer.
        skips_by_limit: bool,
        /// Gives the last page in the place of any behind it.
        repeats_last: bool,
    },
}

/// How a server gives its list.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) ascending: bool,
    /// Whether a page begins with the items that have the time of the cursor.
    pub(super) is_inclusive: bool,
    /// The unit of the times that it compares and sorts by.
    pub(super) compared: i64,
    /// The unit of the times that it returns.
    pub(super) shown: i64,
    /// Whether it rounds them, rather than cutting them off.
    pub(super) rounds: bool,
    /// Whether it takes cursors in whole seconds.
    pub(super) takes_seconds: bool,
    pub(super) default_size: usize,
    /// No page has more, whatever limit is asked for.
    pub(super) cap: usize,
    pub(super) honours_limit: bool,
    pub(super) numbers: Numbers,
    /// Mixes up the order of items with one time.
    pub(super) tie_salt: u64,
    /// One in `hides` items is counted and then left out; 0 means never.
    pub(super) hides: u64,
    /// One in `doubles` items appears twice; 0 means never.
    pub(super) doubles: u64,
    /// One in `timeless` items has no time; 0 means never.
    pub(super) timeless: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    /// The time as it is compared.
    compared: i64,
    tie: u64,
    id: i64,
    time: i64,
}

#[derive(Debug)]
pub(super) struct ModelServer {
    pub(super) rules: Rules,
    /// Oldest first.
    rows: Vec<Row>,
    pub(super) now: i64,
    next_id: i64,
    /// Each time that an item ever had.
    pub(super) times: Vec<i64>,
    /// The items that changed or went away.
    pub(super) touched: BTreeSet<i64>,
    pub(super) requests: usize,
}

impl ModelServer {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            rows: Vec::new(),
            now: START,
            next_id: 1,
            times: Vec::new(),
            touched: BTreeSet::new(),
            requests: 0,
        }
    }

    /// The items that it ever gives.
    pub(super) fn ids(&self) -> BTreeSet<i64> {
        let ids = self.rows.iter().map(|row| row.id);
        ids.filter(|id| !self.is_hidden(*id)).collect()
    }

    fn is_hidden(&self, id: i64) -> bool {
        is_one_in(self.rules.hides, id, 2)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds an item of now.
    pub(super) fn insert(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        self.put(id);
    }

    fn put(&mut self, id: i64) {
        let row = Row {
            compared: self.now.div_euclid(self.rules.compared),
            tie: number_of(id, self.rules.tie_salt),
            id,
            time: self.now,
        };
        let index = self.rows.partition_point(|other| *other < row);
        self.rows.insert(index, row);
        self.times.push(self.now);
    }

    /// Gives an item the time of now.
    pub(super) fn change(&mut self, index: usize) {
        let row = self.rows.remove(index);
        self.touched.insert(row.id);
        self.put(row.id);
    }

    pub(super) fn delete(&mut self, index: usize) {
        let row = self.rows.remove(index);
        self.touched.insert(row.id);
    }

    pub(super) fn page(&mut self, wanted: PageRequest) -> Vec<ItemKey> {
        self.requests += 1;
        let allowed = 200 + 30 * self.times.len();
        assert!(self.requests < allowed, "the walk does not end");
        let rules = &self.rules;
        let limit = wanted.limit.and_then(|limit| usize::try_from(limit).ok());
        let limit = limit
            .filter(|_| rules.honours_limit)
            .unwrap_or(rules.default_size.min(rules.cap));
        let size = limit.min(rules.cap);
        let window = self.window(wanted.cursor);
        let rows: Vec<Row> = window
            .flat_map(|row| {
                let is_double = is_one_in(rules.doubles, row.id, 1);
                std::iter::repeat_n(row, if is_double { 2 } else { 1 })
            })
            .skip(self.skip(wanted.page, limit, size))
            .take(size)
            .collect();
        let given = rows.into_iter().filter(|row| !self.is_hidden(row.id));
        given.map(|row| self.given(row)).collect()
    }

    /// The rows from a cursor on, in the order of the list.
    fn window(&self, cursor: Option<Timestamp>) -> Box<dyn Iterator<Item = Row> + '_> {
        let rules = &self.rules;
        let cursor = cursor.map(|cursor| {
            let cursor = if rules.takes_seconds {
                cursor.as_second() * 1_000_000
            } else {
                cursor.as_microsecond()
            };
            cursor.div_euclid(rules.compared)
        });
        // The first row that is later than the cursor, or at it.
        let bound = |or_at: bool| {
            cursor.map(|cursor| {
                self.rows.partition_point(|row| {
                    row.compared < cursor || (row.compared == cursor && !or_at)
                })
            })
        };
        if rules.ascending {
            let start = bound(rules.is_inclusive).unwrap_or(0);
            Box::new(self.rows[start..].iter().copied())
        } else {
            let end = bound(!rules.is_inclusive).unwrap_or(self.rows.len());
            Box::new(self.rows[..end].iter().rev().copied())
        }
    }

    fn skip(&self, page: Option<i64>, limit: usize, size: usize) -> usize {
        let Numbers::Honoured {
            first,
            skips_by_limit,
            repeats_last,
        } = self.rules.numbers
        else {
            return 0;
        };
        let number = usize::try_from(page.unwrap_or(first) - first).unwrap_or(0);
        let number = if repeats_last {
            number.min(self.rows.len().saturating_sub(1) / size)
        } else {
            number
        };
        number * if skips_by_limit { limit } else { size }
    }

    fn given(&self, row: Row) -> ItemKey {
        let rules = &self.rules;
        let offset = if rules.rounds { rules.shown / 2 } else { 0 };
        let shown = (row.time + offset).div_euclid(rules.shown) * rules.shown;
        let time = Timestamp::from_microsecond(shown).expect("a time");
        let is_timeless = is_one_in(rules.timeless, row.id, 3);
        (row.id, (!is_timeless).then_some(time))
    }
}

/// A number that is always the same for an item.
fn number_of(id: i64, salt: u64) -> u64 {
    fastrand::Rng::with_seed(id.unsigned_abs() ^ salt.rotate_left(32)).u64(..)
}

fn is_one_in(count: u64, id: i64, salt: u64) -> bool {
    count > 0 && number_of(id, salt).is_multiple_of(count)
}
