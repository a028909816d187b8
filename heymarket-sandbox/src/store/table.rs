//! A table of records, indexed by time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

/// A record of a table.
pub(crate) trait Record {
    fn id(&self) -> i64;
    fn created(&self) -> Timestamp;
    fn updated(&self) -> Timestamp;

    /// Returns the part of the table that holds this record. Lists of some
    /// parts need it.
    fn part(&self) -> Part {
        Part::Whole
    }
}

/// A part of a table that can be listed alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// All records.
    Whole,
    /// The messages of a conversation.
    Conversation(i64),
    /// The conversations of an inbox, by closed and unread.
    Inbox {
        inbox: i64,
        closed: bool,
        unread: bool,
    },
}

/// The time by which a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Order {
    #[serde(rename = "created_at")]
    Created,
    #[default]
    #[serde(rename = "updated_at")]
    Updated,
}

/// The requested page of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    pub(crate) order: Order,
    /// Oldest first from the bound on, or else newest first strictly before it.
    pub(crate) ascending: bool,
    pub(crate) bound: Option<Timestamp>,
    /// Records created at this time or later are left out.
    pub(crate) hidden_from: Option<Timestamp>,
    pub(crate) skip: usize,
    pub(crate) limit: usize,
}

/// Records by ID, indexed by their times.
///
/// Each part has an index of its own, so the cost of a page does not depend on
/// the number of records.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<R>", bound = "R: Record + Deserialize<'de>")]
pub(crate) struct Table<R> {
    records: BTreeMap<i64, R>,
    parts: HashMap<Part, Timeline>,
}

#[derive(Debug, Default)]
struct Timeline {
    by_created: BTreeSet<(Timestamp, i64)>,
    by_updated: BTreeSet<(Timestamp, i64)>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            records: BTreeMap::new(),
            parts: HashMap::new(),
        }
    }
}

impl<R: Record> Table<R> {
    pub(crate) fn get(&self, id: i64) -> Option<&R> {
        self.records.get(&id)
    }

    pub(crate) fn insert(&mut self, record: R) {
        self.remove(record.id());
        self.index(&record);
        self.records.insert(record.id(), record);
    }

    pub(crate) fn remove(&mut self, id: i64) -> Option<R> {
        let record = self.records.remove(&id)?;
        self.unindex(&record);
        Some(record)
    }

    /// Changes a record, and updates its index entries.
    pub(crate) fn change(&mut self, id: i64, change: impl FnOnce(&mut R)) {
        if let Some(mut record) = self.remove(id) {
            change(&mut record);
            self.insert(record);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &R> {
        self.records.values()
    }

    pub(crate) fn page(&self, parts: &[Part], paging: &Paging) -> Vec<&R> {
        let wanted = paging.skip.saturating_add(paging.limit);
        let is_visible = |(_, id): &&(Timestamp, i64)| {
            let hidden_from = paging.hidden_from;
            hidden_from.is_none_or(|from| self.get(*id).is_some_and(|found| found.created() < from))
        };
        let mut found = Vec::new();
        for timeline in parts.iter().filter_map(|part| self.parts.get(part)) {
            let times = timeline.by(paging.order);
            let least = paging
                .bound
                .map_or(Bound::Unbounded, |bound| Bound::Included((bound, i64::MIN)));
            let below = paging
                .bound
                .map_or(Bound::Unbounded, |bound| Bound::Excluded((bound, i64::MIN)));
            if paging.ascending {
                let times = times.range((least, Bound::Unbounded));
                found.extend(times.filter(is_visible).take(wanted));
            } else {
                let times = times.range((Bound::Unbounded, below)).rev();
                found.extend(times.filter(is_visible).take(wanted));
            }
        }
        found.sort_unstable();
        if !paging.ascending {
            found.reverse();
        }
        let page = found.into_iter().skip(paging.skip).take(paging.limit);
        page.filter_map(|(_, id)| self.get(id)).collect()
    }

    /// Returns the IDs of a part, oldest first.
    pub(crate) fn ids(&self, part: Part) -> Vec<i64> {
        let timeline = self.parts.get(&part);
        let times = timeline
            .into_iter()
            .flat_map(|timeline| &timeline.by_created);
        times.map(|(_, id)| *id).collect()
    }

    /// Returns the number of records, or of those updated before a bound.
    pub(crate) fn count(&self, bound: Option<Timestamp>) -> usize {
        match bound {
            None => self.records.len(),
            Some(bound) => self.parts.get(&Part::Whole).map_or(0, |timeline| {
                timeline.by_updated.range(..(bound, i64::MIN)).count()
            }),
        }
    }

    fn index(&mut self, record: &R) {
        for part in parts(record) {
            let timeline = self.parts.entry(part).or_default();
            timeline.by_created.insert((record.created(), record.id()));
            timeline.by_updated.insert((record.updated(), record.id()));
        }
    }

    fn unindex(&mut self, record: &R) {
        for part in parts(record) {
            if let Some(timeline) = self.parts.get_mut(&part) {
                timeline.by_created.remove(&(record.created(), record.id()));
                timeline.by_updated.remove(&(record.updated(), record.id()));
                if timeline.by_created.is_empty() {
                    self.parts.remove(&part);
                }
            }
        }
    }
}

impl Timeline {
    fn by(&self, order: Order) -> &BTreeSet<(Timestamp, i64)> {
        match order {
            Order::Created => &self.by_created,
            Order::Updated => &self.by_updated,
        }
    }
}

fn parts<R: Record>(record: &R) -> impl Iterator<Item = Part> + use<R> {
    let own = record.part();
    let own = (own != Part::Whole).then_some(own);
    std::iter::once(Part::Whole).chain(own)
}

impl<R: Record> TryFrom<Vec<R>> for Table<R> {
    type Error = String;

    /// Returns an error if an ID occurs twice, so that no record is lost.
    fn try_from(records: Vec<R>) -> Result<Self, Self::Error> {
        let mut table = Self::default();
        for record in records {
            let id = record.id();
            if table.get(id).is_some() {
                return Err(format!("the id {id} occurs twice"));
            }
            table.insert(record);
        }
        Ok(table)
    }
}

impl<R: Serialize> Serialize for Table<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.records.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Item {
        id: i64,
        second: i64,
        unread: bool,
    }

    impl Record for Item {
        fn id(&self) -> i64 {
            self.id
        }

        fn created(&self) -> Timestamp {
            at(0)
        }

        fn updated(&self) -> Timestamp {
            at(self.second)
        }

        fn part(&self) -> Part {
            inbox(self.unread)
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn inbox(unread: bool) -> Part {
        Part::Inbox {
            inbox: 1,
            closed: false,
            unread,
        }
    }

    fn ids(table: &Table<Item>, parts: &[Part], paging: Paging) -> Vec<i64> {
        let page = table.page(parts, &paging);
        page.iter().map(|item| item.id).collect()
    }

    fn table() -> Table<Item> {
        let items = [(1, 10), (2, 20), (3, 20), (4, 30)];
        let items = items.map(|(id, second)| Item {
            id,
            second,
            unread: id % 2 == 0,
        });
        items.to_vec().try_into().expect("each id is there once")
    }

    const FIRST: Paging = Paging {
        order: Order::Updated,
        ascending: false,
        bound: None,
        hidden_from: None,
        skip: 0,
        limit: 2,
    };

    #[test]
    fn a_page_is_newest_first_and_before_its_bound() {
        let table = table();
        assert_eq!(ids(&table, &[Part::Whole], FIRST), [4, 3]);
        let next = Paging {
            bound: Some(at(20)),
            ..FIRST
        };
        // The other item of second 20 is lost, as with the API.
        assert_eq!(ids(&table, &[Part::Whole], next), [1]);
        let upward = Paging {
            ascending: true,
            ..next
        };
        assert_eq!(ids(&table, &[Part::Whole], upward), [2, 3]);
        let second = Paging { skip: 2, ..FIRST };
        assert_eq!(ids(&table, &[Part::Whole], second), [2, 1]);
    }

    #[test]
    fn a_change_moves_a_record_to_its_new_time_and_part() {
        let mut table = table();
        table.change(1, |item| {
            item.second = 40;
            item.unread = true;
        });
        assert_eq!(ids(&table, &[Part::Whole], FIRST), [1, 4]);
        assert_eq!(ids(&table, &[inbox(true)], FIRST), [1, 4]);
        assert_eq!(ids(&table, &[inbox(false)], FIRST), [3]);
        assert_eq!(
            ids(&table, &[inbox(true), inbox(false)], FIRST),
            ids(&table, &[Part::Whole], FIRST)
        );
        assert_eq!(table.count(Some(at(30))), 2);
        table.remove(3);
        assert_eq!(ids(&table, &[inbox(false)], FIRST), [] as [i64; 0]);
    }
}
