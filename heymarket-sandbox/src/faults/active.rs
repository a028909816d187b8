//! Active rules, and what they do to one request.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::fault::Fault;
use super::quiet_hours::QuietHours;
use super::rule::{InvalidRule, Rule};

/// The active rules, with their counters.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    active: Vec<Active>,
    next_id: u64,
}

/// An active rule.
#[derive(Debug, Serialize)]
pub(crate) struct Active {
    pub(crate) id: u64,
    /// How many requests matched its operation, and how many it hit.
    pub(crate) seen: u64,
    pub(crate) hit: u64,
    pub(crate) rule: Rule,
    #[serde(skip)]
    random: fastrand::Rng,
}

/// The faults of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The IDs of the rules that hit it.
    pub(crate) rules: Vec<u64>,
    pub(crate) delay_ms: u64,
    pub(crate) drip_ms: u64,
    pub(crate) skew_seconds: i64,
    pub(crate) close_before: bool,
    pub(crate) close_after: bool,
    pub(crate) cut_off: bool,
    pub(crate) unknown_values: bool,
    pub(crate) error: Option<ErrorPlan>,
    pub(crate) lag_seconds: u64,
    pub(crate) max_items: Option<usize>,
    pub(crate) sparse_lists: bool,
    pub(crate) quiet_hours: Vec<QuietHours>,
    /// Requests of other programs in each minute.
    pub(crate) other_requests: u32,
}

/// A response that replaces the regular one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorPlan {
    pub(crate) status: u16,
    pub(crate) html: bool,
    pub(crate) processed: bool,
    pub(crate) retry_after_seconds: Option<u64>,
}

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) -> Result<u64, InvalidRule> {
        rule.check()?;
        self.next_id += 1;
        self.active.push(Active {
            id: self.next_id,
            seen: 0,
            hit: 0,
            random: fastrand::Rng::with_seed(rule.seed),
            rule,
        });
        Ok(self.next_id)
    }

    /// Removes a rule. Returns whether it existed.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.id != id);
        self.active.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    pub(crate) fn active(&self) -> &[Active] {
        &self.active
    }

    /// Returns what all rules together do to the next request of an operation.
    pub(crate) fn plan(&mut self, operation: &str) -> Plan {
        let mut plan = Plan::default();
        for active in &mut self.active {
            if active.hits(operation) {
                plan.add(active.id, &active.rule);
            }
        }
        plan
    }
}

impl Active {
    fn hits(&mut self, operation: &str) -> bool {
        let rule = &self.rule;
        if rule
            .operation
            .as_deref()
            .is_some_and(|named| named != operation)
        {
            return false;
        }
        self.seen += 1;
        if rule.times.is_some_and(|times| self.hit >= times) {
            return false;
        }
        if rule.from.is_some_and(|from| self.seen < from) {
            return false;
        }
        let hits = match (rule.nth, rule.probability) {
            (Some(nth), _) => self.seen == nth,
            (None, Some(probability)) => self.random.f64() < probability,
            (None, None) => true,
        };
        self.hit += u64::from(hits);
        hits
    }
}

impl Plan {
    fn add(&mut self, id: u64, rule: &Rule) {
        let error = |html, default: u16| ErrorPlan {
            status: rule.status.unwrap_or(default),
            html,
            processed: rule.processed,
            retry_after_seconds: rule.retry_after_seconds,
        };
        self.rules.push(id);
        match rule.fault {
            Fault::Status => self.error = Some(error(false, 500)),
            Fault::Html => self.error = Some(error(true, 502)),
            Fault::Delay => self.delay_ms = self.delay_ms.saturating_add(rule.delay_ms),
            Fault::SlowDrip => self.drip_ms = self.drip_ms.saturating_add(rule.delay_ms),
            Fault::CloseBefore => self.close_before = true,
            Fault::CloseAfter => self.close_after = true,
            Fault::CutOff => self.cut_off = true,
            Fault::UnknownValues => self.unknown_values = true,
            Fault::ClockSkew => {
                self.skew_seconds = self.skew_seconds.saturating_add(rule.skew_seconds);
            }
            Fault::HistoryLag => self.lag_seconds = self.lag_seconds.max(rule.lag_seconds),
            Fault::PageCap => {
                let least = [self.max_items, rule.max_items].into_iter().flatten().min();
                self.max_items = least;
            }
            Fault::SparseLists => self.sparse_lists = true,
            Fault::QuietHours => self.quiet_hours.extend(rule.hours()),
            Fault::BusyLimit => {
                self.other_requests = self.other_requests.saturating_add(rule.requests);
            }
        }
    }

    /// Returns until when quiet hours hold a message.
    pub(crate) fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.quiet_hours.iter();
        ends.filter_map(|hours| hours.end_after(now)).max()
    }

    /// Returns the creation time from which on messages are not visible yet.
    pub(crate) fn hidden_from(&self, now: Timestamp) -> Option<Timestamp> {
        let lag = i64::try_from(self.lag_seconds).unwrap_or(i64::MAX);
        let lag = SignedDuration::from_secs(lag);
        (self.lag_seconds > 0).then(|| now.saturating_sub(lag).unwrap_or(Timestamp::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_hits_only_the_nth_request_of_its_operation() {
        let mut rules = Rules::default();
        let rule = Rule::new(Fault::CloseBefore).operation("get_team").nth(2);
        assert_eq!(rule.to_string().parse::<Rule>().expect("a rule"), rule);
        rules.add(rule).expect("a rule");
        let hits = ["get_team", "get_tag", "get_team", "get_team"];
        let hits = hits.map(|operation| rules.plan(operation).close_before);
        assert_eq!(hits, [false, false, true, false]);
    }

    #[test]
    fn a_rule_begins_at_a_request_and_ends_after_its_hits() {
        let mut rules = Rules::default();
        let rule = Rule::new(Fault::Status).status(429).from(3).times(2);
        assert_eq!(rule.to_string().parse::<Rule>().expect("a rule"), rule);
        rules.add(rule).expect("a rule");
        let hits = [(); 6].map(|()| rules.plan("get_team").error.is_some());
        assert_eq!(hits, [false, false, true, true, false, false]);
    }

    #[test]
    fn the_same_seed_hits_the_same_requests() {
        let hits = || {
            let mut rules = Rules::default();
            let rule = Rule::new(Fault::Status).probability(0.25).seed(11);
            rules.add(rule).expect("a rule");
            let hits = (0..1000).map(|_| rules.plan("get_team").error.is_some());
            hits.collect::<Vec<_>>()
        };
        assert_eq!(hits(), hits());
        let count = hits().into_iter().filter(|hit| *hit).count();
        assert!((200..300).contains(&count), "{count}");
    }
}
