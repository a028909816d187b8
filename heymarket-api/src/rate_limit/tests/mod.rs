//! Admissions in simulated time, against models of the server's limit.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::closure::SPACING;
use super::window::{MARGIN, PERIOD, Window};
use super::*;
use crate::clock::Clock;

mod model;

const MINUTE: Duration = Duration::from_secs(60);

/// The connect timeout and the attempt timeout of a client with the defaults.
const FLIGHT: Duration = Duration::from_secs(40);

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

fn admissions(limit: &RateLimit) -> Arc<Admissions> {
    let clock = Arc::new(PausedClock(Instant::now()));
    Arc::new(Admissions::new(limit.clone(), clock))
}

/// Admits an attempt that counts.
async fn admit(admissions: &Admissions) -> Admission<'_> {
    let admitted = admissions.admit(true, Order::Foreground, FLIGHT).await;
    admitted.expect("a limiter that does not fail")
}

/// Admits an attempt that is answered at once.
async fn answered(admissions: &Admissions) {
    admit(admissions).await.end(PermitUse::Answered);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[tokio::test(start_paused = true)]
async fn callers_are_served_in_the_order_in_which_they_came() {
    let admissions = admissions(&RateLimit::per_minute(2));
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..9)
        .map(|number| {
            let (admissions, order) = (Arc::clone(&admissions), Arc::clone(&order));
            tokio::spawn(async move {
                answered(&admissions).await;
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
        let admissions = admissions(&limit);
        let start = Instant::now();
        admissions.close(Duration::from_secs(7));
        admissions.close(Duration::from_secs(3));
        assert!(admissions.try_admit(true, FLIGHT).is_none(), "{limit:?}");
        assert!(admissions.try_admit(false, FLIGHT).is_none(), "{limit:?}");
        answered(&admissions).await;
        assert_eq!(start.elapsed(), Duration::from_secs(7), "{limit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_closure_is_capped_at_two_minutes() {
    let admissions = admissions(&RateLimit::default());
    let start = Instant::now();
    admissions.close(Duration::from_secs(100_000));
    answered(&admissions).await;
    assert_eq!(start.elapsed(), Duration::from_secs(120));
}

#[tokio::test(start_paused = true)]
async fn callers_do_not_all_start_at_once_after_a_closure() {
    for limit in [
        RateLimit::default(),
        RateLimit::off(),
        RateLimit::custom(Unlimited),
    ] {
        let admissions = admissions(&limit);
        let start = Instant::now();
        admissions.close(Duration::from_secs(5));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let admissions = Arc::clone(&admissions);
                tokio::spawn(async move {
                    answered(&admissions).await;
                    start.elapsed()
                })
            })
            .collect();
        let mut starts = Vec::new();
        for task in tasks {
            starts.push(task.await.expect("a request"));
        }
        starts.sort_unstable();
        assert_eq!(starts[0], Duration::from_secs(5), "{limit:?}");
        for pair in starts.windows(2) {
            assert!(pair[1] - pair[0] >= SPACING, "{limit:?}: {pair:?}");
        }
        // The restart ends.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(admissions.try_admit(false, FLIGHT).is_some(), "{limit:?}");
    }
}

/// A limiter that grants every permit at once.
struct Unlimited;

impl RateLimiter for Unlimited {
    fn acquire(&self, _: Duration) -> Acquire<'_> {
        Box::pin(async { Ok(Permit::new(drop)) })
    }

    fn close(&self, _: Duration) {}
}

/// A limiter that grants a permit after a second, and counts how they end.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Vec<PermitUse>>>);

impl RateLimiter for Slow {
    fn acquire(&self, _: Duration) -> Acquire<'_> {
        let ends = Arc::clone(&self.0);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(Permit::new(move |used| lock(&ends).push(used)))
        })
    }

    fn close(&self, _: Duration) {}
}

#[tokio::test(start_paused = true)]
async fn a_permit_acquired_before_a_closure_does_not_outlast_it() {
    let slow = Slow::default();
    let admissions = admissions(&RateLimit::custom(slow.clone()));
    let start = Instant::now();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let admissions = Arc::clone(&admissions);
            tokio::spawn(async move {
                answered(&admissions).await;
                start.elapsed()
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    admissions.close(Duration::from_secs(30));
    for call in calls {
        let started = call.await.expect("a call");
        assert!(started >= Duration::from_millis(30_500), "{started:?}");
    }
    let ends = lock(&slow.0).clone();
    let unsent = ends.iter().filter(|used| **used == PermitUse::Unsent);
    assert_eq!((unsent.count(), ends.len()), (20, 40));
}

#[tokio::test(start_paused = true)]
async fn a_limiter_counts_the_queue_after_a_closure() {
    /// Grants at once, and notes when, and how long the request may take to arrive.
    #[derive(Clone, Default)]
    struct Noting(Arc<Mutex<Vec<(Instant, Duration)>>>);
    impl RateLimiter for Noting {
        fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
            lock(&self.0).push((Instant::now(), max_flight));
            Box::pin(async { Ok(Permit::new(drop)) })
        }

        fn close(&self, _: Duration) {}
    }
    let noting = Noting::default();
    let admissions = admissions(&RateLimit::custom(noting.clone()));
    let admit = |admissions: &Arc<Admissions>| {
        let admissions = Arc::clone(admissions);
        async move {
            let admission = admissions.admit(true, Order::Foreground, FLIGHT).await;
            admission.expect("a permit").end(PermitUse::Answered);
            Instant::now()
        }
    };
    admit(&admissions).await;
    assert_eq!(lock(&noting.0)[0].1, FLIGHT);
    admissions.close(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    // In one task, so that the grants have the order of the starts.
    for _ in 0..3 {
        let calls = [admit(&admissions), admit(&admissions), admit(&admissions)];
        let [first, second, third] = calls;
        let (first, second, third) = tokio::join!(first, second, third);
        let mut grants = lock(&noting.0).split_off(1);
        for started in [first, second, third] {
            let (granted, max_flight) = grants.remove(0);
            assert!(started - granted <= max_flight - FLIGHT);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limiter_that_fails_is_an_error() {
    struct Gone;
    impl RateLimiter for Gone {
        fn acquire(&self, _: Duration) -> Acquire<'_> {
            Box::pin(async { Err("the store is gone".into()) })
        }

        fn close(&self, _: Duration) {}
    }
    let admissions = admissions(&RateLimit::custom(Gone));
    let error = admissions
        .admit(true, Order::Foreground, FLIGHT)
        .await
        .err();
    assert_eq!(error.expect("an error").to_string(), "the store is gone");
    assert!(
        admissions
            .admit(false, Order::Foreground, FLIGHT)
            .await
            .is_ok(),
        "it is not asked"
    );
}

#[tokio::test(start_paused = true)]
async fn a_permit_can_end_asynchronously() {
    let ended = Arc::new(Mutex::new(None));
    let permit = Permit::new_async({
        let ended = Arc::clone(&ended);
        |used| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            *lock(&ended) = Some(used);
        }
    });
    drop(permit);
    assert_eq!(*lock(&ended), None);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(*lock(&ended), Some(PermitUse::Unanswered));
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_free_a_minute_after_the_answer() {
    let admissions = admissions(&RateLimit::per_minute(1));
    let start = Instant::now();
    admit(&admissions).await.end(PermitUse::Unsent);
    assert_eq!(start.elapsed(), Duration::ZERO);
    let mut admission = admit(&admissions).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "nothing left before");
    admission.end(PermitUse::Answered);
    answered(&admissions).await;
    assert_eq!(start.elapsed(), PERIOD + MARGIN);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_keeps_its_slot_for_longer() {
    let admissions = admissions(&RateLimit::per_minute(1));
    let start = Instant::now();
    drop(admit(&admissions).await);
    answered(&admissions).await;
    assert_eq!(start.elapsed(), FLIGHT + PERIOD + MARGIN);

    // One that is in flight for longer than anyone expects, too.
    let slow = admit(&admissions).await;
    let start = Instant::now();
    let late = FLIGHT * 2;
    let next = answered(&admissions);
    let mut next = pin!(next);
    tokio::time::sleep(late).await;
    poll_fn(|context| {
        assert!(next.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    drop(slow);
    next.await;
    assert_eq!(start.elapsed(), late + PERIOD + MARGIN);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_leaves_late_counts_from_then() {
    let admissions = admissions(&RateLimit::per_minute(1));
    let start = Instant::now();
    let mut admission = admit(&admissions).await;
    let late = Duration::from_secs(100);
    tokio::time::sleep(late).await;
    admission.restart(FLIGHT);
    drop(admission);
    answered(&admissions).await;
    assert_eq!(start.elapsed(), late + FLIGHT + PERIOD + MARGIN);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_waiter_takes_no_slot() {
    let admissions = admissions(&RateLimit::per_minute(20));
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..1000 {
        let patience = Duration::from_millis(random.u64(0..200));
        let attempt = async {
            let mut admission = admit(&admissions).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            admission.end(PermitUse::Answered);
        };
        // Dropped while it waits, while it is in flight, or after.
        let _ = tokio::time::timeout(patience, attempt).await;
    }
    tokio::time::sleep(MINUTE * 2).await;
    let start = Instant::now();
    for _ in 0..20 {
        answered(&admissions).await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "all twenty are there");
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_overtake_a_waiter() {
    let admissions = admissions(&RateLimit::per_minute(1));
    let mut held = admissions.try_admit(true, FLIGHT).expect("a free slot");
    let waiting = tokio::spawn({
        let admissions = Arc::clone(&admissions);
        async move { admit(&admissions).await.end(PermitUse::Unsent) }
    });
    tokio::task::yield_now().await;
    // The slot is free again, and the one that waits has not run since.
    held.end(PermitUse::Unsent);
    let newcomer = admissions.try_admit(true, FLIGHT);
    assert!(newcomer.is_none(), "it is another's turn");
    waiting.await.expect("a permit");
    let newcomer = admissions.try_admit(true, FLIGHT);
    assert!(newcomer.is_some(), "nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn without_the_limit_only_a_closure_stops_a_request() {
    let custom = RateLimit::custom(Slow::default());
    for limit in [RateLimit::per_minute(1), RateLimit::off(), custom] {
        let admissions = admissions(&limit);
        for _ in 0..3 {
            assert!(admissions.try_admit(false, FLIGHT).is_some(), "{limit:?}");
        }
    }
    let custom = admissions(&RateLimit::custom(Unlimited));
    assert!(custom.try_admit(true, FLIGHT).is_none(), "it is asked");
}

#[tokio::test(start_paused = true)]
async fn clients_with_clones_of_a_limit_share_it() {
    let limit = RateLimit::per_minute(2);
    let clock: Arc<dyn Clock> = Arc::new(PausedClock(Instant::now()));
    let [one, other] = [(); 2].map(|()| Admissions::new(limit.clone(), Arc::clone(&clock)));
    let start = Instant::now();
    answered(&one).await;
    answered(&other).await;
    answered(&one).await;
    assert_eq!(start.elapsed(), PERIOD + MARGIN);
    one.close(Duration::from_secs(7));
    assert_eq!(other.closed_for(), Duration::from_secs(7));
    let apart = Admissions::new(RateLimit::per_minute(2), clock);
    assert!(apart.try_admit(true, FLIGHT).is_some(), "another limit");
}

#[test]
fn memory_is_that_of_the_requests_of_a_minute() {
    let window = Window::new(u32::MAX);
    for second in 0..1000 {
        let now = Duration::from_secs(second);
        for _ in 0..3 {
            let index = window.take(now).expect("a slot");
            window.free(index, now + PERIOD + MARGIN);
        }
    }
    let slots = window.size();
    assert!(slots <= 3 * 62, "{slots}");
}

#[cfg(feature = "test-util")]
mod contract {
    use super::*;
    use crate::rate_limit::check_rate_limiter;

    /// Breaks one rule of the contract, or none. It asks a client's window.
    struct Faulty {
        admissions: Arc<Admissions>,
        breaks: u8,
    }

    impl Faulty {
        fn new(breaks: u8) -> Self {
            Self {
                admissions: admissions(&RateLimit::per_minute(5)),
                breaks,
            }
        }
    }

    impl RateLimiter for Faulty {
        fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
            let (admissions, breaks) = (Arc::clone(&self.admissions), self.breaks);
            let (granted, permit) = tokio::sync::oneshot::channel();
            let (ended, end) = tokio::sync::oneshot::channel();
            // The window lends its slots, so a task holds each.
            tokio::spawn(async move {
                let counts = breaks != 1;
                let admission = admissions
                    .admit(counts, Order::Foreground, max_flight)
                    .await;
                let mut admission = admission.expect("the window does not fail");
                // The caller is gone if it was cancelled.
                if granted.send(()).is_ok() {
                    admission.end(end.await.unwrap_or(PermitUse::Unanswered));
                } else if breaks != 4 {
                    admission.end(PermitUse::Unsent);
                }
            });
            Box::pin(async move {
                permit.await?;
                Ok(Permit::new(move |used| {
                    let used = match (breaks, used) {
                        (2, PermitUse::Unsent) | (5, PermitUse::Unanswered) => PermitUse::Answered,
                        _ => used,
                    };
                    let _ = ended.send(used);
                }))
            })
        }

        fn close(&self, wait: Duration) {
            if self.breaks != 3 {
                self.admissions.close(wait);
            }
        }
    }

    async fn check(breaks: u8) -> Option<u8> {
        let slack = Duration::from_secs(1);
        let checked = check_rate_limiter(5, MINUTE, slack, async || Faulty::new(breaks)).await;
        checked.err().map(|violation| violation.rule)
    }

    #[tokio::test(start_paused = true)]
    async fn the_window_keeps_the_contract_of_a_limiter() {
        assert_eq!(check(0).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_check_names_the_rule_that_is_broken() {
        for rule in 1..=4 {
            assert_eq!(check(rule).await, Some(rule));
        }
        // Late arrivals are rule 1 as well.
        assert_eq!(check(5).await, Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_ahead_of_background_ones_that_wait() {
    let admissions = admissions(&RateLimit::per_minute(1));
    answered(&admissions).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let caller = |name: &'static str, place| {
        let (admissions, order) = (Arc::clone(&admissions), Arc::clone(&order));
        tokio::spawn(async move {
            let mut admission = admissions
                .admit(true, place, FLIGHT)
                .await
                .expect("a limiter that does not fail");
            lock(&order).push(name);
            admission.end(PermitUse::Answered);
        })
    };
    let mut tasks: Vec<_> = (0..5)
        .map(|_| caller("background", Order::Background))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    tasks.push(caller("reply", Order::Foreground));
    for task in tasks {
        task.await.expect("a request");
    }
    // The one that was in line already goes first.
    let expected = [
        "background",
        "reply",
        "background",
        "background",
        "background",
        "background",
    ];
    assert_eq!(*lock(&order), expected);
}

#[tokio::test(start_paused = true)]
async fn a_held_place_is_free_once_its_time_has_passed() {
    let admissions = admissions(&RateLimit::per_minute(3));
    let start = Instant::now();
    admissions.hold_for([Duration::from_secs(10), Duration::from_secs(50)]);
    for seconds in [0, 10, 50] {
        answered(&admissions).await;
        assert_eq!(start.elapsed(), Duration::from_secs(seconds));
    }
    // More than the limit are as many as the limit.
    admissions.hold_for([MINUTE; 9]);
    assert!(admissions.try_admit(true, FLIGHT).is_none());
}
