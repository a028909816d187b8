//! What it costs to verify and read the delivery of a webhook, against reading
//! the same body as free JSON without verifying it.
//!
//! `cargo bench -p heymarket-tests --bench webhook` measures and prints a
//! table; without cargo's `--bench` it makes one round and prints nothing.

use std::alloc::System;
use std::hint::black_box;
use std::time::{Duration, Instant};

use heymarket_api::webhook::Verifier;
use serde_json::Value;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BODY: &str = include_str!("../fixtures/payloads/webhook_message_recieved.json");
const ROUNDS: usize = 20_000;

fn main() {
    let is_measuring = std::env::args().any(|argument| argument == "--bench");
    let rounds = if is_measuring { ROUNDS } else { 1 };
    let verifier = Verifier::new("INVENTED_WEBHOOK_TOKEN");
    let verified = || {
        verifier
            .verify(BODY.as_bytes())
            .expect("a genuine delivery")
    };
    let free = || serde_json::from_slice::<Value>(BODY.as_bytes()).expect("JSON");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        // The first of each pair finds the caches as the other way left them.
        black_box(verified());
        ours.push(cost(verified));
        black_box(free());
        theirs.push(cost(free));
    }
    if is_measuring {
        print(&mut ours, &mut theirs);
    }
}

struct Cost {
    time: Duration,
    allocations: usize,
}

fn cost<T>(run: impl Fn() -> T) -> Cost {
    let region = Region::new(GLOBAL);
    let start = Instant::now();
    let output = black_box(run());
    let time = start.elapsed();
    let allocations = region.change().allocations;
    drop(output);
    Cost { time, allocations }
}

#[expect(
    clippy::print_stdout,
    reason = "the table is what the benchmark is for"
)]
fn print(ours: &mut [Cost], theirs: &mut [Cost]) {
    for costs in [&mut *ours, &mut *theirs] {
        costs.sort_by_key(|cost| cost.time);
    }
    let (our, their) = (&ours[ours.len() / 2], &theirs[theirs.len() / 2]);
    let time = |cost: &Cost| cost.time.as_secs_f64() * 1e6;
    println!("One delivery of {} bytes, {ROUNDS} rounds", BODY.len());
    println!(
        "{:<14}{:>10}{:>10}{:>14}",
        "", "verified", "Value", "verified/Value"
    );
    println!(
        "{:<14}{:>10.2}{:>10.2}{:>14.2}",
        "median us",
        time(our),
        time(their),
        time(our) / time(their)
    );
    println!(
        "{:<14}{:>10}{:>10}{:>14.2}",
        "allocations",
        our.allocations,
        their.allocations,
        our.allocations as f64 / their.allocations as f64
    );
    println!("cargo bench -p heymarket-tests --bench webhook");
}
