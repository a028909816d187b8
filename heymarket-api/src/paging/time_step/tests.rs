//! Decisions at the edges: lists of one time, the largest limit, items without a time.

use jiff::SignedDuration;

use super::*;
use crate::paging::position::{Position, Style};

const NOON: Timestamp = Timestamp::constant(1_778_155_200, 0);

fn latest_first() -> Position {
    Position::new(Style::Cursor(ByTime {
        ascending: false,
        overlap: SignedDuration::from_millis(1),
        limit: None,
        first_page: None,
    }))
}

/// Accepts a page whose items have one time, and yields its items.
fn accept(position: &mut Position, ids: &[i64]) -> Option<&'static str> {
    position.next_request();
    let page: Vec<ItemKey> = ids.iter().map(|id| (*id, Some(NOON))).collect();
    let is_probe = position.is_probe();
    let stuck = position.accept(&page);
    if !is_probe {
        page.into_iter().for_each(|key| position.record(key));
    }
    stuck
}

/// Reads a short list of one time up to the page that looks beyond that time.
fn up_to_the_probe() -> Position {
    let mut position = latest_first();
    for _ in 0..2 {
        assert_eq!(accept(&mut position, &[1, 2, 3]), None);
        assert!(!position.is_over);
    }
    position.next_request();
    assert!(position.is_probe(), "{position:?}");
    position
}

#[test]
fn nothing_beyond_one_time_is_the_end() {
    let mut position = up_to_the_probe();
    assert_eq!(accept(&mut position, &[]), None);
    assert!(position.is_over);
}

#[test]
fn an_item_beyond_one_time_leaves_the_walk_stuck() {
    let mut position = up_to_the_probe();
    assert_eq!(accept(&mut position, &[4]), Some(STUCK));
    assert!(!position.has_seen(4), "items of a probe are not yielded");
}

#[test]
fn a_limit_doubles_up_to_its_maximum_and_no_further() {
    let by_time = |limit| ByTime {
        ascending: false,
        overlap: SignedDuration::from_millis(1),
        limit: Some(limit),
        first_page: None,
    };
    let next = |limit: i64| {
        let rows = usize::try_from(limit).expect("a size");
        let page: Vec<ItemKey> = (0..limit).map(|id| (id, Some(NOON))).collect();
        let mut history = History::default();
        history.observe(&page);
        let step = TimeStep {
            by_time: by_time(limit),
            request: PageRequest {
                cursor: Some(NOON),
                limit: Some(limit),
                is_checked: true,
                ..PageRequest::default()
            },
            history: &history,
            page: &page,
        };
        assert_eq!(page.len(), rows);
        step.next_page()
    };
    for (limit, expected) in [(30, 60), (MAX_LIMIT - 1, MAX_LIMIT)] {
        let NextPage::Fetch(request) = next(limit) else {
            panic!("a larger page follows {limit}");
        };
        assert_eq!(request.limit, Some(expected));
    }
    assert_eq!(next(MAX_LIMIT), NextPage::Stuck(STUCK));
}

#[test]
fn a_page_without_times_ends_a_walk_only_if_it_is_short() {
    let step = |largest_page, rows: i64| {
        let page: Vec<ItemKey> = (0..rows).map(|id| (id, None)).collect();
        let history = History {
            largest_page,
            ..History::default()
        };
        let step = TimeStep {
            by_time: ByTime {
                ascending: false,
                overlap: SignedDuration::from_millis(1),
                limit: None,
                first_page: None,
            },
            request: PageRequest::default(),
            history: &history,
            page: &page,
        };
        step.next_page()
    };
    assert_eq!(step(30, 0), NextPage::End);
    assert_eq!(step(30, 29), NextPage::End);
    assert_eq!(step(30, 30), NextPage::Stuck(STUCK));
}
