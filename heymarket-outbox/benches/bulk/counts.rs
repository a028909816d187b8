//! What the sandbox counts: requests, and when.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use heymarket_sandbox::RecordedRequest;
use jiff::{SignedDuration, Timestamp};

/// The API's limit of requests a minute.
pub(crate) const LIMIT: u64 = 500;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// The requests of a run.
#[derive(Default)]
pub(crate) struct Counts {
    /// The IDs of the rules that are storms of 429s.
    storms: Range<u64>,
    /// When each request that counts toward the limit arrived.
    requests: Vec<Timestamp>,
    /// When each 429 of a storm was given.
    stormy: Vec<Timestamp>,
    /// How many requests got no answer.
    unanswered: usize,
    /// When each 429 was given that no storm made: the sender exceeded the limit.
    own_refusals: Vec<Timestamp>,
    /// When each number was attempted last.
    pub(crate) attempts: HashMap<String, Timestamp>,
    /// When a number was attempted that was not attempted before.
    last_new: Option<Timestamp>,
}

impl Counts {
    pub(crate) fn new(storms: Range<u64>) -> Self {
        Self {
            storms,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, request: &RecordedRequest) {
        if request.status == Some(429) {
            if request.rules.iter().any(|rule| self.storms.contains(rule)) {
                self.stormy.push(request.time);
            } else {
                self.own_refusals.push(request.time);
            }
            return;
        }
        self.requests.push(request.time);
        self.unanswered += usize::from(request.status.is_none());
        if request.operation.as_deref() == Some("send_message")
            && let Some(phone) = request.body["phone_number"].as_str()
        {
            let before = self.attempts.insert(phone.to_owned(), request.time);
            if before.is_none() {
                self.last_new = Some(request.time);
            }
        }
    }

    /// Sorts the requests by their times, once all are there: they were recorded
    /// when they ended.
    pub(crate) fn sort(&mut self) {
        self.requests.sort_unstable();
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn own_refusals(&self) -> usize {
        self.own_refusals.len()
    }

    /// The most requests that arrived in any 60 seconds, refused ones included.
    pub(crate) fn most_in_a_minute(&self) -> usize {
        let mut arrived = [&self.requests[..], &self.own_refusals].concat();
        arrived.sort_unstable();
        let ends = arrived.iter().enumerate().map(|(index, time)| {
            let begun = arrived.partition_point(|other| time.duration_since(*other) >= MINUTE);
            index + 1 - begun
        });
        ends.max().unwrap_or_default()
    }

    /// How much of the limit was used, after a [`sort`](Self::sort), in the full
    /// minutes from the first request until no recipient was left that had not
    /// been attempted.
    ///
    /// `kills` are the times at which a sender was killed, and `outages` those from
    /// and until which a store was away or closed the limit. What a storm, a kill or
    /// an outage disturbs is its minutes and the next one.
    pub(crate) fn limit_used(
        &self,
        kills: &[Timestamp],
        outages: &[(Timestamp, Timestamp)],
    ) -> LimitUsed {
        let (Some(first), Some(last)) = (self.requests.first().copied(), self.last_new) else {
            return LimitUsed::default();
        };
        let minute_of = |time: &Timestamp| {
            let passed = time.duration_since(first).as_micros() / MINUTE.as_micros();
            usize::try_from(passed).ok()
        };
        let minutes = minute_of(&last).unwrap_or_default();
        let mut counts = vec![0_u64; minutes];
        for minute in self.requests.iter().filter_map(minute_of) {
            if let Some(count) = counts.get_mut(minute) {
                *count += 1;
            }
        }
        let disturbed = |times: &[Timestamp]| -> HashSet<usize> {
            let minutes = times.iter().filter_map(minute_of);
            minutes.flat_map(|minute| [minute, minute + 1]).collect()
        };
        let (stormy, killed) = (disturbed(&self.stormy), disturbed(kills));
        let is_away = |minute: usize| {
            outages.iter().any(|(from, until)| {
                let (Some(from), Some(until)) = (minute_of(from), minute_of(until)) else {
                    return false;
                };
                (from..=until + 1).contains(&minute)
            })
        };
        let share = |counts_in: &dyn Fn(usize) -> bool| {
            let counted = counts.iter().enumerate();
            let counted = counted.filter(|(minute, _)| counts_in(*minute));
            Share::of(counted.map(|(_, count)| *count))
        };
        let all = share(&|_| true);
        // The client counts a request without an answer for 40 seconds longer: it
        // may arrive as late.
        let held = self.unanswered as f64 * 40.0 / 60.0;
        LimitUsed {
            all,
            without_storms: share(&|minute| !stormy.contains(&minute) && !is_away(minute)),
            calm: share(&|minute| {
                !stormy.contains(&minute) && !is_away(minute) && !killed.contains(&minute)
            }),
            held: held / (all.minutes as f64 * LIMIT as f64),
        }
    }

    /// How long no request came after each kill, all together; after a
    /// [`sort`](Self::sort).
    pub(crate) fn downtime(&self, kills: &[Timestamp]) -> SignedDuration {
        let down = kills.iter().filter_map(|kill| {
            let next = self.requests.partition_point(|time| time <= kill);
            Some(self.requests.get(next)?.duration_since(*kill))
        });
        down.fold(SignedDuration::ZERO, |sum, down| sum + down)
    }
}

/// How much of the limit was used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LimitUsed {
    pub(crate) all: Share,
    /// Without outages, too.
    pub(crate) without_storms: Share,
    /// Without kills, too.
    pub(crate) calm: Share,
    /// How much of it was held for requests without an answer, from 0 to 1.
    pub(crate) held: f64,
}

/// A share of the limit, and the number of minutes that it is of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    pub(crate) minutes: usize,
    /// From 0 to 1.
    pub(crate) used: f64,
}

impl Share {
    fn of(counts: impl Iterator<Item = u64>) -> Self {
        let (minutes, requests) = counts.fold((0, 0), |(minutes, requests), count| {
            (minutes + 1, requests + count)
        });
        Self {
            minutes,
            used: requests as f64 / (minutes as f64 * LIMIT as f64),
        }
    }
}
