//! Measures what grows with the calls in flight, and with the length of a walk.

use std::time::Instant;

use heymarket_api::types::ListContacts;
use heymarket_benches::live_bytes;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::call::Call;
use crate::callers::client::Ours;
use crate::rows::{BASELINE, Row};
use crate::server::WALKED;

const IN_FLIGHT: [usize; 4] = [1, 8, 64, 256];
const CALLS: usize = 256 * 10;
const ROUNDS: usize = 10;
const PAGE: i64 = 500;

pub(crate) fn report(runtime: &Runtime, url: &str, rows: &[Row]) -> Value {
    json!({ "in_flight": throughput(runtime, rows), "walk": walk(runtime, url) })
}

/// Returns calls a second and the processor time of each, for the client and for
/// reqwest by hand, in alternation.
fn throughput(runtime: &Runtime, rows: &[Row]) -> Vec<Value> {
    let compared = [&rows[0], &rows[BASELINE]];
    let measure = |row: &Row, in_flight| {
        row.measure(runtime, |caller, runtime| {
            caller.in_flight(runtime, Call::Conversation, CALLS, in_flight)
        })
    };
    IN_FLIGHT
        .into_iter()
        .map(|in_flight| {
            let mut rates = [const { Vec::new() }; 2];
            let mut costs = [const { Vec::new() }; 2];
            for round in 0..=ROUNDS {
                for turn in 0..2 {
                    let index = (round + turn) % 2;
                    let load = measure(compared[index], in_flight);
                    // The first round connects.
                    if round > 0 {
                        rates[index].push(CALLS as f64 / load.wall.as_secs_f64());
                        costs[index].push(load.processor.as_secs_f64() * 1e6 / CALLS as f64);
                    }
                }
            }
            let [ours, theirs] = rates.map(heymarket_benches::median);
            let [our_cost, their_cost] = costs.map(heymarket_benches::median);
            json!({
                "in_flight": in_flight,
                "client_per_second": ours, "by_hand_per_second": theirs,
                "client_cpu_us": our_cost, "by_hand_cpu_us": their_cost,
            })
        })
        .collect()
}

/// Returns the memory that a walk holds, at powers of ten of its items.
fn walk(runtime: &Runtime, url: &str) -> Vec<Value> {
    let client = Ours::everything_on(url).0;
    runtime.block_on(async {
        let mut walk = client.contacts(ListContacts::new().limit(PAGE));
        let (mut items, mut peak, mut next) = (0_i64, 0, 1_000);
        let mut points = Vec::new();
        let before = live_bytes();
        let start = Instant::now();
        while let Some(contact) = walk.next().await {
            contact.expect("a contact");
            items += 1;
            if items % PAGE == 1 {
                // A whole page has just been decoded.
                peak = peak.max(live_bytes().saturating_sub(before));
            }
            if items == next {
                next *= 10;
                points.push(json!({
                    "items": items, "peak_bytes": peak, "seconds": start.elapsed().as_secs_f64(),
                    "resident_kib": most_resident_kib(),
                }));
            }
        }
        assert_eq!(items, WALKED, "each item comes once");
        points
    })
}

/// Returns the peak resident memory of this process, in KiB.
#[cfg(unix)]
fn most_resident_kib() -> Option<i64> {
    use nix::sys::resource::{UsageWho, getrusage};
    getrusage(UsageWho::RUSAGE_SELF)
        .map(|usage| usage.max_rss())
        .ok()
}

#[cfg(not(unix))]
fn most_resident_kib() -> Option<i64> {
    None
}
