//! A rule: which requests fail, and how.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::quiet_hours::QuietHours;
use crate::error::{Error, quoted};
use crate::spec::Spec;

/// Which requests meet which [`Fault`].
///
/// A rule is for one operation or all, and of those requests for every one, the
/// nth, or each with a probability. As text, for the command line, it is a list
/// of its members; as JSON, for `POST /_sandbox/rules`, an object of them:
///
/// ```
/// use heymarket_sandbox::{Rule, Fault};
///
/// # fn run() -> Result<(), heymarket_sandbox::Error> {
/// let rule: Rule = "fault=close_after,operation=send_message,nth=2".parse()?;
/// assert_eq!(rule, Rule::new(Fault::CloseAfter).operation("send_message").nth(2));
/// let rule: Rule = "fault=status,status=503,probability=0.1,seed=7".parse()?;
/// assert_eq!(rule, Rule::new(Fault::Status).status(503).probability(0.1).seed(7));
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub(super) fault: Fault,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nth: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) probability: Option<f64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) processed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) delay_ms: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) skew_seconds: i64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) lag_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_items: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Time>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) requests: u32,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Rule {
    /// Creates a rule for all requests of all operations.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            nth: None,
            from: None,
            times: None,
            probability: None,
            seed: 0,
            status: None,
            processed: false,
            retry_after_seconds: None,
            delay_ms: 0,
            skew_seconds: 0,
            lag_seconds: 0,
            max_items: None,
            start: None,
            end: None,
            requests: 0,
        }
    }

    /// Limits the rule to an operation, by its ID such as `send_message`.
    #[must_use]
    pub fn operation(mut self, id: impl Into<String>) -> Self {
        self.operation = Some(id.into());
        self
    }

    /// Limits the rule to the nth matching request, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Limits the rule to the matching requests from the `from`th on, counted
    /// from 1. With [`times`](Self::times), it hits a run of requests.
    #[must_use]
    pub fn from(mut self, from: u64) -> Self {
        self.from = Some(from);
        self
    }

    /// Limits the rule to this many hits.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits each request with a probability from 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Seeds the probability: the same seed hits the same requests.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the status of [`Fault::Status`] or [`Fault::Html`], from 400 to
    /// 599.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Processes the request before [`Fault::Status`] or [`Fault::Html`]
    /// responds.
    #[must_use]
    pub fn processed(mut self) -> Self {
        self.processed = true;
        self
    }

    /// Sends `Retry-After` with [`Fault::Status`] or [`Fault::Html`].
    #[must_use]
    pub fn retry_after_seconds(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Sets the duration of [`Fault::Delay`] or [`Fault::SlowDrip`], in
    /// milliseconds.
    #[must_use]
    pub fn delay_ms(mut self, milliseconds: u64) -> Self {
        self.delay_ms = milliseconds;
        self
    }

    /// Sets the offset of [`Fault::ClockSkew`] in seconds, forward or back.
    #[must_use]
    pub fn skew_seconds(mut self, seconds: i64) -> Self {
        self.skew_seconds = seconds;
        self
    }

    /// Sets how old messages must be with [`Fault::HistoryLag`], in seconds of the
    /// sandbox's clock.
    #[must_use]
    pub fn lag_seconds(mut self, seconds: u64) -> Self {
        self.lag_seconds = seconds;
        self
    }

    /// Sets the largest page of [`Fault::PageCap`], from 1.
    #[must_use]
    pub fn max_items(mut self, items: usize) -> Self {
        self.max_items = Some(items);
        self
    }

    /// Sets the hours of [`Fault::QuietHours`], in UTC of the sandbox's clock. They
    /// may cross midnight; `end` is the first moment after them. The members are
    /// `start` and `end`.
    #[must_use]
    pub fn quiet_hours(mut self, start: Time, end: Time) -> Self {
        self.start = Some(start);
        self.end = Some(end);
        self
    }

    /// Sets how many requests other programs send in each minute with
    /// [`Fault::BusyLimit`].
    #[must_use]
    pub fn requests(mut self, requests: u32) -> Self {
        self.requests = requests;
        self
    }

    /// Returns the hours of [`Fault::QuietHours`].
    pub(super) fn hours(&self) -> Option<QuietHours> {
        let (start, end) = (self.start?, self.end?);
        Some(QuietHours { start, end })
    }

    /// Returns an error if the rule is invalid.
    pub(crate) fn check(&self) -> Result<(), InvalidRule> {
        if let Some(operation) = &self.operation
            && Spec::get().operation(operation).is_none()
        {
            let nearest = Spec::get().nearest(operation, |known| known.id.clone());
            let nearest = nearest.map(|known| format!("; the nearest is {}", known.id));
            let problem = format!(
                "the spec has no operation {}{}",
                quoted(operation),
                nearest.unwrap_or_default()
            );
            return Err(InvalidRule::new("operation", problem));
        }
        self.check_selection()?;
        self.check_parameters()
    }

    /// Returns an error if the members that select requests are invalid.
    fn check_selection(&self) -> Result<(), InvalidRule> {
        for (member, number) in [("nth", self.nth), ("from", self.from)] {
            if number == Some(0) {
                return Err(InvalidRule::new(member, "must be at least 1"));
            }
        }
        let is_probability = |chance| (0.0..=1.0).contains(&chance);
        if !self.probability.is_none_or(is_probability) {
            return Err(InvalidRule::new("probability", "must be between 0 and 1"));
        }
        let others = [
            ("probability", self.probability.is_some()),
            ("from", self.from.is_some()),
        ];
        for (other, is_present) in others {
            if self.nth.is_some() && is_present {
                let problem = format!("cannot be combined with {other}");
                return Err(InvalidRule::new("nth", problem));
            }
        }
        Ok(())
    }

    /// Returns an error if a parameter of the fault is missing or invalid.
    fn check_parameters(&self) -> Result<(), InvalidRule> {
        let is_error = |status| (400..=599).contains(&status);
        if !self.status.is_none_or(is_error) {
            return Err(InvalidRule::new("status", "must be from 400 to 599"));
        }
        let missing = match self.fault {
            Fault::Delay | Fault::SlowDrip if self.delay_ms == 0 => "delay_ms",
            Fault::ClockSkew if self.skew_seconds == 0 => "skew_seconds",
            Fault::HistoryLag if self.lag_seconds == 0 => "lag_seconds",
            Fault::PageCap if self.max_items.unwrap_or_default() == 0 => "max_items",
            Fault::QuietHours if self.start.is_none() => "start",
            Fault::QuietHours if self.end.is_none() => "end",
            Fault::BusyLimit if self.requests == 0 => "requests",
            _ => return Ok(()),
        };
        let problem = format!("is required for the fault {}", self.fault.name());
        Err(InvalidRule::new(missing, problem))
    }
}

/// An invalid member of a rule.
#[derive(Debug, thiserror::Error)]
#[error("{member}: {problem}")]
pub(crate) struct InvalidRule {
    member: &'static str,
    problem: String,
}

impl InvalidRule {
    fn new(member: &'static str, problem: impl Into<String>) -> Self {
        Self {
            member,
            problem: problem.into(),
        }
    }
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut members = Map::new();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let Some((name, value)) = part.split_once('=') else {
                return Err(Error::rule(text, &format!("{part:?} is not name=value")));
            };
            // Numbers and booleans are parsed as JSON; everything else is text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            if members.insert(name.trim().to_owned(), value).is_some() {
                return Err(Error::rule(text, &format!("{name} occurs twice")));
            }
        }
        let rule: Self = serde_json::from_value(members.into())
            .map_err(|error| Error::rule(text, &error.to_string()))?;
        rule.check()
            .map_err(|error| Error::rule(text, &error.to_string()))?;
        Ok(rule)
    }
}

impl fmt::Display for Rule {
    /// Formats the rule as [`FromStr`] parses it.
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
    fn an_invalid_rule_is_rejected_with_the_reason() {
        for (text, problem) in [
            ("close_after", "is not name=value"),
            ("fault=flood", "unknown variant"),
            ("operation=send_message", "missing field `fault`"),
            ("fault=status,status=200", "status: must be from 400"),
            (
                "fault=status,probability=1.5",
                "probability: must be between 0 and 1",
            ),
            ("fault=status,nth=0", "nth: must be at least 1"),
            ("fault=status,nth=1,probability=0.5", "nth: cannot be"),
            ("fault=delay", "delay_ms: is required"),
            ("fault=slow_drip", "delay_ms: is required"),
            ("fault=history_lag", "lag_seconds: is required"),
            ("fault=page_cap,max_items=0", "max_items: is required"),
            ("fault=quiet_hours,start=21:00", "end: is required"),
            ("fault=quiet_hours,start=25:00,end=08:00", "hour"),
            ("fault=busy_limit", "requests: is required"),
            ("fault=status,from=0", "from: must be at least 1"),
            (
                "fault=status,nth=2,from=2",
                "nth: cannot be combined with from",
            ),
            ("fault=clock_skew", "skew_seconds: is required"),
            ("fault=status,nth=1,nth=2", "nth occurs twice"),
            ("fault=status,colour=red", "unknown field `colour`"),
            (
                "fault=status,operation=send_mesage",
                "the nearest is send_message",
            ),
        ] {
            let error = text.parse::<Rule>().expect_err(text).to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
