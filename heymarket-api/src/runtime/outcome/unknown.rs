//! Reports members and enum values of responses that this version does not know.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde_ignored::Path;

use super::decode::{Mismatch, decode, is_name};
use crate::runtime::Operation;
use crate::wire::unknown_values;

/// Receives the members and enum values of responses that this version of the crate
/// does not know, which shows that the API changed. Each is reported once.
///
/// Set it with [`ClientBuilder::observe_responses`](crate::ClientBuilder::observe_responses).
///
/// ```
/// use heymarket_api::{ResponseObserver, Unknown};
///
/// struct Log;
///
/// impl ResponseObserver for Log {
///     fn unknown(&self, unknown: &Unknown<'_>) {
///         eprintln!("unknown in a response: {unknown:?}");
///     }
/// }
/// ```
pub trait ResponseObserver: Send + Sync + 'static {
    /// Handles one unknown member or value.
    fn unknown(&self, unknown: &Unknown<'_>);

    /// Handles a successful response, whether its body decodes or not. Does nothing by
    /// default.
    fn received(&self, response: &ObservedResponse<'_>) {
        let _ = response;
    }
}

/// A successful response that an observer sees. `Debug` shows nothing of the body.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ObservedResponse<'a> {
    /// The operation.
    pub operation: &'static Operation,
    /// The body, which holds personal data.
    pub body: &'a [u8],
    /// The values that open enums do not know, with the type of the enum, each as often
    /// as it occurs.
    pub unknown_values: &'a [(&'static str, String)],
}

impl fmt::Debug for ObservedResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedResponse")
            .field("operation", &self.operation.id())
            .finish_non_exhaustive()
    }
}

/// Something in a response that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown<'a> {
    /// A member of an object.
    Member {
        /// The type of the response.
        answer: &'a str,
        /// The member's path within the response, without array indices. `*`
        /// stands for a key that is not a member's name.
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

/// An observer, and what was already reported to it.
pub(crate) struct Unknowns {
    observer: Box<dyn ResponseObserver>,
    reported: Mutex<BTreeSet<(String, String)>>,
}

impl Unknowns {
    pub(crate) fn new(observer: Box<dyn ResponseObserver>) -> Self {
        Self {
            observer,
            reported: Mutex::default(),
        }
    }

    /// Decodes a body like [`decode`], and reports what is unknown.
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        operation: &'static Operation,
        body: &[u8],
    ) -> Result<T, Mismatch> {
        let mut paths = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let (decoded, values) = unknown_values::record(|| {
            serde_ignored::deserialize(&mut deserializer, |path| paths.push(display(&path)))
        });
        self.observer.received(&ObservedResponse {
            operation,
            body,
            unknown_values: &values,
        });
        let value: T = match decoded {
            Ok(value) if deserializer.end().is_ok() => value,
            // This reports where it does not decode, or accepts text without quotes.
            _ => return decode(body),
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
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.insert((of.to_owned(), what.to_owned()))
    }
}

/// Returns `Conversation` of `alloc::vec::Vec<heymarket_api::…::Conversation>`.
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
            let key = if is_name(key) { key } else { "*" };
            match display(parent) {
                parent if parent.is_empty() => key.to_owned(),
                parent => format!("{parent}.{key}"),
            }
        }
    }
}
