//! What the sandbox has, against what the ledger says.

use std::collections::{HashMap, HashSet};

use heymarket_outbox::{Reason, State};
use jiff::{SignedDuration, Timestamp};

use crate::Failed;
use crate::counts::{LIMIT, LimitUsed};
use crate::people::{index_of, is_stopped_before, phone};
use crate::setup::{Disturbances, Setup, lock};
use crate::windows::Hours;

/// A run that is over.
pub(crate) struct Ended<'a> {
    pub(crate) seed: u64,
    pub(crate) workers: Option<Workers>,
    pub(crate) exited_well: bool,
    pub(crate) disturbances: &'a Disturbances,
    /// From when until when a store was away, or closed the limit.
    pub(crate) outages: &'a [(Timestamp, Timestamp)],
    /// How long a request may be under way that began before its recipient opted out.
    pub(crate) flight: SignedDuration,
    pub(crate) seconds: f64,
}

/// What was counted for a seed.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    pub(crate) seed: u64,
    /// The processes that sent and what disturbed them, if there were several.
    pub(crate) workers: Option<Workers>,
    pub(crate) recipients: usize,
    pub(crate) kills: usize,
    pub(crate) exited_well: bool,
    pub(crate) verdict: Verdict,
    pub(crate) own_refusals: usize,
    pub(crate) most_in_a_minute: usize,
    pub(crate) requests: usize,
    pub(crate) limit: LimitUsed,
    pub(crate) downtime: SignedDuration,
    pub(crate) seconds: f64,
}

/// Many processes that sent, and what disturbed them.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    pub(crate) count: usize,
    /// What has the limit.
    pub(crate) limit: &'static str,
    pub(crate) restarts: usize,
    pub(crate) flushes: usize,
    pub(crate) cuts: usize,
}

impl Findings {
    /// Whether all that is promised holds. How much of the limit is used is not
    /// among it: it depends on the machine.
    pub(crate) fn holds(&self) -> bool {
        let verdict = &self.verdict;
        let wrong = verdict.doubled + verdict.lost + verdict.to_opted_out + verdict.outside_windows;
        let exceeds = self.own_refusals > 0 || self.most_in_a_minute as u64 > LIMIT;
        self.exited_well && wrong == 0 && verdict.to_review == 0 && !exceeds
    }
}

/// What the messages of a run show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) doubled: usize,
    pub(crate) lost: usize,
    pub(crate) to_opted_out: usize,
    pub(crate) outside_windows: usize,
    pub(crate) to_review: u64,
    pub(crate) sent: u64,
    pub(crate) found_in_history: u64,
    pub(crate) opted_out: u64,
}

/// Counts what a run came to.
pub(crate) async fn findings(setup: &Setup, ended: Ended<'_>) -> Result<Findings, Failed> {
    let mut counts = std::mem::take(&mut *lock(&setup.counts));
    counts.sort();
    let Disturbances { kills, opted_out } = ended.disturbances;
    let late = opted_out.iter().filter(|(phone, since)| {
        let attempted = counts.attempts.get(*phone);
        attempted.is_some_and(|attempted| attempted.duration_since(**since) > ended.flight)
    });
    let late = late.count();
    let mut verdict = judge(setup).await?;
    verdict.to_opted_out += late;
    Ok(Findings {
        seed: ended.seed,
        workers: ended.workers,
        recipients: setup.count,
        kills: kills.len(),
        exited_well: ended.exited_well,
        verdict,
        own_refusals: counts.own_refusals(),
        most_in_a_minute: counts.most_in_a_minute(),
        requests: counts.requests(),
        limit: counts.limit_used(kills, ended.outages),
        downtime: counts.downtime(kills),
        seconds: ended.seconds,
    })
}

async fn judge(setup: &Setup) -> Result<Verdict, Failed> {
    let mut received: HashMap<String, usize> = HashMap::new();
    let mut verdict = Verdict::default();
    for message in setup.sandbox.sent() {
        let outside = Hours::is_outside(index_of(&message.address)?, message.date);
        verdict.outside_windows += usize::from(outside);
        *received.entry(message.address).or_default() += 1;
    }
    verdict.doubled = received.values().filter(|count| **count > 1).count();
    let mut known = HashSet::new();
    let mut report = setup.outbox.report("proof").await?;
    while let Some(row) = report.next().await? {
        let phone = row.phone.unwrap_or_default();
        let is_told_right = (row.state == State::Sent) == received.contains_key(&phone);
        verdict.lost += usize::from(!row.state.is_end() || !is_told_right);
        known.insert(phone);
    }
    // Rows that are missing, and messages that the ledger does not know.
    verdict.lost += setup.count.saturating_sub(known.len());
    verdict.lost += received
        .keys()
        .filter(|phone| !known.contains(*phone))
        .count();
    let stopped = (0..setup.count).filter(|index| is_stopped_before(*index));
    let texted = stopped.filter(|index| received.contains_key(&phone(*index)));
    verdict.to_opted_out = texted.count();
    let counts = setup.outbox.status("proof").await?.counts;
    verdict.to_review = counts.of(State::NeedsReview);
    verdict.sent = counts.of(State::Sent);
    verdict.found_in_history = counts.of_reason(State::Sent, Reason::FoundInHistory);
    verdict.opted_out = counts.of_reason(State::Refused, Reason::OptedOut);
    Ok(verdict)
}
