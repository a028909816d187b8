//! Walks at random against a model of the server.
//!
//! Every walk has a seed. `WALK_SEED` runs the walks from that one on.

mod server;

use std::collections::BTreeSet;
use std::future::ready;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use fastrand::Rng;
use jiff::SignedDuration;

use super::filters::Filters;
use super::history::MIN_PAGE_SIZE;
use super::seen::ItemKey;
use super::{ByTime, Checkpoint, Source, Style, Walk};
use crate::error::{Error, ErrorKind};
use crate::operations::LIST_CONTACTS;
use server::{ModelServer, Numbers, Rules};

/// The shared server of a walk.
#[derive(Clone)]
struct Model(Arc<Mutex<ModelServer>>);

/// What happens between two requests.
type Change = Arc<dyn Fn(&mut ModelServer) + Send + Sync>;

impl Model {
    fn server(&self) -> MutexGuard<'_, ModelServer> {
        self.0.lock().expect("the server")
    }

    fn walk(&self, style: Style, change: &Change) -> Walk<ItemKey> {
        let (model, change) = (self.clone(), Arc::clone(change));
        Walk::new(Source {
            operation: &LIST_CONTACTS,
            style,
            paging: &[],
            filters: Filters::default(),
            problem: None,
            fetch: Box::new(move |wanted| {
                let mut server = model.server();
                let page = server.page(wanted);
                change(&mut server);
                Box::pin(ready(Ok(page)))
            }),
            id: |item| item.0,
            time: |item| item.1,
        })
    }
}

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the model answers at once"),
    }
}

/// Walks to the end. After one in `resumes` items, at random, another walk resumes
/// this one; 0 means never. Returns the yielded IDs, and the error at the end.
fn run(
    mut walk: impl FnMut() -> Walk<ItemKey>,
    random: &mut Rng,
    resumes: u32,
) -> (Vec<i64>, Option<Error>) {
    let mut given = Vec::new();
    let mut current = walk();
    loop {
        match now(current.next()) {
            None => return (given, None),
            Some(Err(error)) => return (given, Some(error)),
            Some(Ok((id, _))) => given.push(id),
        }
        if resumes > 0 && random.u32(..resumes) == 0 {
            let text = serde_json::to_string(&current.checkpoint()).expect("JSON");
            let checkpoint: Checkpoint = serde_json::from_str(&text).expect("a checkpoint");
            current = walk().resume(checkpoint);
        }
    }
}

/// Runs `count` walks, each with its own seed.
#[expect(clippy::print_stdout, reason = "the seed makes a failure repeatable")]
fn for_each_seed(count: u64, walk: impl Fn(&mut Rng)) {
    let seed = std::env::var("WALK_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("WALK_SEED={seed}");
    for seed in (0..count).map(|index| seed.wrapping_add(index)) {
        let _seed = Seed(seed);
        walk(&mut Rng::with_seed(seed));
    }
}

/// The seed of a walk, told if it fails.
struct Seed(u64);

impl Drop for Seed {
    #[expect(clippy::print_stdout, reason = "the seed makes a failure repeatable")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("failed with WALK_SEED={}", self.0);
        }
    }
}

fn one_of<T: Copy>(random: &mut Rng, values: &[T]) -> T {
    values[random.usize(..values.len())]
}

/// A server at random, without a list yet.
fn any_rules(random: &mut Rng) -> Rules {
    let hides = one_of(random, &[0, 0, 0, 0, 8]);
    let units = [1, 1, 1000, 1_000_000];
    Rules {
        ascending: random.bool(),
        is_inclusive: random.bool(),
        compared: one_of(random, &units),
        shown: one_of(random, &units),
        rounds: random.bool(),
        takes_seconds: random.u8(..4) == 0,
        // Hidden items make a page shorter; no page consists of them alone.
        default_size: one_of(random, if hides > 0 { &[30, 50] } else { &[10, 20, 30] }),
        cap: any_cap(random, hides),
        honours_limit: random.u8(..4) > 0,
        numbers: any_numbers(random),
        tie_salt: random.u64(..),
        hides,
        doubles: one_of(random, &[0, 0, 0, 5]),
        timeless: one_of(random, &[0, 0, 0, 9]),
    }
}

fn any_cap(random: &mut Rng, hides: u64) -> usize {
    match random.u8(..8) {
        0 if hides == 0 => random.usize(1..10),
        1 => 100_000,
        _ => random.usize(24..100),
    }
}

fn any_numbers(random: &mut Rng) -> Numbers {
    if random.u8(..3) == 0 {
        return Numbers::Ignored;
    }
    Numbers::Honoured {
        first: random.i64(0..2),
        skips_by_limit: random.bool(),
        repeats_last: false,
    }
}

/// Fills a list: spread out, or close together, or in bursts of one time.
fn fill(server: &mut ModelServer, random: &mut Rng) {
    let most = one_of(random, &[3, 40, 200]);
    let count = random.usize(..=most);
    let gap = one_of(random, &[1, 100, 3000, 100_000, 5_000_000]);
    let burst = if server.rules.hides > 0 {
        4
    } else {
        one_of(random, &[1, 4, 30, 300])
    };
    while server.len() < count {
        let together = random.usize(1..=burst).min(count - server.len());
        (0..together).for_each(|_| server.insert());
        server.now += random.i64(0..gap) + i64::from(server.rules.hides > 0) * 2_000_000;
    }
}

/// Inserts, changes and deletes a few items between two requests.
fn any_change(random: &mut Rng, rate: u8, kinds: &'static [u8]) -> Change {
    let random = Mutex::new(random.fork());
    Arc::new(move |server| {
        let mut random = random.lock().expect("the numbers");
        server.now += random.i64(0..200_000);
        // The list stops growing, so that a walk can reach its end.
        let rate = if server.times.len() < 1000 { rate } else { 0 };
        for _ in 0..random.u8(..=rate) {
            let index = random.usize(..server.len().max(1));
            match one_of(&mut random, kinds) {
                _ if server.len() == 0 => server.insert(),
                0 => server.insert(),
                1 => server.change(index),
                3 => (0..random.u8(..)).for_each(|_| server.insert()),
                _ => server.delete(index),
            }
        }
    })
}

/// The most items within `span` of one another, of any that there ever were.
fn crowd(times: &[i64], span: i64) -> usize {
    let mut times = times.to_vec();
    times.sort_unstable();
    let counts = times
        .iter()
        .enumerate()
        .map(|(index, first)| times[index..].partition_point(|time| *time <= first + span));
    counts.max().unwrap_or(0)
}

/// A walk over a list that changes meanwhile.
struct Outcome {
    server: Model,
    /// What was there at the start.
    before: BTreeSet<i64>,
    is_still: bool,
    given: Vec<i64>,
    error: Option<Error>,
}

impl Outcome {
    fn of(server: ModelServer, style: Style, change: &Change, random: &mut Rng) -> Self {
        let before = server.ids();
        let times = server.times.len();
        let server = Model(Arc::new(Mutex::new(server)));
        let resumes = one_of(random, &[0, 0, 50]);
        let (given, error) = run(|| server.walk(style, change), random, resumes);
        let is_still = {
            let server = server.server();
            server.touched.is_empty() && server.times.len() == times
        };
        Self {
            server,
            before,
            is_still,
            given,
            error,
        }
    }

    fn assert_each_once(&self) -> BTreeSet<i64> {
        let once: BTreeSet<i64> = self.given.iter().copied().collect();
        let given = &self.given;
        assert_eq!(once.len(), given.len(), "an item came twice: {given:?}");
        once
    }

    /// Everything that stood still came, or the walk says that it may not have;
    /// and nothing came twice.
    fn assert_nothing_is_lost(&self) {
        let once = self.assert_each_once();
        if let Some(error) = &self.error {
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
            return;
        }
        let server = self.server.server();
        let still = self.before.difference(&server.touched);
        let lost: Vec<_> = still.filter(|id| !once.contains(id)).collect();
        let count = self.before.len();
        assert!(
            lost.is_empty(),
            "of {count}, {lost:?} did not come: {:?}",
            server.rules
        );
    }

    /// Whether a walk has no reason to stop early: the server honours page numbers,
    /// or no page is full of items of one time.
    fn must_succeed(&self, by_time: ByTime) -> bool {
        let server = self.server.server();
        let rules = &server.rules;
        // Two rows of one item fill a page of two, and the next one shows it again.
        let repeats_pages = rules.doubles > 0 && rules.cap == 1;
        if !self.is_still || repeats_pages || rules.timeless > 0 {
            return false;
        }
        let has_numbers = by_time.first_page.is_some() && rules.numbers != Numbers::Ignored;
        let unit = rules.compared.max(rules.shown);
        let span = if unit > 1 || rules.takes_seconds {
            5_000_000
        } else {
            3_000
        };
        let limit = by_time.limit.filter(|_| rules.honours_limit);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        let size = limit.unwrap_or(rules.default_size).min(rules.cap);
        let is_sparse = rules.hides + rules.doubles == 0
            && crowd(&server.times, span) < size.min(MIN_PAGE_SIZE);
        has_numbers || is_sparse
    }

    fn assert_whole(&self) {
        let error = self.error.as_ref().map(ToString::to_string);
        assert_eq!(error, None, "{:?}", self.server.server().rules);
        self.assert_nothing_is_lost();
    }
}

/// A style that suits a server: the walk takes limits and numbers, or does not.
fn style_by_time(random: &mut Rng, rules: &Rules) -> ByTime {
    let smallest = if rules.hides > 0 { 24 } else { 1 };
    ByTime {
        ascending: rules.ascending,
        overlap: if rules.takes_seconds {
            SignedDuration::from_secs(1)
        } else {
            SignedDuration::from_millis(1)
        },
        limit: random.bool().then(|| random.i64(smallest..60)),
        first_page: (random.u8(..4) > 0).then_some(1),
    }
}

fn walk_by_time(random: &mut Rng) -> (Outcome, ByTime) {
    let rules = any_rules(random);
    let by_time = style_by_time(random, &rules);
    let counts_from_0 = matches!(rules.numbers, Numbers::Honoured { first: 0, .. });
    // Times of ascending lists are those of the creation, and stay.
    let kinds: &[u8] = if rules.ascending { &[0, 2] } else { &[0, 1, 2] };
    // A walk takes pages for counted from 1. Others it finds while all is still.
    let rates: &[u8] = if counts_from_0 { &[0] } else { &[0, 0, 1, 4] };
    let rate = one_of(random, rates);
    let mut server = ModelServer::new(rules);
    fill(&mut server, random);
    let together = crowd(&server.times, 5_000_000);
    // Where items of one time fill a shorter page, no size tells that more follow. Page 2
    // does, but for a server that counts from 0: that is behind its second page.
    let looks_whole = together == server.len() || (counts_from_0 && together > server.rules.cap);
    if rate > 0 || server.rules.timeless > 0 || looks_whole {
        server.rules.cap = server.rules.cap.max(MIN_PAGE_SIZE);
    }
    let change = any_change(random, rate, kinds);
    let outcome = Outcome::of(server, Style::Cursor(by_time), &change, random);
    (outcome, by_time)
}

#[test]
fn walks_by_time_lose_nothing_without_a_word() {
    for_each_seed(20_000, |random| {
        let (outcome, by_time) = walk_by_time(random);
        outcome.assert_nothing_is_lost();
        if outcome.must_succeed(by_time) {
            outcome.assert_whole();
        }
    });
}

/// A server whose pages are counted from 0 or 1, and have a limit or not.
fn walk_by_number(random: &mut Rng) {
    let first = random.i64(0..2);
    let numbers = match random.u8(..10) {
        0 => Numbers::Ignored,
        other => Numbers::Honoured {
            first: random.i64(first..2),
            skips_by_limit: random.bool(),
            repeats_last: other == 1,
        },
    };
    let ends = matches!(
        numbers,
        Numbers::Honoured {
            repeats_last: false,
            ..
        }
    );
    let mut rules = any_rules(random);
    (rules.numbers, rules.timeless) = (numbers, 1);
    if !ends {
        // A page that comes again and again has nothing else to it.
        (rules.hides, rules.doubles) = (0, 0);
    }
    let limit = random.bool().then(|| random.i64(1..60));
    let limit = limit.map(|limit| if rules.hides > 0 { limit + 24 } else { limit });
    // An item that leaves a place before the end hides others from the walk.
    let deletes = random.u8(..6) == 0;
    let bursts = random.bool();
    let kinds: &[u8] = match (deletes, rules.ascending, bursts) {
        (true, _, _) => &[0, 1, 2],
        (false, true, false) => &[0],
        (false, true, true) => &[0, 0, 0, 3],
        (false, false, false) => &[0, 1],
        (false, false, true) => &[0, 0, 0, 1, 1, 1, 3],
    };
    rules.cap = rules.cap.max(MIN_PAGE_SIZE);
    let mut server = ModelServer::new(rules);
    fill(&mut server, random);
    let rate = one_of(random, &[0, 0, 1, 4]);
    let change = any_change(random, rate, kinds);
    let style = Style::Page { first, limit };
    let outcome = Outcome::of(server, style, &change, random);
    outcome.assert_each_once();
    if !deletes {
        outcome.assert_nothing_is_lost();
    }
    let has_long_pages = limit.is_none_or(|limit| limit > 9);
    let is_slow = outcome.is_still || (rate == 1 && !bursts && has_long_pages);
    let ends = matches!(
        numbers,
        Numbers::Honoured {
            repeats_last: false,
            ..
        }
    );
    if ends && is_slow && !deletes {
        outcome.assert_whole();
    }
}

#[test]
fn walks_by_number_lose_nothing_to_insertions() {
    for_each_seed(6_000, walk_by_number);
}
