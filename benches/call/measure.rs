//! Measures rows in alternation and writes the report.

use std::hint::black_box;

use heymarket_benches::{allocated, median, median_ratio};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::call::Call;
use crate::rows::{BASELINE, Row};

/// The first calls of a turn fill the caches and do not count.
const WARM_UP: usize = 25;
const CALLS: usize = 100;
const ROUNDS: usize = 100;
pub(crate) const IN_FLIGHT: usize = 64;
const CALLS_IN_FLIGHT: usize = 20 * IN_FLIGHT;
const ROUNDS_IN_FLIGHT: usize = 30;

/// Makes each call once, so that a broken one fails before anything is measured.
pub(crate) fn once(runtime: &Runtime, rows: &[Row]) {
    for row in rows {
        for call in Call::ALL {
            row.measure(runtime, |caller, runtime| {
                caller.latencies(runtime, call, 1)
            });
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
                "latency_ratio": median_ratio(&latencies[index], &latencies[BASELINE]),
                "cpu_us": median(loads[index].clone()),
                "cpu_ratio": median_ratio(&loads[index], &loads[BASELINE]),
                "allocations": allocations,
                "bytes": bytes,
            })
        });
        json!({ "call": call.name(), "rows": rows.collect::<Vec<_>>() })
    });
    json!({
        "calls": calls,
        "compared_with": rows[BASELINE].name,
        "rounds": ROUNDS,
        "calls_per_round": CALLS,
        "in_flight": IN_FLIGHT,
        "rounds_in_flight": ROUNDS_IN_FLIGHT,
        "is_pinned": is_pinned,
    })
}

/// Returns what each row costs in each round. Each round starts with another row.
fn rounds(rows: &[Row], rounds: usize, cost: impl Fn(&Row) -> f64) -> Vec<Vec<f64>> {
    let mut costs = vec![Vec::with_capacity(rounds); rows.len()];
    // The first round connects and fills the caches.
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

/// Returns the median latency of a turn.
fn latency(runtime: &Runtime, row: &Row, call: Call) -> f64 {
    row.measure(runtime, |caller, runtime| {
        let mut times = caller.latencies(runtime, call, WARM_UP + CALLS);
        times.drain(..WARM_UP);
        median(times)
    })
}

/// Returns the processor time of a call, on average over a turn.
fn processor_micros(runtime: &Runtime, row: &Row, call: Call) -> f64 {
    row.measure(runtime, |caller, runtime| {
        let load = caller.in_flight(runtime, call, CALLS_IN_FLIGHT, IN_FLIGHT);
        load.processor.as_secs_f64() * 1e6 / CALLS_IN_FLIGHT as f64
    })
}

/// Reports what each call of each row allocates.
pub(crate) fn allocations(runtime: &Runtime, rows: &[Row]) -> Value {
    once(runtime, rows);
    let calls = Call::ALL.map(|call| {
        let rows = rows.iter().map(|row| {
            let (allocations, bytes) = allocations_per_call(runtime, row, call);
            json!({ "row": row.name, "allocations": allocations, "bytes": bytes })
        });
        json!({ "call": call.name(), "rows": rows.collect::<Vec<_>>() })
    });
    json!({ "calls": calls, "compared_with": rows[BASELINE].name })
}

/// Returns how often a call allocates, and how many bytes.
fn allocations_per_call(runtime: &Runtime, row: &Row, call: Call) -> (f64, f64) {
    const COUNTED: usize = 1000;
    row.measure(runtime, |caller, runtime| {
        caller.latencies(runtime, call, WARM_UP);
        let (times, all) = allocated(|| caller.latencies(runtime, call, COUNTED));
        // The vector of times is one allocation.
        let own = times.capacity() * size_of::<f64>();
        let each = |total: usize| total as f64 / COUNTED as f64;
        (each(all.times - 1), each(all.bytes - own))
    })
}
