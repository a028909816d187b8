//! Named snapshots of the data and the clock, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::store::Rejection;

/// The most snapshots, and their most bytes together.
const MAX_SNAPSHOTS: usize = 32;
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// The longest name, in bytes.
const MAX_NAME: usize = 100;

/// Snapshots by name.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Mutex<BTreeMap<String, Snapshot>>);

/// A saved state, as the state file has it.
#[derive(Debug)]
struct Snapshot {
    saved: Timestamp,
    state: Vec<u8>,
}

/// A snapshot in the list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SnapshotInfo {
    pub(crate) name: String,
    /// When it was saved, by the time of the machine.
    pub(crate) saved: Timestamp,
    pub(crate) bytes: usize,
}

impl Snapshots {
    fn snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn list(&self) -> Vec<SnapshotInfo> {
        let snapshots = self.snapshots();
        let snapshots = snapshots.iter();
        snapshots
            .map(|(name, snapshot)| SnapshotInfo {
                name: name.clone(),
                saved: snapshot.saved,
                bytes: snapshot.state.len(),
            })
            .collect()
    }

    /// Saves a snapshot, and replaces one of the same name.
    pub(crate) fn save(&self, name: &str, state: Vec<u8>) -> Result<(), Rejection> {
        if name.trim().is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
            let problem = format!("must be 1 to {MAX_NAME} bytes of visible text");
            return Err(Rejection::bad_data("name", &problem));
        }
        let mut snapshots = self.snapshots();
        let others = || snapshots.iter().filter(|(other, _)| *other != name);
        let bytes: usize = others().map(|(_, other)| other.state.len()).sum();
        if others().count() == MAX_SNAPSHOTS || bytes + state.len() > MAX_BYTES {
            let problem = format!(
                "there are at most {MAX_SNAPSHOTS} snapshots of {} MiB together; delete one",
                MAX_BYTES / 1024 / 1024
            );
            return Err(Rejection::new(409, "too_many_snapshots", problem));
        }
        let saved = Timestamp::now();
        snapshots.insert(name.to_owned(), Snapshot { saved, state });
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Result<Vec<u8>, Rejection> {
        let snapshots = self.snapshots();
        let found = snapshots.get(name);
        found
            .map(|snapshot| snapshot.state.clone())
            .ok_or_else(|| Rejection::not_found("no snapshot has this name"))
    }

    /// Deletes a snapshot. Returns whether it existed.
    pub(crate) fn delete(&self, name: &str) -> bool {
        self.snapshots().remove(name).is_some()
    }
}
