//! Walks against a model of the server, without a network.

use std::collections::BTreeSet;

use super::*;

/// What the server has, in the order of `updated`; each item an id and its
/// time in units of 100 microseconds.
#[derive(Clone)]
struct Model {
    items: Vec<(i64, i64)>,
    clock: i64,
    next_id: i64,
    page_size: usize,
}

fn time(units: i64) -> Timestamp {
    Timestamp::from_microsecond(1_700_000_000_000_000 + units * 100).expect("a time")
}

impl Model {
    fn new(random: &mut fastrand::Rng, count: i64) -> Self {
        let mut model = Self {
            items: Vec::new(),
            clock: 1_000_000,
            next_id: 1,
            page_size: 30,
        };
        for _ in 0..count {
            // Many come in one burst, and so at one time.
            if random.u8(0..3) > 0 {
                model.clock += random.i64(0..20_000);
            }
            model.insert();
        }
        model
    }

    fn insert(&mut self) {
        self.items.push((self.next_id, self.clock));
        self.next_id += 1;
    }

    /// Strictly before the cursor, the latest first; in an order of its own
    /// among equals.
    fn page(&self, ask: Ask) -> Vec<Mark> {
        let mut items: Vec<_> = self.items.clone();
        items.sort_by_key(|(id, updated)| (-updated, *id));
        let limit = ask.limit.and_then(|limit| usize::try_from(limit).ok());
        items
            .into_iter()
            .map(|(id, updated)| (id, Some(time(updated))))
            .filter(|(_, updated)| ask.cursor.is_none_or(|cursor| *updated < Some(cursor)))
            .take(limit.unwrap_or(self.page_size))
            .collect()
    }

    /// Something happens between two pages.
    fn change(&mut self, random: &mut fastrand::Rng, touched: &mut BTreeSet<i64>) {
        self.clock += random.i64(0..50);
        let index = random.usize(0..self.items.len());
        match random.u8(0..3) {
            0 => self.insert(),
            1 => {
                self.items[index].1 = self.clock;
                touched.insert(self.items[index].0);
            }
            _ => {
                touched.insert(self.items[index].0);
                self.items.swap_remove(index);
            }
        }
    }
}

fn style(limit: Option<i64>) -> Style {
    Style::Cursor {
        ascending: false,
        tick: SignedDuration::from_millis(1),
        size: 30,
        limit,
    }
}

/// Walks to the end; `between` runs between two pages. Gives the ids in the
/// order in which they came, and whether the walk got to the end.
fn walk(position: &mut Position, mut fetch: impl FnMut(Ask) -> Vec<Mark>) -> (Vec<i64>, Progress) {
    let mut given = Vec::new();
    for _ in 0..100_000 {
        let page = fetch(position.turn());
        let progress = position.take(&page);
        for mark in page {
            if !position.has_seen(mark.0) {
                position.give(mark);
                given.push(mark.0);
            }
        }
        if progress != Progress::Onward {
            return (given, progress);
        }
    }
    panic!("the walk does not end");
}

#[test]
fn what_was_there_throughout_comes_exactly_once() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.i64(1..300);
        let mut model = Model::new(&mut random, count);
        let before: BTreeSet<i64> = model.items.iter().map(|(id, _)| *id).collect();
        let mut touched = BTreeSet::new();
        let limit = [None, Some(30), Some(7), Some(100)][random.usize(0..4)];
        // Without a limit to raise, a page must hold all that have one time.
        model.page_size = 30;
        let mut position = Position::new("list_conversations", style(limit));
        let (given, progress) = walk(&mut position, |ask| {
            let page = model.page(ask);
            for _ in 0..random.u8(0..4) {
                model.change(&mut random, &mut touched);
            }
            page
        });
        assert_eq!(progress, Progress::Over, "seed {seed}");
        let once: BTreeSet<i64> = given.iter().copied().collect();
        assert_eq!(once.len(), given.len(), "seed {seed}: some came twice");
        let missed: Vec<_> = before
            .difference(&touched)
            .filter(|id| !once.contains(id))
            .collect();
        assert!(
            missed.is_empty(),
            "seed {seed}, limit {limit:?}: {missed:?} of {count}"
        );
    }
}

#[test]
fn more_of_one_time_than_a_page_holds_are_walked_with_a_larger_limit_or_reported() {
    let mut model = Model::new(&mut fastrand::Rng::with_seed(1), 5);
    (0..80).for_each(|_| model.insert());
    model.clock += 100_000;
    (0..5).for_each(|_| model.insert());

    let mut position = Position::new("list_conversations", style(Some(30)));
    let (given, progress) = walk(&mut position, |ask| model.page(ask));
    assert_eq!((given.len(), progress), (90, Progress::Over));

    let mut position = Position::new("list_tags", style(None));
    let (given, progress) = walk(&mut position, |ask| model.page(ask));
    assert_eq!(progress, Progress::Stuck);
    assert!(given.len() < 90, "some were not given, and that is told");
}

#[test]
fn a_server_that_gives_fewer_than_it_is_asked_for_hides_nothing() {
    let mut model = Model::new(&mut fastrand::Rng::with_seed(1), 5);
    model.clock += 100_000;
    (0..80).for_each(|_| model.insert());
    // Nothing above 50, whatever it is asked for.
    let capped = |ask: Ask| model.page(ask).into_iter().take(50).collect();
    let mut position = Position::new("list_contacts", style(Some(30)));
    let (given, progress) = walk(&mut position, capped);
    assert_eq!(progress, Progress::Stuck);
    assert!(given.len() < 85);
}

#[test]
fn forty_of_one_time_are_a_whole_list() {
    let mut model = Model::new(&mut fastrand::Rng::with_seed(1), 1);
    (0..39).for_each(|_| model.insert());
    for limit in [30, 50, 200] {
        let mut position = Position::new("list_contacts", style(Some(limit)));
        let (given, progress) = walk(&mut position, |ask| model.page(ask));
        assert_eq!((given.len(), progress), (40, Progress::Over), "{limit}");
    }
}

#[test]
fn a_walk_resumed_anywhere_goes_on_where_it_was() {
    let mut random = fastrand::Rng::with_seed(9);
    let model = Model::new(&mut random, 200);
    let mut whole = Position::new("list_contacts", style(Some(30)));
    let (all, _) = walk(&mut whole, |ask| model.page(ask));
    for stop in 0..all.len() {
        let mut first = Position::new("list_contacts", style(Some(30)));
        let mut given = Vec::new();
        'first: loop {
            let page = model.page(first.turn());
            first.take(&page);
            for mark in page {
                if given.len() == stop {
                    break 'first;
                }
                if !first.has_seen(mark.0) {
                    first.give(mark);
                    given.push(mark.0);
                }
            }
        }
        let text = serde_json::to_string(&first.checkpoint(false)).expect("JSON");
        let checkpoint = serde_json::from_str(&text).expect("a checkpoint");
        let mut second = Position::new("list_contacts", style(Some(30)));
        assert!(second.resume(checkpoint));
        let (rest, _) = walk(&mut second, |ask| model.page(ask));
        given.extend(rest);
        assert_eq!(given, all, "stopped after {stop}");
    }
}

#[test]
fn memory_does_not_grow_with_the_walk() {
    const COUNT: i64 = 1_000_000;
    let mut position = Position::new("list_contacts", style(Some(100)));
    let mut most = 0;
    let mut total = 0;
    loop {
        let ask = position.turn();
        // Item n is n milliseconds before the start: no model needs to hold it.
        let start = Timestamp::from_second(1_800_000_000).expect("a time");
        let first = ask.cursor.map_or(0, |cursor| {
            let before = start.duration_since(cursor).as_millis();
            i64::try_from(before).expect("a short time") + 1
        });
        let page: Vec<Mark> = (first..COUNT.min(first + 100))
            .map(|number| {
                let time = start.saturating_sub(SignedDuration::from_millis(number));
                (number, Some(time.expect("a time")))
            })
            .collect();
        let progress = position.take(&page);
        for mark in page {
            if !position.has_seen(mark.0) {
                position.give(mark);
                total += 1;
            }
        }
        most = most.max(position.seen.len());
        if progress == Progress::Over {
            break;
        }
    }
    assert_eq!(total, COUNT);
    assert!(most < 250, "{most}");
}

#[test]
fn pages_by_number_end_with_one_that_brings_nothing_new() {
    let pages = |first: i64, repeats_first: bool| {
        let mut position = Position::new("list_surveys", Style::Page { first });
        walk(&mut position, |ask| {
            let number = ask.page.expect("a number");
            let index = if repeats_first {
                (number - 1).max(0)
            } else {
                number - first
            };
            match index {
                0 => vec![(1, None), (2, None)],
                // One was put in at the front meanwhile.
                1 => vec![(2, None), (3, None)],
                _ => Vec::new(),
            }
        })
    };
    assert_eq!(pages(1, false), (vec![1, 2, 3], Progress::Over));
    assert_eq!(pages(0, false), (vec![1, 2, 3], Progress::Over));
    // A server that counts from 1 and takes 0 for it.
    assert_eq!(pages(0, true), (vec![1, 2, 3], Progress::Over));
    // A server that does not heed the number does not keep one for ever.
    let mut position = Position::new("list_surveys", Style::Page { first: 1 });
    let (given, _) = walk(&mut position, |_| vec![(1, None)]);
    assert_eq!(given, [1]);
}

#[test]
fn a_walk_in_ascending_order_overlaps_as_well() {
    let items: Vec<Mark> = (0..100).map(|id| (id, Some(time(id / 7)))).collect();
    let ascending = Style::Cursor {
        ascending: true,
        tick: SignedDuration::from_micros(100),
        size: 30,
        limit: Some(10),
    };
    let mut position = Position::new("list_team_messages", ascending);
    let (given, progress) = walk(&mut position, |ask| {
        let from = items
            .iter()
            .filter(|(_, time)| ask.cursor.is_none_or(|cursor| *time >= Some(cursor)));
        let limit = usize::try_from(ask.limit.expect("a limit")).expect("a size");
        from.take(limit).copied().collect()
    });
    assert_eq!(given, (0..100).collect::<Vec<_>>());
    assert_eq!(progress, Progress::Over);
}

#[test]
fn forty_of_one_time_are_a_whole_list_in_ascending_order_too() {
    let items: Vec<Mark> = (0..40).map(|id| (id, Some(time(0)))).collect();
    let ascending = Style::Cursor {
        ascending: true,
        tick: SignedDuration::from_millis(1),
        size: 30,
        limit: Some(30),
    };
    let mut position = Position::new("list_team_messages", ascending);
    let (given, progress) = walk(&mut position, |ask| {
        let limit = usize::try_from(ask.limit.expect("a limit")).expect("a size");
        let from = items
            .iter()
            .filter(|(_, time)| ask.cursor.is_none_or(|cursor| *time >= Some(cursor)));
        from.take(limit).copied().collect()
    });
    assert_eq!((given.len(), progress), (40, Progress::Over));
}
