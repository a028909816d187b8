//! The process that sends, and is killed.

use heymarket_api::{Client, Credentials};
use heymarket_outbox::Outbox;
use heymarket_sandbox::API_KEY;
use jiff::Timestamp;

use crate::Failed;
use crate::time::FastClock;

/// The environment of the process: the URL, the speed, the start and the file.
pub(crate) const CHILD: &str = "OUTBOX_BENCH_SENDER";

pub(crate) async fn run(child: &str) -> Result<(), Failed> {
    let parts: Vec<&str> = child.splitn(4, ' ').collect();
    let [url, scale, anchor, path] = parts[..] else {
        return Err("the environment of the sender".into());
    };
    let anchor: Timestamp = anchor.parse()?;
    let clock = FastClock::new(anchor, scale.parse()?);
    let outbox = Outbox::open(path)?.clock(clock);
    let client = client(url, clock)?;
    let mut run = outbox.run(&client);
    while let Some(event) = run.next().await {
        event?;
    }
    Ok(())
}

/// A client with the default limit, in the sandbox's time.
pub(crate) fn client(url: &str, clock: FastClock) -> Result<Client, Failed> {
    Ok(Client::builder(Credentials::api_key(API_KEY))
        .base_url(url)
        .clock(clock)
        .build()?)
}
