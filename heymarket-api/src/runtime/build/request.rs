//! One request: path, query, body, key and safety.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::operation::{Operation, Safety};
use super::query_value::QueryValue;
use crate::clock::Clock;
use crate::error::Error;
use crate::wire::{Check, Violation};

/// The capacity that most bodies fit into, in bytes.
const BODY_CAPACITY: usize = 256;

/// All characters but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes a value as one path segment.
pub(crate) fn encode_path(segment: &str) -> String {
    utf8_percent_encode(segment, RESERVED).to_string()
}

/// A request as the generated methods describe it. A problem with it is reported
/// when it is sent.
pub(crate) struct Request<'a> {
    pub(crate) operation: &'static Operation,
    path: Cow<'static, str>,
    query: String,
    body: Option<Bytes>,
    /// The clock of the checks; `None` if they are switched off.
    checked_by: Option<&'a dyn Clock>,
    local_id: Option<String>,
    /// The safety by default, and if the `local_id` is trusted.
    safety: [Safety; 2],
    problem: Option<String>,
}

/// The parts of a request that passed the checks.
pub(crate) struct RequestParts<'a> {
    pub(crate) method: &'static Method,
    pub(crate) path: &'a str,
    /// Without the question mark.
    pub(crate) query: &'a str,
    pub(crate) body: Option<&'a Bytes>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        operation: &'static Operation,
        path: Cow<'static, str>,
        checked_by: Option<&'a dyn Clock>,
    ) -> Self {
        // Such a segment would turn it into the path of another operation.
        let is_other = match &path {
            Cow::Borrowed(_) => false,
            Cow::Owned(path) => path
                .as_bytes()
                .split(|byte| *byte == b'/')
                .skip(1)
                .any(|segment| matches!(segment, b"" | b"." | b"..")),
        };
        Self {
            operation,
            path,
            query: String::new(),
            body: None,
            checked_by,
            local_id: None,
            safety: [false, true].map(|trusts_key| operation.safety_of(|_| false, trusts_key)),
            problem: is_other
                .then(|| format!("an ID in the path {} is empty or only dots", operation.path)),
        }
    }

    /// Creates a request whose path is sent as it is.
    pub(crate) fn verbatim(operation: &'static Operation, path: String) -> Self {
        Self {
            path: path.into(),
            ..Self::new(operation, Cow::Borrowed("/-"), None)
        }
    }

    /// Records a problem, unless there already is one.
    pub(crate) fn problem(mut self, problem: String) -> Self {
        self.problem.get_or_insert(problem);
        self
    }

    /// Sets a body without checking it, and records its `local_id`.
    pub(crate) fn raw_json(mut self, body: &Value) -> Self {
        let key = body.get("local_id").and_then(Value::as_str);
        self.local_id = key.filter(|key| !is_blank(key)).map(str::to_owned);
        self.set_safety(|member| body.get(member).is_some_and(|value| !value.is_null()));
        self.body = Some(body.to_string().into());
        self
    }

    /// Sets a query and a body that are sent byte for byte, and records the `local_id`.
    pub(crate) fn verbatim_parts(mut self, query: String, body: Option<Bytes>) -> Self {
        self.query = query;
        self.body = body;
        if !self.operation.has_local_id && self.operation.targets.is_empty() {
            return self;
        }
        let body = self.body.clone().unwrap_or_default();
        // The server refuses what is not an object.
        let Ok(members) = serde_json::from_slice::<HashMap<String, &RawValue>>(&body) else {
            return self;
        };
        let key = members.get("local_id");
        let key = key.and_then(|key| serde_json::from_str::<String>(key.get()).ok());
        self.local_id = key.filter(|key| !is_blank(key));
        self.set_safety(|member| {
            let value = members.get(member);
            value.is_some_and(|value| value.get() != "null")
        });
        self
    }

    pub(crate) fn query_string(&self) -> &str {
        &self.query
    }

    /// Adds and checks a query parameter, unless it has no value.
    pub(crate) fn query(mut self, name: &str, value: &impl QueryValue) -> Self {
        self.check(|now| value.check(now).map_err(|violation| violation.within(name)));
        if let Some(value) = value.text() {
            if !self.query.is_empty() {
                self.query.push('&');
            }
            self.query.extend(utf8_percent_encode(name, RESERVED));
            self.query.push('=');
            self.query.extend(utf8_percent_encode(&value, RESERVED));
        }
        self
    }

    /// Sets and checks the body.
    pub(crate) fn json<T: Serialize + Check + ?Sized>(mut self, body: &T) -> Self {
        self.check(|now| body.check(now));
        self.set_safety(|member| body.has(member));
        let mut bytes = Vec::with_capacity(BODY_CAPACITY);
        self.set_local_id(body.local_id(), &mut bytes);
        let start = bytes.len();
        match serde_json::to_writer(&mut bytes, body) {
            Ok(()) => {
                join(&mut bytes, start);
                self.body = Some(bytes.into());
            }
            Err(_) => {
                let problem = "the body does not serialize as JSON".to_owned();
                self.problem.get_or_insert(problem);
            }
        }
        self
    }

    /// Mints a `local_id` if the caller set none, and starts the body with it, so that
    /// it is the same in all attempts.
    fn set_local_id(&mut self, set: Option<&str>, body: &mut Vec<u8>) {
        if let Some(set) = set {
            if is_blank(set) {
                let problem = "local_id: it is blank; omit it or set a value".to_owned();
                self.problem.get_or_insert(problem);
            }
            self.local_id = Some(set.to_owned());
        } else if self.operation.mints_local_id() {
            let minted = Uuid::new_v4().to_string();
            body.extend_from_slice(b"{\"local_id\":\"");
            body.extend_from_slice(minted.as_bytes());
            body.push(b'"');
            self.local_id = Some(minted);
        }
    }

    /// Records the safety of a body from its members.
    fn set_safety(&mut self, has: impl Fn(&str) -> bool) {
        if !self.operation.targets.is_empty() {
            let of = |trusts_key| self.operation.safety_of(&has, trusts_key);
            self.safety = [false, true].map(of);
        }
    }

    /// Returns whether it may be sent again once it may have reached the server.
    pub(crate) fn safety(&self, trusts_key: bool) -> Safety {
        self.safety[usize::from(trusts_key)]
    }

    /// Returns the `local_id` of the body.
    pub(crate) fn local_id(&self) -> Option<&str> {
        self.local_id.as_deref()
    }

    pub(crate) fn take_local_id(&mut self) -> Option<String> {
        self.local_id.take()
    }

    fn check(&mut self, check: impl FnOnce(Timestamp) -> Result<(), Violation>) {
        if let Some(clock) = self.checked_by
            && let Err(violation) = check(clock.now())
        {
            self.problem.get_or_insert(violation.to_string());
        }
    }

    /// Returns the parts, or the problem.
    pub(crate) fn parts(&self) -> Result<RequestParts<'_>, Error> {
        match &self.problem {
            Some(problem) => Err(Error::invalid_request(self.operation, problem.clone())),
            None => Ok(RequestParts {
                method: &self.operation.method,
                path: &self.path,
                query: &self.query,
                body: self.body.as_ref(),
            }),
        }
    }

    /// Returns the decoded query parameters.
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = self.query.split('&');
        pairs
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect()
    }

    pub(crate) fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }
}

/// Returns whether a key identifies nothing.
fn is_blank(key: &str) -> bool {
    key.trim().is_empty()
}

/// Joins the beginning of a JSON object and the whole object that follows it at
/// `start`.
fn join(json: &mut Vec<u8>, start: usize) {
    if start == 0 {
        return;
    }
    if json[start..] == *b"{}" {
        json.remove(start);
    } else {
        json[start] = b',';
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::operations::GET_CONVERSATION;
    use crate::wire::Phone;

    fn request(path: impl Into<Cow<'static, str>>) -> Request<'static> {
        Request::new(&GET_CONVERSATION, path.into(), Some(&SystemClock))
    }

    #[test]
    fn query_values_are_encoded_and_absent_ones_omitted() {
        let odd: Phone = "a b&c=d+é".into();
        let request = request("/v1/x")
            .query("name", &odd)
            .query("none", &None::<i64>)
            .query("some", &Some(true));
        assert_eq!(request.query, "name=a%20b%26c%3Dd%2B%C3%A9&some=true");
        assert!(request.parts().is_err(), "not a phone number");
    }

    #[test]
    fn the_key_and_the_body_become_one_object() {
        for (begun, rest, whole) in [
            ("", "[]", "[]"),
            (r#"{"a":1"#, "{}", r#"{"a":1}"#),
            (r#"{"a":1"#, r#"{"b":2}"#, r#"{"a":1,"b":2}"#),
        ] {
            let mut json = format!("{begun}{rest}").into_bytes();
            join(&mut json, begun.len());
            assert_eq!(json, whole.as_bytes());
        }
    }

    #[test]
    fn ids_do_not_lead_to_another_path() {
        for id in ["", ".", ".."] {
            let path = format!("/v1/conversations/{}", encode_path(id));
            assert!(request(path).parts().is_err(), "{id:?}");
        }
        assert_eq!(encode_path("../a?b#c"), "..%2Fa%3Fb%23c");
    }
}
