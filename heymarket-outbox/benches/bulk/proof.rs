//! The proof, once for each seed.

use std::collections::{HashMap, HashSet};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use heymarket_outbox::{Batch, Outbox, Reason, Recipient, State, Unknown, Window};
use heymarket_sandbox::{Deduplication, Fault, RecordedRequest, Rule, Sandbox};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::sender::CHILD;
use crate::time::FastClock;
use crate::{Failed, Options};
use heymarket_api::Clock as _;

const INBOX: i64 = 41001;
const SENDER: i64 = 50001;
const LIMIT: u64 = 500;

/// Of 100 recipients, 5 opt out: 2 are known before, 2 to the server alone, and 1
/// does so during the run.
const KNOWN: usize = 2;
const OF_THE_SERVER: usize = 2;
const DURING: usize = 1;

/// Returns a number of an unassigned area code.
pub(crate) fn phone(index: usize) -> String {
    format!("1555{:07}", 2_000_000 + index)
}

/// What the sandbox counted.
#[derive(Default)]
struct Counted {
    requests: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// 429s that no rule made.
    own_refusals: u64,
    /// When each number was attempted last.
    attempts: HashMap<String, Timestamp>,
}

impl Counted {
    fn count(&mut self, request: &RecordedRequest) {
        if request.status == Some(429) {
            self.own_refusals += u64::from(request.rules.is_empty());
            return;
        }
        self.requests += 1;
        self.first.get_or_insert(request.time);
        self.last = Some(request.time);
        if request.operation.as_deref() == Some("send_message")
            && let Some(phone) = request.body["phone_number"].as_str()
        {
            self.attempts.insert(phone.to_owned(), request.time);
        }
    }
}

pub(crate) async fn run(options: &Options) -> Result<bool, Failed> {
    let seeds = options.number("--seeds", 3);
    let mut is_proven = true;
    let mut reports = Vec::new();
    for seed in 1..=seeds {
        let (report, holds) = prove(options, seed).await?;
        is_proven &= holds;
        reports.push(report);
    }
    println!("{:#}", json!({"proof": reports}));
    Ok(is_proven)
}

fn rules(seed: u64, count: usize) -> Vec<Rule> {
    let send = |fault| Rule::new(fault).operation("send_message").seed(seed);
    let mut rules = vec![
        Rule::new(Fault::HistoryLag)
            .lag_seconds(30)
            .probability(0.5)
            .seed(seed),
        Rule::new(Fault::HistoryLag).lag_seconds(10).seed(seed + 1),
        send(Fault::CloseAfter).probability(0.01),
        send(Fault::CutOff).probability(0.01).seed(seed + 2),
    ];
    // Four storms of 40 in a run.
    for storm in 1..=4 {
        let from = storm * count as u64 / 5;
        let storm = send(Fault::Status).status(429).from(from).times(40);
        rules.push(storm.retry_after_seconds(5));
    }
    rules
}

async fn prove(options: &Options, seed: u64) -> Result<(serde_json::Value, bool), Failed> {
    let count = usize::try_from(options.number("--recipients", 100_000))?;
    let kills = options.number("--kills", 100);
    let scale = u32::try_from(options.number("--scale", 100))?;
    let counted = Arc::new(Mutex::new(Counted::default()));
    let counting = Arc::clone(&counted);
    let mut builder = Sandbox::builder()
        .empty()
        .time_scale(scale)
        .deduplication(Deduplication::None)
        .on_request(move |request| lock(&counting).count(request));
    for rule in rules(seed, count) {
        builder = builder.rule(rule);
    }
    let sandbox = builder.start().await?;
    let anchor = anchor(&sandbox, scale);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("outbox.db");
    let clock = FastClock::new(anchor, scale);
    let outbox = Outbox::open(&path)?.clock(clock);
    let (batch, opens) = batch(clock.now());
    let known = (0..count).filter(|index| index % 100 < KNOWN).map(phone);
    outbox.suppress(known, None).await?;
    let stop_server = |index: usize| sandbox.inbound(INBOX, &phone(index), "STOP");
    for index in (0..count).filter(|index| (KNOWN..KNOWN + OF_THE_SERVER).contains(&(index % 100)))
    {
        stop_server(index)?;
    }
    outbox.plan(&batch, (0..count).map(recipient)).await?;
    let environment = format!("{} {scale} {anchor} {}", sandbox.url(), path.display());
    let mut random = seed;
    let mut next = move |most: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % most.max(1)
    };
    // At the limit, so that the kills are spread over the run.
    let simulated = count as u64 * 60_000 / LIMIT;
    let pause = simulated / u64::from(scale) / (kills + 1);
    let during: Vec<usize> = (0..count)
        .filter(|index| index % 100 == KNOWN + OF_THE_SERVER + DURING - 1)
        .collect();
    let mut opted_out: HashMap<String, Timestamp> = HashMap::new();
    let (mut killed, mut told) = (0, 0);
    let status = loop {
        let mut child = start(&environment)?;
        if killed < kills {
            let patience = Duration::from_millis(pause / 2 + next(pause));
            if let Ok(status) = tokio::time::timeout(patience, child.wait()).await {
                break status?;
            }
            child.kill().await?;
            killed += 1;
        } else {
            break child.wait().await?;
        }
        // Some of those opt out who do so during the run.
        let until = during.len() * usize::try_from(killed)? / usize::try_from(kills.max(1))?;
        for index in &during[told..until] {
            stop_server(*index)?;
            outbox.suppress([phone(*index)], None).await?;
            opted_out.insert(phone(*index), sandbox.now());
        }
        told = until;
    };
    let counted = std::mem::take(&mut *lock(&counted));
    judge(&Run {
        sandbox: &sandbox,
        outbox: &outbox,
        counted: &counted,
        opted_out: &opted_out,
        opens,
        count,
        killed,
        seed,
        status,
    })
    .await
}

/// The moment at which the sandbox's time was the machine's.
fn anchor(sandbox: &Sandbox, scale: u32) -> Timestamp {
    let (before, shown, after) = (Timestamp::now(), sandbox.now(), Timestamp::now());
    let now = before + after.duration_since(before) / 2;
    let ahead = shown.duration_since(now);
    // It gains all but one of each of its seconds.
    let gained = i32::try_from(scale.max(2) - 1).unwrap_or(i32::MAX);
    now - ahead / gained
}

struct Run<'a> {
    sandbox: &'a Sandbox,
    outbox: &'a Outbox,
    counted: &'a Counted,
    opted_out: &'a HashMap<String, Timestamp>,
    opens: Timestamp,
    count: usize,
    killed: u64,
    seed: u64,
    status: ExitStatus,
}

/// Counts what the sandbox has against what the ledger says.
async fn judge(run: &Run<'_>) -> Result<(serde_json::Value, bool), Failed> {
    let mut received: HashMap<String, u64> = HashMap::new();
    let mut outside = 0;
    for message in run.sandbox.sent() {
        *received.entry(message.address.clone()).or_default() += 1;
        let index: usize = message.address[4..].parse::<usize>()? - 2_000_000;
        let opens = zone_opening(run.opens, index);
        outside += u64::from(message.date + SignedDuration::from_secs(1) < opens);
    }
    let mut unaccounted = 0;
    let mut report = run.outbox.report("proof").await?;
    let mut rows = 0;
    let mut known = HashSet::new();
    while let Some(row) = report.next().await? {
        rows += 1;
        let phone = row.phone.unwrap_or_default();
        let has_message = received.contains_key(&phone);
        let is_sent = row.state == State::Sent;
        unaccounted += u64::from(!row.state.is_end() || is_sent != has_message);
        known.insert(phone);
    }
    let unknown_to_ledger = received
        .keys()
        .filter(|phone| !known.contains(*phone))
        .count();
    let doubled = received.values().filter(|count| **count > 1).count();
    let late = run.opted_out.iter().filter(|(phone, since)| {
        let attempted = run.counted.attempts.get(*phone);
        attempted.is_some_and(|attempted| attempted > *since)
    });
    let to_opted_out = late.count()
        + (0..run.count)
            .filter(|index| index % 100 < KNOWN + OF_THE_SERVER)
            .filter(|index| received.contains_key(&phone(*index)))
            .count();
    let counts = run.outbox.status("proof").await?.counts;
    let minutes = match (run.counted.first, run.counted.last) {
        (Some(first), Some(last)) => last.duration_since(first).as_secs_f64() / 60.0,
        _ => f64::NAN,
    };
    let used = run.counted.requests as f64 / (minutes * LIMIT as f64);
    let review = counts.of(State::NeedsReview);
    let lost = run.count as u64 - rows + unaccounted + unknown_to_ledger as u64;
    let holds = run.status.success()
        && doubled as u64 + lost + to_opted_out as u64 + outside + review == 0
        && run.counted.own_refusals == 0;
    let report = json!({
        "seed": run.seed,
        "holds": holds,
        "recipients": run.count,
        "kills": run.killed,
        "double": doubled,
        "lost_or_unaccounted": lost,
        "to_opted_out": to_opted_out,
        "outside_windows": outside,
        "to_review": review,
        "own_429": run.counted.own_refusals,
        "sent": counts.of(State::Sent),
        "found_in_history": counts.of_reason(State::Sent, Reason::FoundInHistory),
        "opted_out": counts.of_reason(State::Refused, Reason::OptedOut),
        "requests": run.counted.requests,
        "simulated_minutes": (minutes * 10.0).round() / 10.0,
        "limit_used": (used * 1e4).round() / 1e4,
    });
    Ok((report, holds))
}

/// When the window of a recipient opens: every second one is an hour ahead.
fn zone_opening(opens: Timestamp, index: usize) -> Timestamp {
    if index.is_multiple_of(2) {
        opens
    } else {
        opens - SignedDuration::from_hours(1)
    }
}

fn recipient(index: usize) -> Recipient {
    let zone = ["UTC", "Etc/GMT-1"][index % 2];
    Recipient::new(phone(index)).zone(zone)
}

/// A batch whose window opens in ten minutes in one of its zones, and is open in
/// the other.
fn batch(now: Timestamp) -> (Batch, Timestamp) {
    let opens = now + SignedDuration::from_mins(10);
    let at = TimeZone::UTC.to_datetime(opens);
    let minute = at.hour() as u16 * 60 + at.minute() as u16;
    // Within a day: near its end, the window is open from the start.
    let minute = if !(60..=16 * 60).contains(&minute) {
        0
    } else {
        minute
    };
    let opens = if minute == 0 {
        now - SignedDuration::from_hours(24)
    } else {
        let seconds = i64::from(at.second());
        opens - SignedDuration::from_secs(seconds)
    };
    let text = format!("{:02}:{:02}-24:00", minute / 60, minute % 60);
    let window: Window = text.parse().expect("a window of one day");
    let batch = Batch::new("proof", INBOX, SENDER)
        .text("Hello from {{phone}}")
        .window(window)
        .unknown(Unknown::ResendAfter(Duration::from_secs(60)));
    (batch, opens)
}

fn start(environment: &str) -> Result<Child, Failed> {
    Ok(Command::new(std::env::current_exe()?)
        .env(CHILD, environment)
        .stdout(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
