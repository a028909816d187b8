//! What the ledger costs.

use std::time::{Duration, Instant};

use heymarket_api::types::{InboxId, MemberId, SendMessage};
use heymarket_api::{Client, Credentials, RateLimit};
use heymarket_outbox::{Batch, Outbox, Recipient};
use heymarket_sandbox::{API_KEY, Sandbox};

use crate::Failed;
use crate::people::phone;

/// Measures the time and memory to plan `count` recipients.
pub(crate) async fn plan(count: u64) -> Result<bool, Failed> {
    let count = usize::try_from(count)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("outbox.db");
    let outbox = Outbox::open(&path)?;
    let batch = Batch::new("plan", InboxId(1), MemberId(2)).text("Hi {{first}}, see you {{time}}.");
    let recipients = (0..count).map(|index| {
        Recipient::new(phone(index))
            .field("first", "Robin")
            .field("time", "9:30")
    });
    let before = memory("VmRSS");
    let start = Instant::now();
    let plan = outbox.plan(&batch, recipients).await?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory("VmHWM") / 1024;
    let file = std::fs::metadata(&path)?.len() / 1024 / 1024;
    println!("| a plan of {count} recipients | |\n|---|---:|");
    println!("| time | {seconds:.1} s |");
    println!("| memory before | {} MiB |", before / 1024);
    println!("| memory at its peak | {peak} MiB |");
    println!("| size of the outbox | {file} MiB |");
    Ok(plan.planned == count as u64)
}

/// A line of `/proc/self/status`, in KiB; 0 if it is missing.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// The processor time of this process, the sandbox included.
pub(crate) fn processor_time() -> Result<Duration, Failed> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let micros = user.tv_sec() * 1_000_000 + user.tv_usec();
    let micros = micros + system.tv_sec() * 1_000_000 + system.tv_usec();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}

/// The processor time of messages through the outbox, beside the same messages
/// through the client alone, 32 in flight. The sandbox's is in both.
pub(crate) async fn ledger(count: u64) -> Result<bool, Failed> {
    let count = usize::try_from(count)?;
    let mut differences = Vec::new();
    for _ in 0..3 {
        let plain = sends(count).await?;
        let outbox = run(count).await?;
        let each = |time: Duration| time.as_secs_f64() * 1e3 / count as f64;
        differences.push((each(plain), each(outbox)));
    }
    differences.sort_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
    let (plain, outbox) = differences[1];
    println!("| processor time of each message, and of the sandbox | |\n|---|---:|");
    println!("| through the client alone | {plain:.2} ms |");
    println!("| through the outbox | {outbox:.2} ms |");
    println!("| the ledger | {:.2} ms |", outbox - plain);
    Ok(outbox - plain < 2.0)
}

pub(crate) async fn sandbox() -> Result<(Sandbox, Client), Failed> {
    let sandbox = Sandbox::builder().empty().rate_limit(None).start().await?;
    let client = Client::builder(Credentials::api_key(API_KEY))
        .base_url(sandbox.url())
        .rate_limit(RateLimit::off())
        .build()?;
    Ok((sandbox, client))
}

/// Sends messages through the client alone, and returns the processor time.
pub(crate) async fn sends(count: usize) -> Result<Duration, Failed> {
    let (_sandbox, client) = sandbox().await?;
    let start = processor_time()?;
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..count {
        if tasks.len() == 32 {
            tasks.join_next().await.transpose()?;
        }
        let client = client.clone();
        tasks.spawn(async move {
            let message = SendMessage::new(41001.into(), 50001.into())
                .to_phone(phone(index))
                .text("Hello");
            client.send_message(&message).await.map(drop)
        });
    }
    while let Some(sent) = tasks.join_next().await {
        sent??;
    }
    Ok(processor_time()?.saturating_sub(start))
}

async fn run(count: usize) -> Result<Duration, Failed> {
    let (_sandbox, client) = sandbox().await?;
    let folder = tempfile::tempdir()?;
    let outbox = Outbox::open(folder.path().join("outbox.db"))?;
    let batch = Batch::new("cost", InboxId(41001), MemberId(50001)).text("Hello");
    let recipients = (0..count).map(|index| Recipient::new(phone(index)));
    outbox.plan(&batch, recipients).await?;
    let start = processor_time()?;
    let mut run = outbox.run(&client);
    while let Some(event) = run.next().await {
        event?;
    }
    Ok(processor_time()?.saturating_sub(start))
}
