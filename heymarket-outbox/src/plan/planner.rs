//! Recipients on their way into the ledger.

use std::collections::HashMap;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::difference::changed;
use super::estimate;
use super::missing::Missing;
use super::summary::{Plan, Shown, Warning};
use crate::batch::Checked;
use crate::error::Error;
use crate::number::normalize;
use crate::recipient::Recipient;
use crate::segments::{Segments, costly_character};
use crate::settings::Content;
use crate::state::Reason;
use crate::store::{Hash, ListSend, NewRow, Store, StoredBatch, shortened};
use crate::zones;

/// How many recipients are written at once.
const CHUNK: usize = 2000;

/// How many lines a summary names.
const MOST_LINES: usize = 20;

/// How many messages a summary shows.
const SAMPLES: usize = 3;

/// A recipient that was read, and what it would get.
struct Prepared {
    row: NewRow,
    zone: Option<String>,
    message: Option<String>,
}

/// Writes recipients down, or compares them with those of the plan that is there.
pub(super) struct Planner<'a> {
    store: &'a dyn Store,
    batch: &'a str,
    checked: &'a Checked,
    key: i64,
    salt: Hash,
    existing: Option<&'a StoredBatch>,
    zones: HashMap<String, i64>,
    plan: Plan,
    missing: Missing,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        batch: &'a str,
        checked: &'a Checked,
        key: i64,
        salt: Hash,
        existing: Option<&'a StoredBatch>,
    ) -> Self {
        Self {
            store,
            batch,
            checked,
            key,
            salt,
            existing,
            zones: HashMap::new(),
            plan: Plan::new(batch.to_owned(), existing.is_some()),
            missing: Missing::default(),
        }
    }

    pub(super) async fn run<I>(
        mut self,
        recipients: I,
        now: Timestamp,
        accept: impl AsyncFnOnce(&Plan) -> bool,
    ) -> Result<Shown, Error>
    where
        I: IntoIterator,
        I::Item: Into<Result<Recipient, Error>>,
    {
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut position = 0;
        for recipient in recipients {
            position += 1;
            let recipient = recipient.into()?;
            if let Some(prepared) = self.prepare(&recipient, position)? {
                chunk.push(prepared);
            }
            if chunk.len() == CHUNK {
                self.write(&mut chunk).await?;
            }
        }
        self.write(&mut chunk).await?;
        self.missing.check(self.batch)?;
        if position == 0 {
            return Err(Error::input(format!(
                "batch {:?}: there are no recipients",
                self.batch
            )));
        }
        if let Some(stored) = self.existing
            && stored.recipients != position
        {
            let before = stored.recipients;
            let problem = format!("was planned with {before} recipients, not {position}");
            return Err(changed(self.batch, problem));
        }
        let (store, key, is_new) = (self.store, self.key, self.existing.is_none());
        let (batch, as_list) = (self.batch, self.checked.as_list);
        let plan = self.finish(position, now).await?;
        if is_new && as_list && !plan.fits_one_list {
            return Err(Error::no_list(batch));
        }
        let is_accepted = accept(&plan).await;
        if is_accepted && is_new {
            if as_list {
                // Before others see the batch: a worker would text each recipient.
                store.set_list(key, Some(ListSend::new())).await?;
            }
            store.end_plan(key, position).await?;
        }
        Ok(Shown { plan, is_accepted })
    }

    /// Reads a recipient; `None` if a placeholder has no value, which refuses
    /// the plan once all of them are known.
    fn prepare(&mut self, recipient: &Recipient, position: u64) -> Result<Option<Prepared>, Error> {
        let line = recipient.line.unwrap_or(position);
        let own_text = match &self.checked.text {
            Some(text) if !text.is_constant() => match text.fill(|name| recipient.value(name)) {
                Ok(text) => Some(text),
                Err(name) => {
                    self.missing.add(line, name);
                    return Ok(None);
                }
            },
            _ => None,
        };
        let normal = normalize(&recipient.phone, self.checked.country);
        let allowed = self.checked.allowed.as_ref();
        let refusal = match &normal {
            None => Some(Reason::InvalidNumber),
            Some(number) if allowed.is_some_and(|allowed| !allowed.contains(number)) => {
                Some(Reason::NotAllowed)
            }
            Some(_) => None,
        };
        let phone = normal.unwrap_or_else(|| recipient.phone.clone());
        let zone = self.zone(recipient, &phone, line)?;
        let message = match (&own_text, &self.checked.settings.content) {
            (Some(text), _) => Some(text.clone()),
            (None, Content::Text(text)) => Some(text.clone()),
            (None, _) => None,
        };
        let hash = self.hash(&phone, zone.as_deref(), own_text.as_deref());
        let row = NewRow {
            position,
            line,
            phone,
            zone: 0,
            text: own_text,
            local_id: Uuid::new_v4(),
            hash,
            refusal,
        };
        Ok(Some(Prepared { row, zone, message }))
    }

    /// The zone whose hours count for a recipient, where the batch has any.
    fn zone(&self, recipient: &Recipient, phone: &str, line: u64) -> Result<Option<String>, Error> {
        let settings = &self.checked.settings;
        if settings.window.is_none() {
            return Ok(None);
        }
        if let Some(zone) = &recipient.zone {
            if zones::named(zone).is_none() {
                // Columns may be mixed up, and the value a number.
                return Err(Error::input(format!(
                    "line {line}: its zone is not a time zone; write it as America/Chicago"
                )));
            }
            return Ok(Some(zone.clone()));
        }
        let area = zones::of_number(phone).map(str::to_owned);
        Ok(area.or_else(|| settings.zone.clone()))
    }

    /// What must be the same when a batch is planned again. The salt is the
    /// batch's, so that it says nothing of a number that was purged.
    fn hash(&self, phone: &str, zone: Option<&str>, text: Option<&str>) -> Hash {
        let mut hash = Sha256::new();
        hash.update(self.salt);
        for part in [Some(phone), zone, text] {
            let part = part.unwrap_or_default();
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        shortened(hash)
    }

    async fn write(&mut self, chunk: &mut Vec<Prepared>) -> Result<(), Error> {
        for prepared in chunk.iter_mut() {
            if let Some(zone) = prepared.zone.take() {
                prepared.row.zone = self.zone_number(zone).await?;
            }
        }
        let chunk = std::mem::take(chunk);
        let mut messages = Vec::with_capacity(chunk.len());
        let mut rows = Vec::with_capacity(chunk.len());
        for prepared in chunk {
            messages.push((prepared.row.line, prepared.row.zone, prepared.message));
            rows.push(prepared.row);
        }
        let planned: Vec<bool> = if self.existing.is_some() {
            let hashes = rows.iter().map(|row| (row.position, row.hash)).collect();
            match self.store.compare(self.key, hashes).await? {
                Ok(planned) => planned,
                Err(position) => {
                    let line = rows.iter().find(|row| row.position == position);
                    let line = line.map_or(position, |row| row.line);
                    let problem = format!("was planned with another recipient in line {line}");
                    return Err(changed(self.batch, problem));
                }
            }
        } else {
            let refusals = self.store.add(self.key, rows).await?;
            refusals.iter().map(Option::is_none).collect()
        };
        for ((line, zone, message), is_planned) in messages.into_iter().zip(planned) {
            if is_planned {
                self.count(line, zone, message.as_deref());
            }
        }
        Ok(())
    }

    async fn zone_number(&mut self, zone: String) -> Result<i64, Error> {
        if let Some(number) = self.zones.get(&zone) {
            return Ok(*number);
        }
        let number = self.store.zone(self.key, zone.clone()).await?;
        self.zones.insert(zone, number);
        Ok(number)
    }

    /// Counts what a recipient gets.
    fn count(&mut self, line: u64, zone: i64, message: Option<&str>) {
        let plan = &mut self.plan;
        *plan.by_zone.entry(zone).or_default() += 1;
        let Some(message) = message else {
            return;
        };
        plan.segments += Segments::of(message).count as u64;
        if plan.samples.len() < SAMPLES {
            plan.samples.push(message.to_owned());
        }
        if let Some((character, segments)) = costly_character(message) {
            plan.warning_count += 1;
            if plan.warnings.len() < MOST_LINES {
                plan.warnings.push(Warning {
                    line,
                    character,
                    segments,
                });
            }
        }
    }

    async fn finish(mut self, recipients: u64, now: Timestamp) -> Result<Plan, Error> {
        self.plan.recipients = recipients;
        self.plan.count_states(&self.store.counts(self.key).await?);
        let is_same = self
            .checked
            .text
            .as_ref()
            .is_none_or(|text| text.is_constant());
        let has_one_zone = self.plan.by_zone.len() <= 1;
        let settings = &self.checked.settings;
        self.plan.fits_one_list = is_same && has_one_zone && !settings.check_status;
        self.plan.has_text = matches!(settings.content, Content::Text(_));
        let per_recipient = if settings.check_status { 2 } else { 1 };
        self.plan.requests = self.plan.planned * per_recipient;
        if let Some(name) = &settings.zone
            && let Some(zone) = zones::named(name)
        {
            self.plan.zone = (zone, name.clone());
        }
        let zones = self.store.zones(self.key).await?;
        let left = self.plan.by_zone.iter().map(|(zone, count)| {
            let name = zones.iter().find(|(number, _)| number == zone);
            let zone = name.and_then(|(_, name)| zones::named(name));
            (
                zone.unwrap_or(jiff::tz::TimeZone::UTC),
                *count * per_recipient,
            )
        });
        let left = left.collect();
        self.plan.estimate = estimate::estimate(settings, left, now);
        Ok(self.plan)
    }
}
