//! The process that sends, and is killed.

use std::path::Path;
use std::process::Stdio;

use heymarket_api::{Client, Credentials};
use heymarket_outbox::Outbox;
use heymarket_sandbox::API_KEY;
use tokio::process::{Child, Command};

use crate::Failed;
use crate::time::FastClock;

/// The environment of the process: the URL, the clock and the file.
pub(crate) const CHILD: &str = "OUTBOX_BENCH_SENDER";

/// As much as the default of 32 at the speed of time: the machine's delays are
/// many times as long in the sandbox's time.
const CONCURRENCY: usize = 128;

/// Starts the process.
pub(crate) fn start(url: &str, clock: FastClock, outbox: &Path) -> Result<Child, Failed> {
    let FastClock {
        start,
        anchor,
        scale,
        ..
    } = clock;
    let child = format!("{url} {start} {anchor} {scale} {}", outbox.display());
    Ok(Command::new(std::env::current_exe()?)
        .env(CHILD, child)
        .stdout(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?)
}

pub(crate) async fn run(child: &str) -> Result<(), Failed> {
    let parts: Vec<&str> = child.splitn(5, ' ').collect();
    let [url, start, anchor, scale, path] = parts[..] else {
        return Err("the environment of the sender".into());
    };
    let clock = FastClock::new(start.parse()?, anchor.parse()?, scale.parse()?);
    let outbox = Outbox::open(path)?.clock(clock).concurrency(CONCURRENCY);
    // With the default limit.
    let client = Client::builder(Credentials::api_key(API_KEY))
        .base_url(url)
        .clock(clock)
        .build()?;
    let mut run = outbox.run(&client);
    while let Some(event) = run.next().await {
        event?;
    }
    Ok(())
}
