//! The keys whose requests are under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ledger::RequestHash;

/// The keys whose requests are under way, with the hashes of the requests.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<String, RequestHash>>>);

/// A key whose request is under way, until it is dropped.
pub(crate) struct Underway {
    keys: InFlight,
    key: String,
}

impl InFlight {
    /// Claims a key. Returns the hash of the request that has it, if one is under way.
    pub(crate) fn claim(&self, key: &str, request: RequestHash) -> Result<Underway, RequestHash> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = keys.get(key) {
            return Err(*other);
        }
        keys.insert(key.to_owned(), request);
        Ok(Underway {
            keys: self.clone(),
            key: key.to_owned(),
        })
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut keys = self.keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}
