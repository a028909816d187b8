//! The report of a benchmark: one JSON value on standard output.

use serde_json::Value;

/// Returns whether cargo runs the benchmark, and not a test of it.
#[must_use]
pub fn is_measuring() -> bool {
    let has = |argument: &str| std::env::args().any(|given| given == argument);
    has("--bench") && !has("--test")
}

/// Prints a report: one JSON value.
#[expect(
    clippy::print_stdout,
    reason = "the result of a benchmark is its output"
)]
pub fn print(report: &Value) {
    println!("{report}");
}
