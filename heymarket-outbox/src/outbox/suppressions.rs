//! Whom no batch texts.

use std::fmt;
use std::io::Read;

use heymarket_api::webhook::Event as WebhookEvent;
use jiff::Timestamp;

use super::Outbox;
use crate::consent::{self, Consent};
use crate::error::Error;
use crate::number::{Country, normalize};
use crate::recipient::Recipients;
use crate::state::Reason;
use crate::store::{Millis, Suppress};

/// How many rows are read at once.
const CHUNK: usize = 1000;

impl Outbox {
    /// Takes opt-outs and opt-ins from a webhook event or from an event of the
    /// history: `target_opt_out` and `target_opt_in`, and messages that consist
    /// of an opt-out or opt-in word. Returns whether anything changed; other
    /// events change nothing.
    ///
    /// # Errors
    ///
    /// Returns [`Input`](crate::ErrorKind::Input) when the event is an opt-out or opt-in
    /// and no phone number is found in it: the vendor does not document its
    /// fields.
    pub async fn record_event(&self, event: &WebhookEvent) -> Result<bool, Error> {
        match consent::of_event(event, self.now().await?) {
            Consent::Silent => Ok(false),
            Consent::Changes(change) => {
                let changed = self.engine.store.suppress(vec![change]).await?;
                Ok(changed > 0)
            }
            Consent::OfNobody => Err(Error::input(
                "an event of consent has no phone number; suppress it by hand",
            )),
        }
    }

    /// Suppresses numbers: no batch texts them any more. They are read as those
    /// of a [`Batch`](crate::Batch) are. Returns how many are new.
    ///
    /// # Errors
    ///
    /// Returns an error, and changes nothing, when a number is invalid (with its
    /// place), or the database fails.
    pub async fn suppress<N: AsRef<str>>(
        &self,
        numbers: impl IntoIterator<Item = N>,
        country: Option<&str>,
    ) -> Result<u64, Error> {
        self.set_suppressed(numbers, country, true).await
    }

    /// Ends the suppression of numbers. Returns how many it was.
    ///
    /// # Errors
    ///
    /// As [`suppress`](Self::suppress).
    pub async fn unsuppress<N: AsRef<str>>(
        &self,
        numbers: impl IntoIterator<Item = N>,
        country: Option<&str>,
    ) -> Result<u64, Error> {
        self.set_suppressed(numbers, country, false).await
    }

    async fn set_suppressed<N: AsRef<str>>(
        &self,
        numbers: impl IntoIterator<Item = N>,
        country: Option<&str>,
        is_active: bool,
    ) -> Result<u64, Error> {
        let country = read_country(country)?;
        let since = self.millis().await?;
        let mut changes = Vec::new();
        for (index, number) in numbers.into_iter().enumerate() {
            let Some(phone) = normalize(number.as_ref(), country) else {
                return Err(Error::input(format!(
                    "number {} is not a phone number; nothing was changed",
                    index + 1
                )));
            };
            changes.push(Suppress {
                phone,
                is_active,
                reason: Reason::OptedOut,
                source: "manual".to_owned(),
                since,
            });
        }
        self.engine.store.suppress(changes).await
    }

    /// Suppresses the numbers in the column `phone` of a CSV file with a header.
    /// Returns how many are new.
    ///
    /// # Errors
    ///
    /// Returns an error, and changes nothing, when the file cannot be read or a
    /// number is invalid (with its line).
    pub async fn import_suppressions(
        &self,
        reader: impl Read,
        country: Option<&str>,
    ) -> Result<u64, Error> {
        let country = read_country(country)?;
        let since = self.millis().await?;
        let mut changes = Vec::new();
        for recipient in Recipients::read(reader)? {
            let recipient = recipient?;
            let Some(phone) = normalize(&recipient.phone, country) else {
                return Err(Error::input(format!(
                    "line {}: it is not a phone number; nothing was changed",
                    recipient.line.unwrap_or_default()
                )));
            };
            changes.push(Suppress {
                phone,
                is_active: true,
                reason: Reason::OptedOut,
                source: "import".to_owned(),
                since,
            });
        }
        self.engine.store.suppress(changes).await
    }

    /// Returns all suppressions, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// Returns an error when the database fails.
    pub async fn suppressions(&self) -> Result<Vec<Suppression>, Error> {
        let mut suppressions = Vec::new();
        let mut after = String::new();
        loop {
            let chunk = self.engine.store.suppressions(after, CHUNK).await?;
            let Some(last) = chunk.last() else {
                return Ok(suppressions);
            };
            after = last.phone.clone();
            suppressions.extend(chunk.into_iter().map(|found| Suppression {
                phone: found.phone,
                reason: found.reason,
                source: found.source,
                since: time(found.since),
            }));
        }
    }
}

/// Someone who is not texted. `Debug` does not show the number.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suppression {
    /// The number: E.164 without the `+`.
    pub phone: String,
    /// Why.
    pub reason: Reason,
    /// Where it is known from: `reply`, `webhook`, `answer` (a 403), `import` or
    /// `manual`.
    pub source: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Debug for Suppression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suppression")
            .field("reason", &self.reason)
            .field("source", &self.source)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}

fn read_country(country: Option<&str>) -> Result<Option<Country>, Error> {
    let Some(country) = country else {
        return Ok(None);
    };
    country.parse().map(Some).map_err(|()| {
        Error::invalid(format!(
            "{country:?} is not a country; write it in two letters, such as US"
        ))
    })
}

fn time(millis: Millis) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}
