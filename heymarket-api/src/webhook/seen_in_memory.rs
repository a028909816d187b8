//! The store of one process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::identity::EventKey;
use super::seen_events::{ClaimOutcome, SeenEvents};

const CAPACITY: usize = 100_000;

/// The bound of leases and memories: a century, which overflows no clock.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A store in memory, with a bounded number of keys. A claim beyond the bound drops the
/// oldest key.
///
/// The keys are lost when the process ends: a repeated delivery is then new.
pub struct SeenInMemory {
    capacity: usize,
    now: Box<dyn Fn() -> Instant + Send + Sync>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    records: HashMap<Arc<str>, Record>,
    /// The key of each token, and thus in the order of the claims.
    claims: BTreeMap<i64, Arc<str>>,
    /// The committed keys in the order in which their memory ends.
    ends: BTreeMap<(Instant, i64), Arc<str>>,
    subjects: HashMap<Arc<str>, Subject>,
    last_token: i64,
}

struct Record {
    subject: Arc<str>,
    token: i64,
    is_committed: bool,
    /// When the lease or the memory ends.
    end: Instant,
}

struct Subject {
    state: String,
    /// The claims since the subject took this state.
    tokens: BTreeSet<i64>,
}

impl SeenInMemory {
    /// Creates a store of at most `capacity` keys; 0 counts as 1. It should exceed the
    /// number of events that are handled concurrently.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            now: Box::new(Instant::now),
            seen: Mutex::default(),
        }
    }

    /// Sets the source of time, for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.now = Box::new(now);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn claim(&mut self, key: &EventKey, now: Instant, lease: Duration) -> ClaimOutcome {
        self.drop_ended(now);
        match self.records.get(key.as_str()) {
            Some(record) if record.is_committed => return ClaimOutcome::Committed,
            Some(record) if record.end > now => return ClaimOutcome::InProgress,
            // Its lease has ended.
            Some(_) => self.remove(key.as_str()),
            None => {}
        }
        self.supersede(key);
        self.last_token += 1;
        let token = self.last_token;
        let (text, subject) = (Arc::from(key.as_str()), Arc::from(key.subject()));
        let record = Record {
            subject: Arc::clone(&subject),
            token,
            is_committed: false,
            end: after(now, lease),
        };
        self.records.insert(Arc::clone(&text), record);
        self.claims.insert(token, text);
        let subject = self.subjects.entry(subject).or_insert_with(|| Subject {
            state: key.state().to_owned(),
            tokens: BTreeSet::new(),
        });
        subject.tokens.insert(token);
        ClaimOutcome::Claimed { token }
    }

    /// Drops the other states of the key's subject.
    fn supersede(&mut self, key: &EventKey) {
        let Some(subject) = self.subjects.get(key.subject()) else {
            return;
        };
        if subject.state == key.state() {
            return;
        }
        for token in subject.tokens.clone() {
            if let Some(key) = self.claims.get(&token) {
                self.remove(&Arc::clone(key));
            }
        }
    }

    fn commit(&mut self, key: &EventKey, token: i64, now: Instant, memory: Duration) -> bool {
        let record = self.records.get_mut(key.as_str());
        let Some(record) = record.filter(|record| record.token == token) else {
            return false;
        };
        self.ends.remove(&(record.end, token));
        record.end = after(now, memory);
        record.is_committed = true;
        if let Some(key) = self.claims.get(&token) {
            self.ends.insert((record.end, token), Arc::clone(key));
        }
        true
    }

    fn release(&mut self, key: &EventKey, token: i64) {
        let record = self.records.get(key.as_str());
        if record.is_some_and(|record| record.token == token && !record.is_committed) {
            self.remove(key.as_str());
        }
    }

    /// Drops the oldest claims until at most `capacity` keys remain.
    fn drop_oldest(&mut self, capacity: usize) {
        while self.records.len() > capacity
            && let Some((_, oldest)) = self.claims.pop_first()
        {
            self.remove(&oldest);
        }
    }

    fn drop_ended(&mut self, now: Instant) {
        while let Some(first) = self.ends.first_entry()
            && first.key().0 <= now
        {
            let key = first.remove();
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &str) {
        let Some(record) = self.records.remove(key) else {
            return;
        };
        self.claims.remove(&record.token);
        self.ends.remove(&(record.end, record.token));
        if let Some(subject) = self.subjects.get_mut(&record.subject) {
            subject.tokens.remove(&record.token);
            if subject.tokens.is_empty() {
                self.subjects.remove(&record.subject);
            }
        }
    }
}

impl Default for SeenInMemory {
    /// Creates a store of at most 100,000 keys.
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl SeenEvents for SeenInMemory {
    type Error = std::io::Error;

    async fn claim(&self, key: &EventKey, lease: Duration) -> Result<ClaimOutcome, Self::Error> {
        let now = (self.now)();
        let mut seen = self.lock();
        let outcome = seen.claim(key, now, lease);
        seen.drop_oldest(self.capacity);
        Ok(outcome)
    }

    async fn commit(
        &self,
        key: &EventKey,
        token: i64,
        memory: Duration,
    ) -> Result<bool, Self::Error> {
        let now = (self.now)();
        Ok(self.lock().commit(key, token, now, memory))
    }

    async fn release(&self, key: &EventKey, token: i64) -> Result<(), Self::Error> {
        self.release_on_drop(key, token);
        Ok(())
    }

    fn release_on_drop(&self, key: &EventKey, token: i64) {
        self.lock().release(key, token);
    }
}

fn after(now: Instant, duration: Duration) -> Instant {
    now + duration.min(LONGEST)
}

impl fmt::Debug for SeenInMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenInMemory")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Verifier;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn key(event_type: &str, id: u32) -> EventKey {
        let body = format!(r#"{{"type":"{event_type}","token":"t","event_data":{{"id":{id}}}}}"#);
        let event = Verifier::new("t").verify(body.as_bytes());
        EventKey::of(&event.expect("an event"))
    }

    /// Claims and perhaps commits or releases keys of many kinds.
    fn churn(store: &SeenInMemory, now: Instant, number: u32) {
        let event_type = ["chat_closed", "chat_opened", "target_opt_out"][number as usize % 3];
        let key = key(event_type, number / 2);
        let mut seen = store.lock();
        if let ClaimOutcome::Claimed { token } = seen.claim(&key, now, DAY) {
            match number % 5 {
                0 => seen.release(&key, token),
                1 => {}
                _ => drop(seen.commit(&key, token, now, DAY)),
            }
        }
        seen.drop_oldest(store.capacity);
    }

    #[test]
    fn memory_is_bounded() {
        let store = SeenInMemory::new(100);
        let now = Instant::now();
        for number in 0..10_000 {
            churn(&store, now, number);
            let seen = store.lock();
            let records = seen.records.len();
            assert!(records <= 100, "{records}");
            assert_eq!(seen.claims.len(), records);
            assert!(seen.ends.len() <= records && seen.subjects.len() <= records);
            let tokens: usize = seen.subjects.values().map(|one| one.tokens.len()).sum();
            assert_eq!(tokens, records);
        }
        assert_eq!(store.lock().records.len(), 100);
    }

    #[test]
    fn ended_records_take_no_memory() {
        let store = SeenInMemory::new(1000);
        let now = Instant::now();
        for number in 0..100 {
            let key = key("chat_closed", number);
            let mut seen = store.lock();
            let ClaimOutcome::Claimed { token } = seen.claim(&key, now, DAY) else {
                panic!("it is new");
            };
            assert!(seen.commit(&key, token, now, DAY));
        }
        let mut seen = store.lock();
        seen.claim(&key("chat_closed", 1000), now + DAY, DAY);
        assert_eq!(seen.records.len(), 1);
        assert_eq!(seen.claims.len() + seen.ends.len() + seen.subjects.len(), 2);
    }
}
