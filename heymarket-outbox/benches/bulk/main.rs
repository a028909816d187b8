//! Proof of the outbox: `cargo xtask bench --bulk`.
//!
//! A sandbox whose time goes many times as fast as the machine's gets a batch from
//! a process that is killed at random moments. Repeated `local_id`s send again,
//! the history lags, answers are lost and cut off, and 429s come in storms. Some
//! recipients opted out before, some only at the server, and some do so during the
//! run. The sandbox's own records are counted.
//!
//! With `--workers N` the batch is in PostgreSQL, and N processes send it with one
//! limit, in PostgreSQL with odd seeds and in Redis with even ones. Workers are
//! killed, stores are restarted and flushed, networks are cut, and the clock of one
//! worker is an hour ahead.
//!
//! The stores count by the machine's clock. So what they measure is divided by the
//! speed of time: the lease of a worker (at least a second), the period, the
//! patience and the holds of the limit. The ledger's own time, by which windows
//! open, is the sandbox's. What is not divided: a message to a store may take two
//! seconds or a quarter of the period, and one to the ledger ten seconds or a lease.
//! With `OUTBOX_BENCH_ERRORS` set, workers print why they begin again.
//!
//! With `--cost` it measures the processor time of the ledger for each message,
//! and with `--plan` the time and memory of a plan. With `--cost N --database` it
//! measures N messages of a ledger in PostgreSQL that has `--rows` recipients, sent by
//! `--workers` at once.

#![expect(
    clippy::print_stdout,
    reason = "the result of a benchmark is its output"
)]

mod cluster;
mod cost;
mod counts;
mod database;
mod judge;
mod people;
mod proof;
mod sender;
mod setup;
mod table;
mod time;
mod windows;
mod worker;
mod workers;

use std::process::ExitCode;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What to measure, from `--name value` pairs; `--bench` comes from cargo.
struct Options(Vec<String>);

impl Options {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    fn number(&self, name: &str, default: u64) -> u64 {
        let at = self.0.iter().position(|argument| argument == name);
        let value = at.and_then(|at| self.0.get(at + 1));
        value
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options(std::env::args().skip(1).collect());
    let measured = if let Ok(child) = std::env::var(sender::CHILD) {
        sender::run(&child).await.map(|()| true)
    } else if let Ok(child) = std::env::var(worker::CHILD) {
        worker::run(&child).await.map(|()| true)
    } else if options.has("--database") {
        let rows = options.number("--rows", 100_000);
        let workers = options.number("--workers", 1);
        database::run(options.number("--cost", 3_000), rows, workers).await
    } else if options.has("--workers") {
        workers::run(&options).await
    } else if options.has("--plan") {
        cost::plan(options.number("--plan", 1_000_000)).await
    } else if options.has("--cost") {
        cost::ledger(options.number("--cost", 3_000)).await
    } else {
        proof::run(&options).await
    };
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}
