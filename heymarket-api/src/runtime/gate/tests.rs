//! The gate in simulated time, against models of the server's limit.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;

use super::*;
use crate::auth::SystemClock;

const MINUTE: Duration = Duration::from_secs(60);
const LIMIT: usize = 500;
const BURST: usize = 10_000;

/// tokio's paused time, from the start of the test.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(PausedClock(Instant::now()))
}

fn gate(limit: &RateLimit) -> Arc<Gate> {
    Arc::new(Gate::new(limit, clock()))
}

/// A way in which the server may count.
enum Model {
    /// In fixed minutes, the first of which is so far gone at the start.
    Fixed {
        phase: Duration,
        minute: u64,
        count: usize,
    },
    /// The last 60 seconds.
    Sliding(VecDeque<Duration>),
    /// A bucket of 500 that refills 500 a minute.
    Bucket { tokens: f64, filled: Duration },
}

impl Model {
    fn all(random: &mut fastrand::Rng) -> [(&'static str, Self); 3] {
        let phase = MINUTE.mul_f64(random.f64());
        [
            (
                "fixed window",
                Self::Fixed {
                    phase,
                    minute: 0,
                    count: 0,
                },
            ),
            ("sliding window", Self::Sliding(VecDeque::new())),
            (
                "bucket",
                Self::Bucket {
                    tokens: LIMIT as f64,
                    filled: Duration::ZERO,
                },
            ),
        ]
    }

    /// Whether a request that arrives now is let in.
    fn admits(&mut self, now: Duration) -> bool {
        match self {
            Self::Fixed {
                phase,
                minute,
                count,
            } => {
                let current = (now + *phase).as_secs() / 60;
                if current != *minute {
                    (*minute, *count) = (current, 0);
                }
                *count += usize::from(*count < LIMIT + 1);
                *count <= LIMIT
            }
            Self::Sliding(arrivals) => {
                while arrivals.front().is_some_and(|first| now - *first >= MINUTE) {
                    arrivals.pop_front();
                }
                if arrivals.len() >= LIMIT {
                    return false;
                }
                arrivals.push_back(now);
                true
            }
            Self::Bucket { tokens, filled } => {
                let gained = (now - *filled).as_secs_f64() / 60.0 * LIMIT as f64;
                *tokens = (*tokens + gained).min(LIMIT as f64);
                *filled = now;
                if *tokens < 1.0 {
                    return false;
                }
                *tokens -= 1.0;
                true
            }
        }
    }
}

/// A server with a limit, at the end of a network with a delay that varies.
#[derive(Clone)]
struct Server {
    model: Arc<Mutex<Model>>,
    start: Instant,
    refused: Arc<AtomicUsize>,
}

impl Server {
    fn new(model: Model) -> Self {
        Self {
            model: Arc::new(Mutex::new(model)),
            start: Instant::now(),
            refused: Arc::default(),
        }
    }

    /// Sends a request; gives whether it was let in.
    async fn ask(&self, there: Duration, back: Duration) -> bool {
        tokio::time::sleep(there).await;
        let admitted = lock(&self.model).admits(self.start.elapsed());
        if !admitted {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(back).await;
        admitted
    }
}

fn delay(random: &mut fastrand::Rng) -> Duration {
    Duration::from_micros(random.u64(5_000..150_000))
}

#[tokio::test(start_paused = true)]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for who asks, with --nocapture"
)]
async fn ten_thousand_requests_get_no_429_and_use_99_percent_of_the_limit() {
    for seed in 0..4 {
        let mut random = fastrand::Rng::with_seed(seed);
        for (name, model) in Model::all(&mut random) {
            let gate = gate(&RateLimit::default());
            let server = Server::new(model);
            let tasks: Vec<_> = (0..BURST)
                .map(|_| {
                    let (gate, server) = (Arc::clone(&gate), server.clone());
                    let (there, back) = (delay(&mut random), delay(&mut random));
                    tokio::spawn(async move {
                        let _pass = gate.pass(true).await;
                        assert!(server.ask(there, back).await);
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("a request");
            }
            let minutes = server.start.elapsed().as_secs_f64() / 60.0;
            // A full quota at the start, and one more with each minute.
            let allowed = LIMIT as f64 * (minutes + 1.0);
            let used = BURST as f64 / allowed;
            let refused = server.refused.load(Ordering::Relaxed);
            println!(
                "{name}, seed {seed}: {refused} 429s, {:.2} % of the quota",
                used * 100.0
            );
            assert_eq!(refused, 0, "{name}");
            assert!(used >= 0.99, "{name}: {used}");
        }
    }
}

/// What everybody else has: three attempts with exponential backoff. It is here
/// to be compared with.
#[tokio::test(start_paused = true)]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for who asks, with --nocapture"
)]
async fn plain_backoff_loses_most_of_a_burst() {
    let mut random = fastrand::Rng::with_seed(1);
    for (name, model) in Model::all(&mut random) {
        let server = Server::new(model);
        let lost = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..BURST)
            .map(|_| {
                let (server, lost) = (server.clone(), Arc::clone(&lost));
                let mut random = random.fork();
                tokio::spawn(async move {
                    for attempt in 0..3 {
                        if server.ask(delay(&mut random), delay(&mut random)).await {
                            return;
                        }
                        let longest = Duration::from_secs(1 << attempt);
                        tokio::time::sleep(longest.mul_f64(random.f64())).await;
                    }
                    lost.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a request");
        }
        let refused = server.refused.load(Ordering::Relaxed);
        let lost = lost.load(Ordering::Relaxed);
        println!("{name}, plain backoff: {refused} 429s, {lost} of {BURST} lost");
        assert!(lost > BURST / 2, "{name}: {lost}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_are_served_first_come_first_served() {
    let gate = gate(&RateLimit::per_minute(2));
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..9)
        .map(|number| {
            let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
            tokio::spawn(async move {
                let _pass = gate.pass(true).await;
                lock(&order).push(number);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a request");
    }
    assert_eq!(*lock(&order), (0..9).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_429_stops_every_caller_until_its_wait_is_over() {
    for limit in [RateLimit::default(), RateLimit::off()] {
        let gate = gate(&limit);
        let start = Instant::now();
        gate.close(Duration::from_secs(7));
        gate.close(Duration::from_secs(3));
        let passes = tokio::join!(gate.pass(true), gate.pass(true), gate.pass(false));
        assert_eq!(start.elapsed().as_secs(), 7, "{limit:?}");
        drop(passes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_held_for_a_minute_after_the_answer_and_given_back_if_nothing_left() {
    let gate = gate(&RateLimit::per_minute(1));
    let start = Instant::now();
    gate.pass(true).await.unused();
    drop(gate.pass(true).await);
    assert_eq!(start.elapsed(), Duration::ZERO, "the first was given back");
    drop(gate.pass(true).await);
    assert_eq!(start.elapsed(), PERIOD + MARGIN);
    // One that is on its way for long is taken to be counted by then.
    let slow = gate.pass(true).await;
    let before = Instant::now();
    let next = gate.pass(true).await;
    assert_eq!(before.elapsed(), LONGEST_WAY + PERIOD + MARGIN);
    drop((slow, next));
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_takes_nothing_with_them() {
    let gate = gate(&RateLimit::per_minute(20));
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..1000 {
        let patience = Duration::from_millis(random.u64(0..200));
        let attempt = async {
            let _pass = gate.pass(true).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        // Dropped while it waits, while it is on its way, or after.
        let _ = tokio::time::timeout(patience, attempt).await;
    }
    tokio::time::sleep(MINUTE * 2).await;
    let start = Instant::now();
    let mut passes = Vec::new();
    for _ in 0..20 {
        passes.push(gate.pass(true).await);
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "all twenty are there");
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_late_does_not_free_the_slot_of_another() {
    let gate = gate(&RateLimit::per_minute(1));
    let slow = gate.pass(true).await;
    let next = gate.pass(true).await;
    let start = Instant::now();
    slow.unused();
    drop(gate.pass(true).await);
    assert_eq!(
        start.elapsed(),
        LONGEST_WAY + PERIOD + MARGIN,
        "the other holds it"
    );
    drop(next);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_while_another_waits_does_not_overtake() {
    let gate = gate(&RateLimit::per_minute(1));
    let held = gate.pass_at_once(true).expect("a free slot");
    let waiting = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move { gate.pass(true).await }
    });
    tokio::task::yield_now().await;
    // The slot is free again, and the one that waits has not run since.
    held.unused();
    assert!(gate.pass_at_once(true).is_none(), "it is another's turn");
    waiting.await.expect("a pass").unused();
    assert!(gate.pass_at_once(true).is_some(), "nobody waits any more");
}

#[test]
fn memory_is_that_of_the_requests_of_a_minute_whatever_the_limit() {
    let window = Window::new(u32::MAX, Arc::new(SystemClock));
    for second in 0..1000 {
        let now = Duration::from_secs(second);
        for _ in 0..3 {
            let (index, taken_until) = window.take(now).expect("a slot");
            window.give_back(index, taken_until, now + PERIOD + MARGIN);
        }
    }
    let slots = lock(&window.state).slots.len();
    assert!(slots <= 3 * 62, "{slots}");
}
