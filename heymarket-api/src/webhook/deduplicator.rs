use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::event::Event;

const CAPACITY: usize = 100_000;
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells an event that was seen before from a new one, by its
/// [`dedupe_key`](Event::dedupe_key).
///
/// ```
/// use heymarket_api::webhook::{Claim, Deduplicator, Event};
///
/// # async fn handle(_: &Event) -> Result<(), ()> { Ok(()) }
/// async fn receive(seen: &Deduplicator, event: &Event) -> Result<(), std::io::Error> {
///     match seen.claim(event).await? {
///         Claim::Duplicate => {}
///         Claim::New => {
///             if handle(event).await.is_err() {
///                 // Whoever gets it again may try again.
///                 seen.give_back(event).await?;
///             }
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Default)]
pub struct Deduplicator<S = SeenInMemory> {
    store: S,
}

/// Whose an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Claim {
    /// It was not seen before: it is the caller's to handle.
    New,
    /// Someone claimed it before.
    Duplicate,
}

impl Deduplicator {
    /// Remembers the last 100,000 events for a day, in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S: SeenEvents> Deduplicator<S> {
    /// Remembers events elsewhere, for instance where several receivers share
    /// it.
    #[must_use]
    pub fn with_store(store: S) -> Self {
        Self { store }
    }

    /// Claims an event. Of all who claim the same one, only the first gets it.
    ///
    /// # Errors
    ///
    /// When the store fails, which the one in memory does not.
    pub async fn claim(&self, event: &Event) -> Result<Claim, S::Error> {
        Ok(if self.store.insert(event.dedupe_key()).await? {
            Claim::New
        } else {
            Claim::Duplicate
        })
    }

    /// Gives an event back whose handling failed, so that it is new when it
    /// comes again.
    ///
    /// # Errors
    ///
    /// When the store fails, which the one in memory does not.
    pub async fn give_back(&self, event: &Event) -> Result<(), S::Error> {
        self.store.remove(event.dedupe_key()).await
    }
}

/// The future of a [`SeenEvents`].
type Answer<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// Where the keys of seen events are kept.
pub trait SeenEvents: Send + Sync {
    /// Why the store can fail.
    type Error;

    /// Remembers a key; gives whether it is new. Of several at once with the
    /// same key, only one may get `true`.
    fn insert(&self, key: String) -> Answer<'_, bool, Self::Error>;

    /// Forgets a key.
    fn remove(&self, key: String) -> Answer<'_, (), Self::Error>;
}

/// Keys in memory: so many at most, and each for so long.
pub struct SeenInMemory {
    capacity: usize,
    memory: Duration,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Each key with the number under which it is in the order.
    keys: HashMap<String, u64>,
    order: VecDeque<(u64, Instant, String)>,
    next: u64,
}

impl SeenInMemory {
    /// Remembers `capacity` keys, 1 at least, for as long as `memory`.
    #[must_use]
    pub fn new(capacity: usize, memory: Duration) -> Self {
        Self {
            capacity: capacity.max(1),
            memory,
            seen: Mutex::default(),
        }
    }

    fn insert_at(&self, key: String, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget(self.memory, now);
        if seen.keys.contains_key(&key) {
            return false;
        }
        while seen.keys.len() >= self.capacity && seen.drop_oldest() {}
        let number = seen.next;
        seen.next += 1;
        seen.keys.insert(key.clone(), number);
        seen.order.push_back((number, now, key));
        true
    }

    fn forget(&self, key: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Its place in the order is dropped with the rest.
        seen.keys.remove(key);
        if seen.order.len() > 2 * self.capacity {
            let Seen { keys, order, .. } = &mut *seen;
            order.retain(|(number, _, key)| keys.get(key) == Some(number));
        }
    }
}

impl Seen {
    fn forget(&mut self, memory: Duration, now: Instant) {
        while let Some((_, at, _)) = self.order.front()
            && now.saturating_duration_since(*at) >= memory
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((number, _, key)) = self.order.pop_front() else {
            return false;
        };
        // It may have been given back, and claimed anew since.
        if self.keys.get(&key) == Some(&number) {
            self.keys.remove(&key);
        }
        true
    }
}

impl Default for SeenInMemory {
    fn default() -> Self {
        Self::new(CAPACITY, MEMORY)
    }
}

impl SeenEvents for SeenInMemory {
    type Error = std::io::Error;

    fn insert(&self, key: String) -> Answer<'_, bool, Self::Error> {
        Box::pin(ready(Ok(self.insert_at(key, Instant::now()))))
    }

    fn remove(&self, key: String) -> Answer<'_, (), Self::Error> {
        self.forget(&key);
        Box::pin(ready(Ok(())))
    }
}

impl fmt::Debug for SeenInMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenInMemory")
            .field("capacity", &self.capacity)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> String {
        number.to_string()
    }

    #[test]
    fn a_key_is_new_once_until_it_is_given_back_or_forgotten() {
        let store = SeenInMemory::new(3, Duration::from_secs(10));
        let start = Instant::now();
        assert!(store.insert_at(key(1), start));
        assert!(!store.insert_at(key(1), start));
        store.forget(&key(1));
        assert!(store.insert_at(key(1), start), "it was given back");
        assert!(store.insert_at(key(2), start + Duration::from_secs(9)));
        let later = start + Duration::from_secs(10);
        assert!(!store.insert_at(key(2), later));
        assert!(store.insert_at(key(1), later), "it was ten seconds ago");
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let store = SeenInMemory::new(100, Duration::from_secs(1000));
        let now = Instant::now();
        for number in 0..10_000 {
            assert!(store.insert_at(key(number), now));
            if number % 3 == 0 {
                store.forget(&key(number));
            }
        }
        assert!(store.insert_at(key(9_998), now) == (9_998 % 3 == 0));
        assert!(store.insert_at(key(5), now), "it was pushed out");
        let seen = store.seen.lock().expect("the store");
        assert!(seen.keys.len() <= 100, "{}", seen.keys.len());
        assert!(seen.order.len() <= 201, "{}", seen.order.len());
    }

    #[test]
    fn a_key_claimed_anew_is_not_forgotten_with_its_first_claim() {
        let store = SeenInMemory::new(10, Duration::from_secs(10));
        let start = Instant::now();
        assert!(store.insert_at(key(1), start));
        store.forget(&key(1));
        assert!(store.insert_at(key(1), start + Duration::from_secs(8)));
        assert!(!store.insert_at(key(1), start + Duration::from_secs(12)));
    }
}
