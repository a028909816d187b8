//! The proof, once for each seed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use heymarket_api::types::{InboxId, MemberId};
use heymarket_outbox::{Batch, Outbox, Unknown};
use heymarket_sandbox::{Deduplication, Fault, Rule, Sandbox};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::counts::{Counts, LIMIT};
use crate::judge::{self, Findings, judge};
use crate::people::{
    has_stopped_at_the_server, is_known_to_have_stopped, phone, recipient, stops_during_the_run,
};
use crate::table::table;
use crate::time::FastClock;
use crate::windows::Hours;
use crate::{Failed, Options, sender};

const INBOX: InboxId = InboxId(41001);
const SENDER: MemberId = MemberId(50001);

/// How many storms of 429s there are in a run, and how many 429s in each.
const STORMS: u64 = 4;
const STORM: u64 = 30;

/// One kill in five is soon after a start.
const SOON: u64 = 5;

pub(crate) async fn run(options: &Options) -> Result<bool, Failed> {
    let first = options.number("--seed", 1);
    let seeds = options.number("--seeds", 3);
    let mut all = Vec::new();
    for seed in first..first + seeds {
        all.push(prove(options, seed).await?);
    }
    println!("{}", table(&all));
    Ok(all.iter().all(Findings::holds))
}

/// The faults of the sandbox, and the IDs of those that are storms.
fn rules(seed: u64, count: usize) -> (Vec<Rule>, std::ops::Range<u64>) {
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
    // Rules are numbered from 1.
    let first = rules.len() as u64 + 1;
    for storm in 1..=STORMS {
        let from = storm * count as u64 / (STORMS + 1);
        let storm = send(Fault::Status).status(429).from(from).times(STORM);
        rules.push(storm.retry_after_seconds(2));
    }
    (rules, first..first + STORMS)
}

/// A sandbox, and an outbox with a batch for it.
struct Setup {
    sandbox: Sandbox,
    outbox: Outbox,
    clock: FastClock,
    counts: Arc<Mutex<Counts>>,
    count: usize,
    folder: TempDir,
}

impl Setup {
    async fn new(count: usize, scale: u32, seed: u64) -> Result<Self, Failed> {
        let (rules, storms) = rules(seed, count);
        let counts = Arc::new(Mutex::new(Counts::new(storms)));
        let counting = Arc::clone(&counts);
        let mut builder = Sandbox::builder()
            .empty()
            .time_scale(scale)
            .deduplication(Deduplication::None)
            .on_request(move |request| lock(&counting).add(request));
        for rule in rules {
            builder = builder.rule(rule);
        }
        let sandbox = builder.start().await?;
        let hours = Hours::of(count as u64 / LIMIT)?;
        let folder = folder()?;
        let outbox = Outbox::open(path(folder.path()))?;
        let known = (0..count).filter(|index| is_known_to_have_stopped(*index));
        outbox.suppress(known.map(phone), None).await?;
        for index in (0..count).filter(|index| has_stopped_at_the_server(*index)) {
            sandbox.inbound(INBOX.0, &phone(index), "STOP")?;
        }
        let batch = Batch::new("proof", INBOX, SENDER)
            .text("Hello from {{phone}}")
            .window(hours.window()?)
            .unknown(Unknown::ResendAfter(Duration::from_secs(60)));
        outbox.plan(&batch, (0..count).map(recipient)).await?;
        // Planning takes none of the sandbox's time.
        let clock = FastClock::of(&sandbox, hours.start, scale);
        Ok(Self {
            outbox: outbox.clock(clock),
            sandbox,
            clock,
            counts,
            count,
            folder,
        })
    }

    fn requests(&self) -> u64 {
        lock(&self.counts).requests() as u64
    }
}

/// A folder in memory, if the machine has one. A flush to a disk would take as many
/// times as long in the sandbox's time, and what a killed process has written is
/// there either way.
fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("outbox.db")
}

/// The kills of a run, and the people who opted out between them.
#[derive(Default)]
struct Disturbances {
    kills: Vec<Timestamp>,
    opted_out: HashMap<String, Timestamp>,
}

async fn prove(options: &Options, seed: u64) -> Result<Findings, Failed> {
    let count = usize::try_from(options.number("--recipients", 100_000))?;
    let scale = u32::try_from(options.number("--scale", 100))?;
    let kills = usize::try_from(options.number("--kills", 100))?;
    let setup = Setup::new(count, scale, seed).await?;
    let begun = Instant::now();
    let mut disturbances = Disturbances::default();
    let status = send(&setup, kills, seed, &mut disturbances).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut counts = std::mem::take(&mut *lock(&setup.counts));
    counts.sort();
    let verdict = judge(&judge::Run {
        sandbox: &setup.sandbox,
        outbox: &setup.outbox,
        count,
        attempts: &counts.attempts,
        opted_out: &disturbances.opted_out,
    })
    .await?;
    let limit = counts.limit_used(&disturbances.kills);
    Ok(Findings {
        seed,
        recipients: count,
        kills: disturbances.kills.len(),
        exited_well: status.success() && disturbances.kills.len() == kills,
        doubled: verdict.doubled,
        lost: verdict.lost,
        to_opted_out: verdict.to_opted_out,
        outside_windows: verdict.outside_windows,
        to_review: verdict.to_review,
        own_refusals: counts.own_refusals,
        sent: verdict.sent,
        found_in_history: verdict.found_in_history,
        opted_out: verdict.opted_out,
        requests: counts.requests(),
        limit,
        downtime: counts.downtime(&disturbances.kills),
        seconds,
    })
}

/// Sends the batch with a process that is killed and started again.
///
/// The kills are spread over the requests, and each is at a random moment; one
/// in five is shortly after a start.
async fn send(
    setup: &Setup,
    kills: usize,
    seed: u64,
    disturbances: &mut Disturbances,
) -> Result<ExitStatus, Failed> {
    let path = path(setup.folder.path());
    let mut random = Random(seed);
    let during: Vec<usize> = (0..setup.count)
        .filter(|index| stops_during_the_run(*index))
        .collect();
    let mut stopped = 0;
    loop {
        let mut child = sender::start(setup.sandbox.url(), setup.clock, &path)?;
        let killed = disturbances.kills.len();
        if killed == kills {
            return Ok(child.wait().await?);
        }
        let is_soon = random.below(SOON) == 0;
        let share = setup.count as u64 / (kills as u64 + 1);
        let target = if is_soon {
            0
        } else {
            killed as u64 * share + share / 2 + random.below(share)
        };
        let patience = Duration::from_micros(random.below(50_000));
        let moment = async {
            while setup.requests() < target {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(patience).await;
        };
        tokio::select! {
            status = child.wait() => return Ok(status?),
            () = moment => {}
        }
        child.kill().await?;
        disturbances.kills.push(setup.sandbox.now());
        // Some of those opt out who do so during the run.
        let until = during.len() * disturbances.kills.len() / kills;
        for index in &during[stopped..until] {
            setup.sandbox.inbound(INBOX.0, &phone(*index), "STOP")?;
            setup.outbox.suppress([phone(*index)], None).await?;
            let now = setup.sandbox.now();
            disturbances.opted_out.insert(phone(*index), now);
        }
        stopped = until;
    }
}

/// A generator that gives the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % most.max(1)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
