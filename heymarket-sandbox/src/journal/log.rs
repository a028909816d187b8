//! The bounded log of requests.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::entry::Entry;
use super::filter::Filter;
use super::request::RecordedRequest;
use crate::changes::Changes;

/// The most bytes that the journal stores.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The latest requests, oldest first.
#[derive(Debug)]
pub(crate) struct Journal {
    log: Mutex<Log>,
    max_entries: usize,
    changes: Changes,
}

#[derive(Debug, Default)]
struct Log {
    entries: VecDeque<Entry>,
    bytes: usize,
    last_id: u64,
}

impl Journal {
    pub(crate) fn new(max_entries: usize, changes: Changes) -> Self {
        Self {
            log: Mutex::default(),
            max_entries,
            changes,
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.max_entries > 0
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry, and drops the oldest ones beyond the bounds.
    pub(super) fn add(&self, mut entry: Entry) -> u64 {
        let mut log = self.log();
        log.last_id += 1;
        entry.id = log.last_id;
        log.bytes += entry.size();
        log.entries.push_back(entry);
        while log.entries.len() > self.max_entries || log.bytes > MAX_BYTES {
            let Some(oldest) = log.entries.pop_front() else {
                break;
            };
            log.bytes -= oldest.size();
        }
        let id = log.last_id;
        drop(log);
        self.changes.count(|counters| counters.requests = id);
        id
    }

    /// Returns the latest requests that match a filter, oldest first.
    pub(crate) fn find(&self, filter: &Filter, limit: usize) -> Vec<RecordedRequest> {
        // Bodies are parsed after the lock is released.
        let mut entries: Vec<_> = {
            let log = self.log();
            let newest_first = log.entries.iter().rev();
            let matching = newest_first.filter(|entry| filter.matches(entry));
            matching.take(limit).cloned().collect()
        };
        entries.reverse();
        entries.iter().map(RecordedRequest::new).collect()
    }

    pub(crate) fn clear(&self) {
        let mut log = self.log();
        log.entries.clear();
        log.bytes = 0;
        drop(log);
        self.changes.count(|counters| counters.state += 1);
    }
}
