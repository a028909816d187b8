//! The outbox: what callers use.

use std::fmt;
use std::io::Read;
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::webhook::Event as WebhookEvent;
use heymarket_api::{Client, Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::batch::{Batch, Content};
use crate::consent::{self, Consent};
use crate::counts::Counts;
use crate::engine::Engine;
use crate::error::Error;
use crate::number::{Country, normalize};
use crate::plan::{self, Plan};
use crate::recipient::{Recipient, Recipients};
use crate::report::Report;
use crate::run::Run;
use crate::state::{Reason, State};
use crate::store::{BatchState, ListSend, Millis, StoredBatch, Suppress};

/// How long after an attempt the message history is sure to have its message.
const SETTLE: Duration = Duration::from_secs(60);

/// How many requests are in flight at once.
const CONCURRENCY: usize = 32;

/// How many rows are read at once.
const CHUNK: usize = 1000;

/// A ledger of bulk sends, and what sends them.
///
/// Each recipient of a batch is one row with a `local_id` that never changes.
/// That a message is attempted is on the disk before its request leaves, and how
/// it ended before anything is made of it. So whatever ends the process, the
/// next run knows what may have been sent, and looks for it in the message
/// history in place of sending it again.
///
/// Cloning is cheap, and clones share the database.
#[derive(Clone)]
pub struct Outbox {
    engine: Engine,
}

impl Outbox {
    /// Opens an outbox, and creates it if the file does not exist.
    ///
    /// The file has mode 0600, is no symbolic link and is on a local disk:
    /// SQLite keeps `FILE-wal` and `FILE-shm` beside it.
    ///
    /// # Errors
    ///
    /// Returns an error when the file cannot be opened or written, belongs to
    /// another user or program, or is of a newer version.
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self {
            engine: Engine {
                store: Arc::new(crate::store::Sqlite::open(path.as_ref())?),
                clock: Arc::new(SystemClock::default()),
                settle: SETTLE,
                concurrency: CONCURRENCY,
            },
        })
    }

    /// Sets how long after an attempt a lost message is looked for in the
    /// history; by default 60 seconds. It must be longer than the history lags.
    #[must_use]
    pub fn settle_time(mut self, settle: Duration) -> Self {
        self.engine.settle = settle;
        self
    }

    /// Sets how many requests are in flight at once, at least 1; by default 32.
    /// At most this many messages have to be looked for after a crash.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.engine.concurrency = requests.max(1);
        self
    }

    /// Takes the time from another clock, for tests; the client has its own.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.engine.clock = Arc::new(clock);
        self
    }

    /// Plans a batch: writes down each recipient and refuses invalid, duplicate
    /// and suppressed ones. Nothing is sent.
    ///
    /// The recipients are read as they are written, so memory stays the same
    /// however many there are. Planning the same batch again changes nothing.
    ///
    /// # Errors
    ///
    /// Returns an error, and plans nothing, when a setting is invalid, a
    /// placeholder has no value (with the lines), the recipients cannot be
    /// read, or the batch was planned with another text or other recipients
    /// ([`Changed`](crate::ErrorKind::Changed)).
    pub async fn plan<I>(&self, batch: &Batch, recipients: I) -> Result<Plan, Error>
    where
        I: IntoIterator,
        I::Item: Into<Result<Recipient, Error>>,
    {
        plan::plan(&*self.engine.store, batch, recipients, self.now()).await
    }

    /// Sends what is planned, in all batches that are not paused, and looks for
    /// messages whose responses were lost. Batches alternate.
    ///
    /// The client's other requests go first. One process at a time runs an
    /// outbox. It must be called in a tokio runtime.
    pub fn run(&self, client: &Client) -> Run {
        Run::start(self.engine.clone(), client, Vec::new())
    }

    /// Runs these batches only.
    pub fn run_only<B: Into<String>>(
        &self,
        client: &Client,
        batches: impl IntoIterator<Item = B>,
    ) -> Run {
        let only = batches.into_iter().map(Into::into).collect();
        Run::start(self.engine.clone(), client, only)
    }

    /// Pauses a batch: a run that is on, of this process or another one, sends
    /// no further message of it.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, it is cancelled, or the
    /// database fails.
    pub async fn pause(&self, batch: &str) -> Result<(), Error> {
        self.set_state(batch, BatchState::Paused).await
    }

    /// Resumes a batch that is paused. A run sends it.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub async fn resume(&self, batch: &str) -> Result<(), Error> {
        self.set_state(batch, BatchState::Ready).await
    }

    /// Cancels a batch permanently: what is planned ends
    /// [`Cancelled`](State::Cancelled).
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub async fn cancel(&self, batch: &str) -> Result<(), Error> {
        self.set_state(batch, BatchState::Cancelled).await
    }

    async fn set_state(&self, id: &str, state: BatchState) -> Result<(), Error> {
        let batch = self.batch(id).await?;
        if batch.state == BatchState::Cancelled && state != BatchState::Cancelled {
            return Err(Error::invalid(format!("batch {id:?} is cancelled")));
        }
        let now = self.millis();
        self.engine
            .store
            .set_batch_state(batch.key, state, now)
            .await
    }

    /// Sends a batch as one message to a list, in place of one to each
    /// recipient, if nothing of it was sent yet. See [`Plan::list_offer`].
    ///
    /// The list is created by the run, and its `local_id` is a key that the
    /// vendor deduplicates. Recipients who opted out are not on it.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, its recipients get different
    /// texts or are in several time zones, or something of it was sent.
    pub async fn send_as_list(&self, id: &str) -> Result<(), Error> {
        let batch = self.batch(id).await?;
        let counts = Counts::new(self.engine.store.counts(batch.key).await?);
        let is_begun = [
            State::Attempting,
            State::Sent,
            State::Unknown,
            State::NeedsReview,
        ];
        if is_begun.iter().any(|state| counts.of(*state) > 0) {
            return Err(Error::invalid(format!(
                "batch {id:?} cannot be sent to a list: some of it was sent already"
            )));
        }
        let has_placeholders = match &batch.settings.content {
            Content::Text(text) => text.contains("{{"),
            _ => false,
        };
        let zones = self.engine.store.zones(batch.key).await?;
        if has_placeholders || zones.len() > 1 || batch.settings.check_status {
            return Err(Error::invalid(format!(
                "batch {id:?} cannot be sent to a list: its recipients get different texts, are \
                 in several time zones, or have their status checked"
            )));
        }
        let list = ListSend {
            list_key: Uuid::new_v4(),
            send_key: Uuid::new_v4(),
            list_id: None,
        };
        self.engine.store.set_list(batch.key, Some(list)).await
    }

    /// All batches, in the order in which they were planned.
    ///
    /// # Errors
    ///
    /// Returns an error when the database fails.
    pub async fn batches(&self) -> Result<Vec<Status>, Error> {
        let mut statuses = Vec::new();
        for batch in self.engine.store.batches().await? {
            statuses.push(self.status_of(batch).await?);
        }
        Ok(statuses)
    }

    /// How far a batch is.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, or the database fails.
    pub async fn status(&self, batch: &str) -> Result<Status, Error> {
        let batch = self.batch(batch).await?;
        self.status_of(batch).await
    }

    async fn status_of(&self, batch: StoredBatch) -> Result<Status, Error> {
        let counts = Counts::new(self.engine.store.counts(batch.key).await?);
        Ok(Status {
            batch: batch.id,
            is_paused: batch.state == BatchState::Paused,
            is_cancelled: batch.state == BatchState::Cancelled,
            is_to_list: batch.list.is_some(),
            inbox_id: batch.settings.inbox,
            recipients: batch.recipients,
            counts,
        })
    }

    /// Returns the outcome of each recipient of a batch, in order.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, or the database fails.
    pub async fn report(&self, batch: &str) -> Result<Report, Error> {
        self.report_of(batch, None).await
    }

    /// The recipients of a batch whose messages may or may not have been sent:
    /// they were not found in the history. Look at the conversation of each, and
    /// [`decide`](Self::decide).
    ///
    /// # Errors
    ///
    /// As [`report`](Self::report).
    pub async fn review(&self, batch: &str) -> Result<Report, Error> {
        self.report_of(batch, Some(State::NeedsReview)).await
    }

    async fn report_of(&self, batch: &str, state: Option<State>) -> Result<Report, Error> {
        let batch = self.batch(batch).await?;
        let store = Arc::clone(&self.engine.store);
        Ok(Report::new(store, batch.key, state))
    }

    /// Decides about recipients that need a review, by their positions in the
    /// [report](crate::ReportRow::position), or about all of them. Returns how many it
    /// was.
    ///
    /// # Errors
    ///
    /// As [`report`](Self::report).
    pub async fn decide(
        &self,
        batch: &str,
        positions: Option<Vec<u64>>,
        decision: Decision,
    ) -> Result<u64, Error> {
        let batch = self.batch(batch).await?;
        let to = match decision {
            Decision::WasSent => (State::Sent, Reason::Reviewed),
            Decision::GiveUp => (State::Refused, Reason::Reviewed),
            Decision::Resend => (State::Planned, Reason::Reviewed),
        };
        let now = self.millis();
        self.engine
            .store
            .decide(batch.key, positions, to, now)
            .await
    }

    /// Plans recipients again that the API refused. Those who opted out, and
    /// invalid and duplicate numbers, stay refused. Returns how many it was.
    ///
    /// # Errors
    ///
    /// As [`report`](Self::report).
    pub async fn retry_failed(&self, batch: &str) -> Result<u64, Error> {
        let batch = self.batch(batch).await?;
        self.engine.store.retry(batch.key).await
    }

    /// Forgets numbers and texts of recipients that ended longer ago than this.
    /// States, reasons and keys stay, and so do suppressions. Returns how many
    /// recipients it was.
    ///
    /// A batch that was purged cannot be planned again under its ID.
    ///
    /// # Errors
    ///
    /// Returns an error when the database fails.
    pub async fn purge(&self, older_than: Duration) -> Result<u64, Error> {
        let older_than = SignedDuration::try_from(older_than).unwrap_or(SignedDuration::MAX);
        let before = self.now().saturating_sub(older_than);
        let before = before.map_or(Millis::MIN, Timestamp::as_millisecond);
        self.engine.store.purge(before).await
    }

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
        match consent::of_event(event, self.now()) {
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
    /// of a [`Batch`] are. Returns how many are new.
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
        let since = self.millis();
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
        let since = self.millis();
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

    /// Everyone who is suppressed, in the order of their numbers.
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

    async fn batch(&self, id: &str) -> Result<StoredBatch, Error> {
        let batches = self.engine.store.batches().await?;
        let mut batches = batches.into_iter();
        batches
            .find(|batch| batch.id == id)
            .ok_or_else(|| Error::no_batch(id))
    }

    fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    fn millis(&self) -> Millis {
        self.now().as_millisecond()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("settle_time", &self.engine.settle)
            .field("concurrency", &self.engine.concurrency)
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

/// What a person decides about a recipient that needs a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Decision {
    /// The message was sent.
    WasSent,
    /// It was not, and is not sent any more.
    GiveUp,
    /// It was not, and is sent again with the same `local_id`.
    Resend,
}

/// How far a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The batch's ID.
    pub batch: String,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Whether it was cancelled.
    pub is_cancelled: bool,
    /// Whether it is one message to a list.
    pub is_to_list: bool,
    /// The inbox that it is sent from.
    pub inbox_id: i64,
    /// How many recipients there are.
    pub recipients: u64,
    /// How many of them are in each state.
    pub counts: Counts,
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
