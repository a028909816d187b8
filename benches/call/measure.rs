//! Takes turns.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use heymarket_benches::{allocated, median, median_ratio};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::ways::{BY_HAND, Call, Row, Way};

/// Of a turn's calls the first leave the caches as this way does, and do not
/// count.
const WARM_UP: usize = 25;
const CALLS: usize = 100;
const ROUNDS: usize = 100;
pub(crate) const IN_FLIGHT: usize = 64;
const CALLS_IN_FLIGHT: usize = 20 * IN_FLIGHT;
const ROUNDS_IN_FLIGHT: usize = 30;

/// A way of which it is forgotten which one it is.
pub(crate) trait Measured {
    /// How long each of so many calls takes, one after the other, in
    /// microseconds.
    fn latencies(&self, runtime: &Runtime, call: Call, calls: usize) -> Vec<f64>;

    /// What so many calls cost with so many in flight at any time.
    fn in_flight(&self, runtime: &Runtime, call: Call, calls: usize, in_flight: usize) -> Load;
}

/// What calls cost that are made at once.
pub(crate) struct Load {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
}

impl<W: Way> Measured for Arc<W> {
    fn latencies(&self, runtime: &Runtime, call: Call, calls: usize) -> Vec<f64> {
        runtime.block_on(async {
            let mut times = Vec::with_capacity(calls);
            for _ in 0..calls {
                let start = Instant::now();
                black_box(self.call(call).await);
                times.push(start.elapsed().as_secs_f64() * 1e6);
            }
            times
        })
    }

    fn in_flight(&self, runtime: &Runtime, call: Call, calls: usize, in_flight: usize) -> Load {
        let (start, processor) = (Instant::now(), processor_time());
        runtime.block_on(async {
            let lane = || {
                let way = Self::clone(self);
                tokio::spawn(async move {
                    for _ in 0..calls / in_flight {
                        black_box(way.call(call).await);
                    }
                })
            };
            let lanes: Vec<_> = (0..in_flight).map(|_| lane()).collect();
            for lane in lanes {
                lane.await.expect("answers");
            }
        });
        Load {
            wall: start.elapsed(),
            processor: processor_time().saturating_sub(processor),
        }
    }
}

/// The time that processors spent on this process.
#[cfg(unix)]
fn processor_time() -> Duration {
    let clock = nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID;
    nix::time::clock_gettime(clock)
        .expect("a clock of the process")
        .into()
}

/// The time that went by, where there is no one way to ask for the other.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Each call once, which says whether it works.
pub(crate) fn once(runtime: &Runtime, rows: &[Row]) {
    for row in rows {
        for call in Call::ALL {
            row.measure(runtime, |way, runtime| way.latencies(runtime, call, 1));
        }
    }
}

pub(crate) fn report(runtime: &Runtime, rows: &[Row], is_pinned: bool) -> Value {
    once(runtime, rows);
    let calls = Call::ALL.map(|call| {
        let latencies = rounds(rows, ROUNDS, |row| latency(runtime, row, call));
        let loads = rounds(rows, ROUNDS_IN_FLIGHT, |row| {
            processor_micros(runtime, row, call)
        });
        let rows = rows.iter().enumerate().map(|(index, row)| {
            let (allocations, bytes) = allocations_per_call(runtime, row, call);
            json!({
                "row": row.name,
                "latency_us": median(latencies[index].clone()),
                "latency_ratio": median_ratio(&latencies[index], &latencies[BY_HAND]),
                "cpu_us": median(loads[index].clone()),
                "cpu_ratio": median_ratio(&loads[index], &loads[BY_HAND]),
                "allocations": allocations,
                "bytes": bytes,
            })
        });
        json!({ "call": call.name(), "rows": rows.collect::<Vec<_>>() })
    });
    json!({
        "calls": calls,
        "compared_with": rows[BY_HAND].name,
        "rounds": ROUNDS,
        "calls_per_round": CALLS,
        "in_flight": IN_FLIGHT,
        "rounds_in_flight": ROUNDS_IN_FLIGHT,
        "is_pinned": is_pinned,
    })
}

/// What each row costs in each round; in each another row is the first.
fn rounds(rows: &[Row], rounds: usize, cost: impl Fn(&Row) -> f64) -> Vec<Vec<f64>> {
    let mut costs = vec![Vec::with_capacity(rounds); rows.len()];
    // The first connects and fills caches.
    rows.iter().for_each(|row| {
        black_box(cost(row));
    });
    for round in 0..rounds {
        for turn in 0..rows.len() {
            let index = (round + turn) % rows.len();
            costs[index].push(cost(&rows[index]));
        }
    }
    costs
}

/// The median of a turn.
fn latency(runtime: &Runtime, row: &Row, call: Call) -> f64 {
    row.measure(runtime, |way, runtime| {
        let mut times = way.latencies(runtime, call, WARM_UP + CALLS);
        times.drain(..WARM_UP);
        median(times)
    })
}

/// The processor time of each call of a turn.
fn processor_micros(runtime: &Runtime, row: &Row, call: Call) -> f64 {
    row.measure(runtime, |way, runtime| {
        let load = way.in_flight(runtime, call, CALLS_IN_FLIGHT, IN_FLIGHT);
        load.processor.as_secs_f64() * 1e6 / CALLS_IN_FLIGHT as f64
    })
}

/// What each call of each row allocates.
pub(crate) fn allocations(runtime: &Runtime, rows: &[Row]) -> Value {
    once(runtime, rows);
    let calls = Call::ALL.map(|call| {
        let rows = rows.iter().map(|row| {
            let (allocations, bytes) = allocations_per_call(runtime, row, call);
            json!({ "row": row.name, "allocations": allocations, "bytes": bytes })
        });
        json!({ "call": call.name(), "rows": rows.collect::<Vec<_>>() })
    });
    json!({ "calls": calls, "compared_with": rows[BY_HAND].name })
}

/// How often a call allocates, and how many bytes.
fn allocations_per_call(runtime: &Runtime, row: &Row, call: Call) -> (f64, f64) {
    const COUNTED: usize = 1000;
    row.measure(runtime, |way, runtime| {
        way.latencies(runtime, call, WARM_UP);
        let (times, all) = allocated(|| way.latencies(runtime, call, COUNTED));
        // The times themselves are kept in memory.
        let own = times.capacity() * size_of::<f64>();
        let each = |total: usize| total as f64 / COUNTED as f64;
        (each(all.times - 1), each(all.bytes - own))
    })
}
