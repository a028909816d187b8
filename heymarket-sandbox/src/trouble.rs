//! Trouble on demand: rules that say which requests go wrong, and how.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::quoted;
use crate::spec::Spec;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trouble {
    /// An answer with another [status](Rule::status), 500 by default.
    Status,
    /// An HTML page, as proxies give, with a [status](Rule::status), 502 by
    /// default.
    Html,
    /// An answer that comes late, after [`delay_ms`](Rule::delay_ms).
    Delay,
    /// The connection is closed before the request is processed.
    CloseBefore,
    /// The request is processed, and the connection closed without an answer.
    CloseAfter,
    /// The request is processed, and half of the answer's body comes.
    CutOff,
    /// Members whose values are of an open set hold values that nobody knows.
    UnknownValues,
    /// The clock that tokens are checked against, and `Date`, is off by
    /// [`skew_seconds`](Rule::skew_seconds).
    ClockSkew,
}

/// Which requests meet which [`Trouble`].
///
/// A rule is for one operation or all, and of those requests for every one, the
/// nth, or each with a probability. As text, for the command line, it is a list
/// of its members; as JSON, for `POST /_sandbox/rules`, an object of them:
///
/// ```
/// use heymarket_sandbox::{Rule, Trouble};
///
/// # fn run() -> Result<(), heymarket_sandbox::Error> {
/// let rule: Rule = "trouble=close_after,operation=send_message,nth=2".parse()?;
/// assert_eq!(rule, Rule::new(Trouble::CloseAfter).operation("send_message").nth(2));
/// let rule: Rule = "trouble=status,status=503,probability=0.1,seed=7".parse()?;
/// assert_eq!(rule, Rule::new(Trouble::Status).status(503).probability(0.1).seed(7));
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    trouble: Trouble,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(default)]
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default)]
    processed: bool,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    skew_seconds: i64,
}

impl Rule {
    /// A rule for every request of every operation.
    #[must_use]
    pub fn new(trouble: Trouble) -> Self {
        Self {
            trouble,
            operation: None,
            nth: None,
            times: None,
            probability: None,
            seed: 0,
            status: None,
            processed: false,
            delay_ms: 0,
            skew_seconds: 0,
        }
    }

    /// Only requests of an operation, named by its id, such as `send_message`.
    #[must_use]
    pub fn operation(mut self, id: impl Into<String>) -> Self {
        self.operation = Some(id.into());
        self
    }

    /// Only the nth of the requests, counted from 1 when the rule is made.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Only so many requests, then no more.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Each request with a probability from 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// What chance begins with: the same seed hits the same requests.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The status of [`Trouble::Status`] and [`Trouble::Html`].
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Processes the request before [`Trouble::Status`] or [`Trouble::Html`]
    /// answers it.
    #[must_use]
    pub fn processed(mut self) -> Self {
        self.processed = true;
        self
    }

    /// How many milliseconds [`Trouble::Delay`] lasts.
    #[must_use]
    pub fn delay_ms(mut self, milliseconds: u64) -> Self {
        self.delay_ms = milliseconds;
        self
    }

    /// How many seconds [`Trouble::ClockSkew`] sets the clock on, or back.
    #[must_use]
    pub fn skew_seconds(mut self, seconds: i64) -> Self {
        self.skew_seconds = seconds;
        self
    }

    /// What about the rule makes no sense.
    pub(crate) fn check(&self) -> Result<(), InvalidRule> {
        let problem = |member, problem: String| Err(InvalidRule { member, problem });
        if let Some(operation) = &self.operation
            && Spec::get().operation(operation).is_none()
        {
            let nearest = Spec::get().nearest(operation, |known| known.id.clone());
            let nearest = nearest.map(|known| format!("; the nearest is {}", known.id));
            return problem(
                "operation",
                format!(
                    "the spec has no operation {}{}",
                    quoted(operation),
                    nearest.unwrap_or_default()
                ),
            );
        }
        if self.nth == Some(0) {
            return problem("nth", "is counted from 1".to_owned());
        }
        if self
            .probability
            .is_some_and(|chance| !(0.0..=1.0).contains(&chance))
        {
            return problem("probability", "is between 0 and 1".to_owned());
        }
        if self.probability.is_some() && self.nth.is_some() {
            return problem("nth", "cannot be with a probability".to_owned());
        }
        if self
            .status
            .is_some_and(|status| !(400..=599).contains(&status))
        {
            return problem("status", "is that of an error, 400 to 599".to_owned());
        }
        if self.trouble == Trouble::Delay && self.delay_ms == 0 {
            return problem("delay_ms", "must be there for a delay".to_owned());
        }
        if self.trouble == Trouble::ClockSkew && self.skew_seconds == 0 {
            return problem("skew_seconds", "must be there for a clock skew".to_owned());
        }
        Ok(())
    }
}

/// Why a rule is not one.
#[derive(Debug, thiserror::Error)]
#[error("{member}: {problem}")]
pub(crate) struct InvalidRule {
    member: &'static str,
    problem: String,
}

impl FromStr for Rule {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut members = Map::new();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let Some((name, value)) = part.split_once('=') else {
                return Err(crate::Error::rule(
                    text,
                    &format!("{part:?} is not written as name=value"),
                ));
            };
            // Numbers and booleans are what they are in JSON, all else is text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            if members.insert(name.trim().to_owned(), value).is_some() {
                return Err(crate::Error::rule(text, &format!("{name} is there twice")));
            }
        }
        let rule: Self = serde_json::from_value(members.into())
            .map_err(|error| crate::Error::rule(text, &error.to_string()))?;
        rule.check()
            .map_err(|error| crate::Error::rule(text, &error.to_string()))?;
        Ok(rule)
    }
}

/// The rules that are in force, with what they have seen.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    active: Vec<Active>,
    next_id: u64,
}

/// A rule in force.
#[derive(Debug, Serialize)]
pub(crate) struct Active {
    id: u64,
    /// How many requests it was asked about, and how many it hit.
    seen: u64,
    hit: u64,
    rule: Rule,
    #[serde(skip)]
    random: fastrand::Rng,
}

/// What happens to one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) delay_ms: u64,
    pub(crate) skew_seconds: i64,
    pub(crate) close_before: bool,
    pub(crate) close_after: bool,
    pub(crate) cut_off: bool,
    pub(crate) unknown_values: bool,
    pub(crate) error: Option<ErrorPlan>,
}

/// An answer in the place of the right one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorPlan {
    pub(crate) status: u16,
    pub(crate) html: bool,
    pub(crate) processed: bool,
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

    /// Whether there was such a rule.
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

    /// What all rules together do to the next request of an operation.
    pub(crate) fn plan(&mut self, operation: &str) -> Plan {
        let mut plan = Plan::default();
        for active in &mut self.active {
            if active.hits(operation) {
                plan.add(&active.rule);
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
    fn add(&mut self, rule: &Rule) {
        let error = |html, default: u16| ErrorPlan {
            status: rule.status.unwrap_or(default),
            html,
            processed: rule.processed,
        };
        match rule.trouble {
            Trouble::Status => self.error = Some(error(false, 500)),
            Trouble::Html => self.error = Some(error(true, 502)),
            Trouble::Delay => self.delay_ms = self.delay_ms.saturating_add(rule.delay_ms),
            Trouble::CloseBefore => self.close_before = true,
            Trouble::CloseAfter => self.close_after = true,
            Trouble::CutOff => self.cut_off = true,
            Trouble::UnknownValues => self.unknown_values = true,
            Trouble::ClockSkew => {
                self.skew_seconds = self.skew_seconds.saturating_add(rule.skew_seconds);
            }
        }
    }
}

/// Puts a value that nobody knows wherever a value is of an open set.
pub(crate) fn make_unknown(value: &mut Value) {
    const UNKNOWN: &str = "never_seen_before";
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if value.is_string() && Spec::get().is_open(name) {
                    *value = UNKNOWN.into();
                } else {
                    make_unknown(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_unknown),
        _ => {}
    }
}

impl fmt::Display for Rule {
    /// As [`FromStr`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(Value::Object(members)) = serde_json::to_value(self) else {
            return Err(fmt::Error);
        };
        for (index, (name, value)) in members.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match value {
                Value::String(text) => write!(f, "{comma}{name}={text}")?,
                other => write!(f, "{comma}{name}={other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_rule_is_refused_with_the_reason() {
        for (text, problem) in [
            ("close_after", "is not written as name=value"),
            ("trouble=flood", "unknown variant"),
            ("operation=send_message", "missing field `trouble`"),
            ("trouble=status,status=200", "status: is that of an error"),
            (
                "trouble=status,probability=1.5",
                "probability: is between 0 and 1",
            ),
            ("trouble=status,nth=0", "nth: is counted from 1"),
            ("trouble=status,nth=1,probability=0.5", "nth: cannot be"),
            ("trouble=delay", "delay_ms: must be there"),
            ("trouble=clock_skew", "skew_seconds: must be there"),
            ("trouble=status,nth=1,nth=2", "nth is there twice"),
            ("trouble=status,colour=red", "unknown field `colour`"),
            (
                "trouble=status,operation=send_mesage",
                "the nearest is send_message",
            ),
        ] {
            let error = text.parse::<Rule>().expect_err(text).to_string();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn a_rule_hits_the_nth_request_of_its_operation_only() {
        let mut rules = Rules::default();
        let rule = Rule::new(Trouble::CloseBefore).operation("get_team").nth(2);
        assert_eq!(rule.to_string().parse::<Rule>().expect("a rule"), rule);
        rules.add(rule).expect("a rule");
        let hits = ["get_team", "get_tag", "get_team", "get_team"];
        let hits = hits.map(|operation| rules.plan(operation).close_before);
        assert_eq!(hits, [false, false, true, false]);
    }

    #[test]
    fn a_probability_hits_the_same_requests_with_the_same_seed() {
        let hits = || {
            let mut rules = Rules::default();
            let rule = Rule::new(Trouble::Status).probability(0.25).seed(11);
            rules.add(rule).expect("a rule");
            let hits = (0..1000).map(|_| rules.plan("get_team").error.is_some());
            hits.collect::<Vec<_>>()
        };
        assert_eq!(hits(), hits());
        let count = hits().into_iter().filter(|hit| *hit).count();
        assert!((200..300).contains(&count), "{count}");
    }
}
