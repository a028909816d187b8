use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::error::Error;
use super::operation::{Operation, Safety};
use crate::auth::Clock;
use crate::wire::{Check, Phone, Violation};

/// What most bodies fit into.
const BODY: usize = 256;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes a value as one segment of a path.
pub(crate) fn encode_path(segment: &str) -> String {
    utf8_percent_encode(segment, RESERVED).to_string()
}

/// A request as the generated methods describe it. What is wrong with it is
/// kept until it is sent.
pub(crate) struct Request<'a> {
    pub(super) operation: &'static Operation,
    path: Cow<'static, str>,
    query: String,
    body: Option<Bytes>,
    /// The time for the checks; `None` if they are switched off.
    checked_by: Option<&'a dyn Clock>,
    local_id: Option<String>,
    /// By default, and where the `local_id` is trusted.
    safety: [Safety; 2],
    problem: Option<String>,
}

/// The parts of a request that is fit to be sent.
pub(super) struct Parts<'a> {
    pub(super) method: &'static Method,
    pub(super) path: &'a str,
    /// Without the question mark.
    pub(super) query: &'a str,
    pub(super) body: Option<&'a Bytes>,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        operation: &'static Operation,
        path: Cow<'static, str>,
        checked_by: Option<&'a dyn Clock>,
    ) -> Self {
        // Such a segment would make it the path of another operation.
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
                .then(|| format!("an id in the path {} is empty or only dots", operation.path)),
        }
    }

    /// A request of a path that is sent as it is.
    pub(super) fn verbatim(operation: &'static Operation, path: String) -> Self {
        Self {
            path: path.into(),
            ..Self::new(operation, Cow::Borrowed("/-"), None)
        }
    }

    /// Notes what is wrong with it, unless something else is.
    pub(super) fn wrong(mut self, problem: String) -> Self {
        self.problem.get_or_insert(problem);
        self
    }

    /// Sets a body that needs no further check, and takes note of its
    /// `local_id`.
    pub(super) fn raw_json(mut self, body: &Value) -> Self {
        let key = body.get("local_id").and_then(Value::as_str);
        self.local_id = key.filter(|key| !key.is_empty()).map(str::to_owned);
        self.set_safety(|member| body.get(member).is_some_and(|value| !value.is_null()));
        self.body = Some(body.to_string().into());
        self
    }

    pub(super) fn query_string(&self) -> &str {
        &self.query
    }

    /// Adds a query parameter, unless it has no value.
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

    /// Sets the body, and checks it.
    pub(crate) fn json<T: Serialize + Check + ?Sized>(mut self, body: &T) -> Self {
        self.check(|now| body.check(now));
        self.set_safety(|member| body.has(member));
        let mut bytes = Vec::with_capacity(BODY);
        self.set_local_id(body.local_id(), &mut bytes);
        let start = bytes.len();
        match serde_json::to_writer(&mut bytes, body) {
            Ok(()) => {
                join(&mut bytes, start);
                self.body = Some(bytes.into());
            }
            Err(_) => {
                let problem = "the body cannot be written as JSON".to_owned();
                self.problem.get_or_insert(problem);
            }
        }
        self
    }

    /// Mints a `local_id` where the caller set none, and begins the body with it.
    /// It is then the same in all attempts.
    fn set_local_id(&mut self, set: Option<&str>, body: &mut Vec<u8>) {
        if let Some(set) = set {
            if set.trim().is_empty() {
                // It would tell nothing from anything.
                let problem = "local_id: it is empty; leave it out, or give one".to_owned();
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

    /// Takes note of the safety of a body that has some members.
    fn set_safety(&mut self, has: impl Fn(&str) -> bool) {
        if !self.operation.targets.is_empty() {
            let of = |trusts_key| self.operation.safety_of(&has, trusts_key);
            self.safety = [false, true].map(of);
        }
    }

    /// Whether it may be sent again once it may have reached the server.
    pub(super) fn safety(&self, trusts_key: bool) -> Safety {
        self.safety[usize::from(trusts_key)]
    }

    /// The `local_id` that the body carries.
    pub(super) fn local_id(&self) -> Option<&str> {
        self.local_id.as_deref()
    }

    pub(super) fn take_local_id(&mut self) -> Option<String> {
        self.local_id.take()
    }

    fn check(&mut self, check: impl FnOnce(Timestamp) -> Result<(), Violation>) {
        if let Some(clock) = self.checked_by
            && let Err(violation) = check(clock.now())
        {
            self.problem.get_or_insert(violation.to_string());
        }
    }

    /// The parts, if nothing is wrong with them.
    pub(super) fn parts(&self) -> Result<Parts<'_>, Error> {
        match &self.problem {
            Some(problem) => Err(Error::invalid_request(self.operation, problem.clone())),
            None => Ok(Parts {
                method: &self.operation.method,
                path: &self.path,
                query: &self.query,
                body: self.body.as_ref(),
            }),
        }
    }

    /// The values in the query, as they were before they were encoded.
    pub(super) fn query_values(&self) -> Vec<String> {
        let pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned())
            .collect()
    }

    pub(super) fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }
}

/// Makes one JSON object of the beginning of one and of the whole one that
/// follows it at `start`.
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

/// A value of a query parameter.
pub(crate) trait QueryValue {
    /// The text, unless the parameter is left out.
    fn text(&self) -> Option<Cow<'_, str>>;

    /// Whether it can be right.
    fn check(&self, _now: Timestamp) -> Result<(), Violation> {
        Ok(())
    }
}

impl QueryValue for bool {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(if *self { "true" } else { "false" }.into())
    }
}

impl QueryValue for i64 {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.to_string().into())
    }
}

impl QueryValue for String {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.as_str().into())
    }
}

impl QueryValue for Phone {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.as_str().into())
    }

    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        Check::check(self, now)
    }
}

impl<T: QueryValue> QueryValue for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(T::text)
    }

    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        self.as_ref().map_or(Ok(()), |value| value.check(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::SystemClock;
    use crate::operations::GET_CONVERSATION;

    fn request(path: impl Into<Cow<'static, str>>) -> Request<'static> {
        Request::new(&GET_CONVERSATION, path.into(), Some(&SystemClock))
    }

    #[test]
    fn query_values_are_encoded_and_absent_ones_left_out() {
        let odd: Phone = "a b&c=d+é".into();
        let request = request("/v1/x")
            .query("name", &odd)
            .query("none", &None::<i64>)
            .query("some", &Some(true));
        assert_eq!(request.query, "name=a%20b%26c%3Dd%2B%C3%A9&some=true");
        assert!(request.parts().is_err(), "it is no phone number");
    }

    #[test]
    fn a_body_that_was_begun_becomes_one_object() {
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
    fn an_id_cannot_lead_to_another_path() {
        for id in ["", ".", ".."] {
            let path = format!("/v1/conversations/{}", encode_path(id));
            assert!(request(path).parts().is_err(), "{id:?}");
        }
        assert_eq!(encode_path("../a?b#c"), "..%2Fa%3Fb%23c");
    }
}
