use serde_json::Value;

/// Whether cargo runs a benchmark, and not a test of it.
#[must_use]
pub fn is_measuring() -> bool {
    let has = |argument: &str| std::env::args().any(|given| given == argument);
    has("--bench") && !has("--test")
}

/// Prints a report: one JSON value.
#[expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]
pub fn print(report: &Value) {
    println!("{report}");
}
