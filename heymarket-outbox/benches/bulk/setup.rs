//! What both proofs send: a batch, the sandbox that gets it with its faults, and the
//! people who opt out meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use heymarket_api::types::{InboxId, MemberId};
use heymarket_outbox::{Batch, Outbox, Unknown};
use heymarket_sandbox::{Deduplication, Fault, Rule, Sandbox};
use jiff::Timestamp;

use crate::Failed;
use crate::counts::{Counts, LIMIT};
use crate::people::{
    has_stopped_at_the_server, is_known_to_have_stopped, phone, recipient, stops_during_the_run,
};
use crate::time::FastClock;
use crate::windows::Hours;

const INBOX: InboxId = InboxId(41001);
const SENDER: MemberId = MemberId(50001);

/// How many storms of 429s there are in a run, and how many 429s in each.
const STORMS: u64 = 4;
const STORM: u64 = 30;

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
pub(crate) struct Setup {
    pub(crate) sandbox: Sandbox,
    pub(crate) outbox: Outbox,
    pub(crate) clock: FastClock,
    pub(crate) counts: Arc<Mutex<Counts>>,
    pub(crate) count: usize,
}

impl Setup {
    pub(crate) async fn new(
        outbox: Outbox,
        count: usize,
        scale: u32,
        seed: u64,
    ) -> Result<Self, Failed> {
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
        })
    }

    pub(crate) fn requests(&self) -> u64 {
        lock(&self.counts).requests() as u64
    }
}

/// The kills of a run, and the people who opted out between them.
#[derive(Default)]
pub(crate) struct Disturbances {
    pub(crate) kills: Vec<Timestamp>,
    pub(crate) opted_out: HashMap<String, Timestamp>,
}

impl Disturbances {
    /// Has some of those opt out who do so during the run: as large a share as this
    /// is of the kills.
    pub(crate) async fn opt_out(&mut self, setup: &Setup, kills: usize) -> Result<(), Failed> {
        let mut during = (0..setup.count).filter(|index| stops_during_the_run(*index));
        let until = during.clone().count() * self.kills.len() / kills.max(1);
        let next: Vec<_> = during
            .by_ref()
            .take(until)
            .skip(self.opted_out.len())
            .collect();
        for index in next {
            setup.sandbox.inbound(INBOX.0, &phone(index), "STOP")?;
            setup.outbox.suppress([phone(index)], None).await?;
            let now = setup.sandbox.now();
            self.opted_out.insert(phone(index), now);
        }
        Ok(())
    }
}

/// A generator that gives the same numbers each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % most.max(1)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
