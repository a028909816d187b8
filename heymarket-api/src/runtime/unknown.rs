//! Tells of members and enum values that this version does not know.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde_ignored::Path;

use super::decode::{self, Mismatch};
use crate::wire::unknown_values;

/// Is told what answers hold that this version of the crate does not know, so
/// that one learns when the API moved. Each is told once.
pub trait ResponseObserver: Send + Sync + 'static {
    /// An answer held something unknown.
    fn unknown(&self, unknown: &Unknown<'_>);
}

/// Something in an answer that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown<'a> {
    /// A member of an object.
    Member {
        /// The type of the answer.
        answer: &'a str,
        /// The member's path within it, without the indices of arrays; `*`
        /// stands for a key that is not a name.
        path: &'a str,
    },
    /// A value of an open enum.
    Value {
        /// The type of the enum.
        name: &'a str,
        /// The value.
        value: &'a str,
    },
}

/// An observer, and what it was told already.
pub(super) struct Unknowns {
    observer: Box<dyn ResponseObserver>,
    told: Mutex<BTreeSet<(String, String)>>,
}

impl Unknowns {
    pub(super) fn new(observer: Box<dyn ResponseObserver>) -> Self {
        Self {
            observer,
            told: Mutex::default(),
        }
    }

    /// Decodes a body as [`decode::decode`] does, and tells of what is unknown.
    pub(super) fn decode<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Mismatch> {
        let mut paths = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let (decoded, values) = unknown_values::record(|| {
            serde_ignored::deserialize(&mut deserializer, |path| paths.push(display(&path)))
        });
        let value: T = match decoded {
            Ok(value) if deserializer.end().is_ok() => value,
            // It says where, or finds that a text without quotes will do.
            _ => return decode::decode(body),
        };
        let answer = short_name(std::any::type_name::<T>());
        for path in paths {
            if self.is_new(&answer, &path) {
                self.observer.unknown(&Unknown::Member {
                    answer: &answer,
                    path: &path,
                });
            }
        }
        for (name, value) in values {
            if self.is_new(name, &value) {
                self.observer.unknown(&Unknown::Value {
                    name,
                    value: &value,
                });
            }
        }
        Ok(value)
    }

    fn is_new(&self, of: &str, what: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert((of.to_owned(), what.to_owned()))
    }
}

/// `Conversation` of `alloc::vec::Vec<heymarket_api::…::Conversation>`.
fn short_name(type_name: &str) -> String {
    let inner = type_name.trim_end_matches('>');
    let inner = inner.rsplit('<').next().unwrap_or(inner);
    inner.rsplit("::").next().unwrap_or(inner).to_owned()
}

fn display(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, .. }
        | Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => display(parent),
        Path::Map { parent, key } => {
            let key = if decode::is_name(key) { key } else { "*" };
            match display(parent) {
                parent if parent.is_empty() => key.to_owned(),
                parent => format!("{parent}.{key}"),
            }
        }
    }
}
