//! Models of the server's limit, of its network and of the callers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const LIMIT: usize = 500;
const BURST: usize = 10_000;

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

    /// Sends a request, and returns whether it was admitted.
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
async fn requests_get_no_429_and_use_99_percent_of_the_limit() {
    for seed in 0..4 {
        let mut random = fastrand::Rng::with_seed(seed);
        for (name, model) in Model::all(&mut random) {
            let admissions = admissions(&RateLimit::default());
            let server = Server::new(model);
            let tasks: Vec<_> = (0..BURST)
                .map(|_| {
                    let (admissions, server) = (Arc::clone(&admissions), server.clone());
                    let (there, back) = (delay(&mut random), delay(&mut random));
                    tokio::spawn(async move {
                        let mut admission = admit(&admissions).await;
                        assert!(server.ask(there, back).await);
                        admission.end(PermitUse::Answered);
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

/// The outcome of one request.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// When its caller asks for a permit.
    comes: Duration,
    /// When its caller gives up, counted from then.
    gives_up: Option<Duration>,
    /// Whether there is no connection.
    is_unsent: bool,
    /// How long it takes to arrive, and the answer to come back.
    there: Duration,
    back: Duration,
    /// For how long the server asks to wait, in a 429.
    closes: Option<Duration>,
}

impl Fate {
    /// Of those that do not give up, most are fast. Those that do may arrive as
    /// late as the contract allows.
    fn random(random: &mut fastrand::Rng) -> Self {
        let milliseconds =
            |random: &mut fastrand::Rng, most: u64| Duration::from_millis(random.u64(0..most));
        let is_slow = random.u8(0..5) == 0;
        let there = milliseconds(random, if is_slow { 40_000 } else { 300 });
        let gives_up = (random.u8(0..3) == 0).then(|| milliseconds(random, 100_000));
        let gives_up = gives_up.map(|wait| if random.bool() { wait / 500 } else { wait });
        Self {
            comes: milliseconds(random, 150_000) * u32::from(random.bool()),
            gives_up,
            is_unsent: random.u8(0..10) == 0,
            there,
            back: milliseconds(random, 300),
            closes: (random.u8(0..60) == 0).then(|| milliseconds(random, 90_000)),
        }
    }
}

/// What happened, in the order of time.
#[derive(Default)]
struct Log {
    starts: Vec<Duration>,
    arrivals: Vec<Duration>,
    /// From when until when it was closed.
    closures: Vec<(Duration, Duration)>,
}

/// One caller. Its request arrives whether or not it waits for the answer.
async fn call(admissions: Arc<Admissions>, fate: Fate, start: Instant, log: Arc<Mutex<Log>>) {
    tokio::time::sleep(fate.comes).await;
    let request = async {
        let mut admission = admit(&admissions).await;
        if fate.is_unsent {
            admission.end(PermitUse::Unsent);
            return;
        }
        lock(&log).starts.push(start.elapsed());
        let arrival = Arc::clone(&log);
        tokio::spawn(async move {
            tokio::time::sleep(fate.there).await;
            lock(&arrival).arrivals.push(start.elapsed());
        });
        tokio::time::sleep(fate.there + fate.back).await;
        admission.end(PermitUse::Answered);
        if let Some(wait) = fate.closes {
            admissions.close(wait);
            let now = start.elapsed();
            lock(&log).closures.push((now, now + wait));
        }
    };
    match fate.gives_up {
        None => request.await,
        Some(patience) => drop(tokio::time::timeout(patience, request).await),
    }
}

/// Runs callers to their end.
async fn run(limit: &RateLimit, fates: Vec<Fate>) -> Log {
    let admissions = admissions(limit);
    let log = Arc::<Mutex<Log>>::default();
    let start = Instant::now();
    let calls: Vec<_> = fates
        .into_iter()
        .map(|fate| tokio::spawn(call(Arc::clone(&admissions), fate, start, Arc::clone(&log))))
        .collect();
    for call in calls {
        call.await.expect("a call");
    }
    tokio::time::sleep(FLIGHT).await;
    std::mem::take(&mut *lock(&log))
}

fn seed(variable: &str) -> u64 {
    let seed = std::env::var(variable).ok();
    let seed = seed.and_then(|seed| seed.parse().ok());
    seed.unwrap_or_else(|| fastrand::u64(..))
}

#[tokio::test(start_paused = true)]
#[expect(clippy::print_stdout, reason = "the seed makes a failure repeatable")]
async fn no_minute_has_more_requests_than_the_limit() {
    const SCENARIOS: u32 = 400;
    const CALLERS: usize = 100;
    let seed = seed("LIMIT_SEED");
    println!("LIMIT_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for scenario in 0..SCENARIOS {
        let limit = random.usize(5..40);
        let fates = (0..CALLERS).map(|_| Fate::random(&mut random)).collect();
        let capacity = u32::try_from(limit).expect("a limit");
        let log = run(&RateLimit::per_minute(capacity), fates).await;
        let shown = format!("LIMIT_SEED={seed}, scenario {scenario}, limit {limit}");
        for window in log.arrivals.windows(limit + 1) {
            let apart = window[limit] - window[0];
            assert!(apart >= MINUTE, "{shown}: {} in {apart:?}", limit + 1);
        }
        for (from, until) in &log.closures {
            let is_within = |start: &&Duration| *start > from && *start < until;
            let early = log.starts.iter().find(is_within);
            assert_eq!(early, None, "{shown}: closed from {from:?} to {until:?}");
        }
    }
}

/// The case that the hostile test reported: 50 callers of a limit of 50 give up
/// at 0.1 s, and their requests arrive at 0.3 s.
#[tokio::test(start_paused = true)]
async fn requests_of_callers_who_gave_up_count_when_they_arrive() {
    let fate = |comes: u64, gives_up: Option<u64>| Fate {
        comes: Duration::from_millis(comes),
        gives_up: gives_up.map(Duration::from_millis),
        is_unsent: false,
        there: Duration::from_millis(300),
        back: Duration::ZERO,
        closes: None,
    };
    let mut fates = vec![fate(0, Some(100)); 50];
    fates.extend(vec![fate(1, None); 50]);
    let log = run(&RateLimit::per_minute(50), fates).await;
    assert_eq!(log.arrivals.len(), 100);
    let apart = log.arrivals[50] - log.arrivals[0];
    assert!(apart >= MINUTE, "100 arrivals in {apart:?}");
}

/// What it costs to be sure: the share of the quota that is used when every
/// second caller gives up before its answer comes.
#[tokio::test(start_paused = true)]
#[expect(
    clippy::print_stdout,
    reason = "the figure is for who asks, with --nocapture"
)]
async fn a_limit_is_used_by_more_than_half_if_half_give_up() {
    let admissions = admissions(&RateLimit::default());
    let start = Instant::now();
    let calls: Vec<_> = (0..4000)
        .map(|number| {
            let admissions = Arc::clone(&admissions);
            let gives_up = number % 2 == 0;
            tokio::spawn(async move {
                let mut admission = admit(&admissions).await;
                let milliseconds = if gives_up { 1 } else { 100 };
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                if !gives_up {
                    admission.end(PermitUse::Answered);
                }
            })
        })
        .collect();
    for call in calls {
        call.await.expect("a call");
    }
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    let used = 4000.0 / (LIMIT as f64 * (minutes + 1.0));
    println!("half give up: {:.1} % of the quota", used * 100.0);
    assert!((0.6..0.99).contains(&used), "{used}");
}
