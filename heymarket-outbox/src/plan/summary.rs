//! What a plan says.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::estimate::Estimate;
use crate::state::{Reason, State};

/// What is planned: how many, what they get, and how long it takes.
///
/// `Display` is a summary for people, with the first messages; `Debug` does not
/// show those.
#[non_exhaustive]
pub struct Plan {
    /// The batch's ID.
    pub batch: String,
    /// Whether the batch was planned before, and nothing changed.
    pub is_repeated: bool,
    /// How many recipients there are.
    pub recipients: u64,
    /// How many of them are still to be texted.
    pub planned: u64,
    /// How many are not, by reason.
    pub refused: BTreeMap<Reason, u64>,
    /// How many SMS segments the texts of those who are to be texted take
    /// together; 0 for templates, whose text the server has.
    pub segments: u64,
    /// The first lines where one character makes a text take more segments.
    pub warnings: Vec<Warning>,
    /// How many such lines there are.
    pub warning_count: u64,
    /// The first messages, as they will read.
    pub samples: Vec<String>,
    /// How many requests it takes.
    pub requests: u64,
    pub(super) has_text: bool,
    pub(super) fits_one_list: bool,
    pub(super) by_zone: BTreeMap<i64, u64>,
    /// The batch's zone, and its name.
    pub(super) zone: (TimeZone, String),
    pub(super) estimate: Estimate,
}

/// A line where one character makes a text take more segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The line of the recipient.
    pub line: u64,
    /// The character, which GSM-7 does not have.
    pub character: char,
    /// How many segments the text takes with it.
    pub segments: usize,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}: “{}” makes it {} segments",
            self.line, self.character, self.segments
        )
    }
}

/// One message to a list, in place of one to each recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOffer {
    /// How many recipients the list has.
    pub recipients: u64,
    /// How many requests it takes: one for the list, and one for the message.
    pub requests: u64,
}

impl Plan {
    pub(super) fn new(batch: String, is_repeated: bool) -> Self {
        Self {
            batch,
            is_repeated,
            recipients: 0,
            planned: 0,
            refused: BTreeMap::new(),
            segments: 0,
            warnings: Vec::new(),
            warning_count: 0,
            samples: Vec::new(),
            requests: 0,
            has_text: false,
            fits_one_list: false,
            by_zone: BTreeMap::new(),
            zone: (TimeZone::UTC, "UTC".to_owned()),
            estimate: Estimate {
                begins: Timestamp::UNIX_EPOCH,
                ends: None,
                late: 0,
            },
        }
    }

    pub(super) fn count_states(&mut self, counts: &[(State, Option<Reason>, u64)]) {
        for (state, reason, count) in counts {
            match (state, reason) {
                (State::Planned, _) => self.planned += count,
                (State::Refused, Some(reason)) => {
                    *self.refused.entry(*reason).or_default() += count;
                }
                _ => {}
            }
        }
    }

    /// Returns when the first message is sent, if the batch is sent now and alone.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        self.estimate.begins
    }

    /// Returns when the last message is sent, at 500 requests a minute; `None` if
    /// that is never, since no window opens any more.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.estimate.ends
    }

    /// Returns the name of the batch's time zone, in which `Display` shows times:
    /// that of [`Batch::zone`](crate::Batch::zone), or this machine's.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone.1
    }

    fn local(&self, time: Timestamp) -> String {
        let local = time.to_zoned(self.zone.0.clone());
        local.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Returns the number of requests that do not fit before `not_after`.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.estimate.late
    }

    /// Offers one message to a list in place of one to each recipient, where all
    /// get the same text or a template, and the list is not larger than the
    /// [`list_size`](heymarket_api::types::Team::list_size) of the team.
    ///
    /// [`Outbox::send_as_list`](crate::Outbox::send_as_list) accepts it.
    #[must_use]
    pub fn list_offer(&self, list_size: Option<i64>) -> Option<ListOffer> {
        let planned = i64::try_from(self.planned).unwrap_or(i64::MAX);
        let is_small = list_size.is_none_or(|size| planned <= size);
        (self.fits_one_list && is_small && self.planned > 2).then_some(ListOffer {
            recipients: self.planned,
            requests: 2,
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = if self.is_repeated {
            " (planned before; nothing changed)"
        } else {
            ""
        };
        writeln!(f, "Batch {}{again}", self.batch)?;
        writeln!(f, "  recipients  {}", grouped(self.recipients))?;
        writeln!(f, "  to text     {}", grouped(self.planned))?;
        for (reason, count) in &self.refused {
            writeln!(f, "  refused     {} {reason}", grouped(*count))?;
        }
        if self.has_text {
            writeln!(f, "  segments    {}", grouped(self.segments))?;
        }
        writeln!(f, "  requests    {}", grouped(self.requests))?;
        match self.ends() {
            Some(ends) => {
                let (begins, ends) = (self.local(self.begins()), self.local(ends));
                let zone = &self.zone.1;
                writeln!(f, "  sent        {begins} to {ends} {zone}")?;
            }
            None => writeln!(f, "  sent        never: no window opens any more")?,
        }
        if self.late() > 0 {
            let late = grouped(self.late());
            writeln!(f, "  too late    {late} do not fit before the end")?;
        }
        for warning in &self.warnings {
            writeln!(f, "  {warning}")?;
        }
        let hidden = self.warning_count - self.warnings.len() as u64;
        if hidden > 0 {
            writeln!(f, "  and {} more such lines", grouped(hidden))?;
        }
        for sample in &self.samples {
            writeln!(f, "  > {}", sample.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("batch", &self.batch)
            .field("is_repeated", &self.is_repeated)
            .field("recipients", &self.recipients)
            .field("planned", &self.planned)
            .field("refused", &self.refused)
            .field("segments", &self.segments)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

/// A number with its thousands apart, such as `1,987`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A plan, and whether the caller accepts it.
pub(crate) struct Shown {
    pub(crate) plan: Plan,
    pub(crate) is_accepted: bool,
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_987, "1,987"),
            (1_000_000, "1,000,000"),
        ];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
    }
}
