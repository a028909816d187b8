//! Measures verifying and reading a webhook delivery, compared with parsing the
//! same body as untyped JSON without verifying it.
//!
//! With cargo's `--bench` it prints a report, of which `cargo xtask bench` makes a
//! table. Without it, it makes one round and prints nothing.

use std::hint::black_box;
use std::time::Instant;

use heymarket_api::webhook::Verifier;
use heymarket_benches::{allocated, is_measuring, median, median_ratio, print};
use serde_json::{Value, json};

const BODY: &str = include_str!("../tests/fixtures/payloads/webhook_message_recieved.json");
const ROUNDS: usize = 20_000;

fn main() {
    let rounds = if is_measuring() { ROUNDS } else { 1 };
    let verifier = Verifier::new("INVENTED_WEBHOOK_TOKEN");
    let verified = || {
        verifier
            .verify(BODY.as_bytes())
            .expect("a genuine delivery")
    };
    let free = || serde_json::from_slice::<Value>(BODY.as_bytes()).expect("JSON");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        // The first call of each pair warms the caches, and is not measured.
        black_box(verified());
        ours.push(micros(verified));
        black_box(free());
        theirs.push(micros(free));
    }
    let report = json!({
        "rounds": rounds,
        "bytes": BODY.len(),
        "ratio": median_ratio(&ours, &theirs),
        "verified": { "us": median(ours), "allocations": allocated(verified).1.times },
        "Value": { "us": median(theirs), "allocations": allocated(free).1.times },
    });
    if is_measuring() {
        print(&report);
    }
}

fn micros<T>(run: impl Fn() -> T) -> f64 {
    let start = Instant::now();
    let output = black_box(run());
    let time = start.elapsed();
    drop(output);
    time.as_secs_f64() * 1e6
}
