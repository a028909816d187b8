//! The filters of a request, as fingerprints that a checkpoint can store.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::raw_operations as raw;
use crate::runtime::{QueryValue, RawRequest};
use crate::wire::Phone;

/// How many bits of a hash are kept. Two values collide once in a million times; of ten
/// billion phone numbers, ten thousand have the same fingerprint.
const BITS: u32 = 20;

/// The filters of a request: each member that does not select the page, with a
/// fingerprint of its value. Fingerprints are the same in every process and release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Filters(BTreeMap<String, u32>);

impl Filters {
    /// Returns the filters of a body. `paging` names the members that select the page.
    #[inline]
    pub(crate) fn of_body(body: &impl Serialize, paging: &[&str]) -> Self {
        Self::of_json(&serde_json::to_vec(body).unwrap_or_default(), paging)
    }

    fn of_json(body: &[u8], paging: &[&str]) -> Self {
        let body = serde_json::from_slice(body).unwrap_or_default();
        Self(members(&body, paging).collect())
    }

    /// Returns the filters of query parameters.
    pub(crate) fn of_parameters(parameters: &[(&str, &dyn QueryValue)]) -> Self {
        let entries = parameters.iter().filter_map(|(name, value)| {
            let text = value.text()?;
            Some(entry(name, &Value::from(&*text)))
        });
        Self(entries.collect())
    }

    /// Returns these filters and those of another part of the request. Of two with
    /// one name, the other's stays.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Returns the filters of a request that was assembled at run time, including the
    /// members that its type does not have.
    // It reaches the types of all bodies: any other function than an inline one compiles
    // them with the crate.
    #[inline]
    pub(super) fn of_raw(request: &RawRequest, paging: &[&str]) -> Self {
        let operation = request.operation().id();
        let body = request.body().cloned().unwrap_or_default();
        let body = raw::body(operation, &body, None).unwrap_or(body);
        let parameters = request.query_parameters();
        let parameters = parameters.filter(|(name, _)| !paging.contains(name));
        let parameters = parameters.map(|(name, value)| {
            if raw::phones(operation).contains(&name) {
                entry(name, &Value::from(Phone::from(value).as_str()))
            } else {
                entry(name, &Value::from(value))
            }
        });
        let path = request.path_parameters().map(|(name, value)| {
            // The body may have a member of the same name.
            entry(&format!("{{{name}}}"), &Value::from(value))
        });
        let parts = members(&body, paging).chain(parameters).chain(path);
        Self(parts.collect())
    }

    /// Returns the names of the filters that differ, in backquotes.
    pub(super) fn differing(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        let differing = names
            .into_iter()
            .filter(|name| self.0.get(*name) != other.0.get(*name));
        differing
            .map(|name| format!("`{}`", name.escape_debug()))
            .collect()
    }
}

/// Returns the fingerprints of the members of a body, except those in `paging`.
fn members(body: &Value, paging: &[&str]) -> impl Iterator<Item = (String, u32)> {
    let members = body.as_object().into_iter().flatten();
    members
        .filter(|(name, value)| !value.is_null() && !paging.contains(&name.as_str()))
        .map(|(name, value)| entry(name, value))
}

fn entry(name: &str, value: &Value) -> (String, u32) {
    let mut text = Value::from(name).to_string();
    write_canonical(value, &mut text);
    let hash = Sha256::digest(text);
    let first = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    (name.to_owned(), first >> (u32::BITS - BITS))
}

/// Writes JSON with sorted members and without null members.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().filter(|(_, it)| !it.is_null()).collect();
            text.push('{');
            for (name, value) in members {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(body: &Value) -> Filters {
        Filters::of_body(body, &["date", "limit"])
    }

    #[test]
    fn fingerprints_are_the_same_in_every_release() {
        // By `hashlib` of Python, over `"archived"true` and
        // `"filters"{"closed":false,"inboxes":[41001,41002,],}`.
        let expected = [("archived".into(), 817_246), ("filters".into(), 426_984)];
        let filters = of(&json!({
            "filters": {"inboxes": [41001, 41002], "closed": false, "unread": null},
            "archived": true, "assigned": null, "date": "2026-05-07T12:00:00Z", "limit": 30,
        }));
        assert_eq!(filters, Filters(expected.into()));
    }

    #[test]
    fn differing_filters_are_named() {
        let all = of(&json!({}));
        let open = of(&json!({"filters": {"closed": false}, "archived": true}));
        let closed = of(&json!({"filters": {"closed": true}, "archived": true}));
        assert_eq!(open.differing(&closed), ["`filters`"]);
        assert_eq!(all.differing(&closed), ["`archived`", "`filters`"]);
        assert_eq!(open.differing(&all), ["`archived`", "`filters`"]);
        assert!(open.differing(&open).is_empty());
    }

    #[test]
    fn the_parameters_of_the_path_are_filters() {
        let of = |id: &str| {
            let request = RawRequest::of(&crate::operations::GET_CONVERSATION);
            Filters::of_raw(&request.parameter("id", id), &[])
        };
        assert_eq!(of("7"), Filters::of_parameters(&[("{id}", &7_i64)]));
        assert_eq!(of("7").differing(&of("8")), ["`{id}`"]);
    }
}
