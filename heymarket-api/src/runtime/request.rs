use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::error::Error;
use super::operation::Operation;
use crate::wire::Check;

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
pub(crate) struct Request {
    pub(super) operation: &'static Operation,
    path: Cow<'static, str>,
    query: String,
    body: Option<Bytes>,
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

impl Request {
    pub(crate) fn new(operation: &'static Operation, path: impl Into<Cow<'static, str>>) -> Self {
        let path = path.into();
        // Such a segment would make it the path of another operation.
        let is_other = path
            .split('/')
            .skip(1)
            .any(|segment| matches!(segment, "" | "." | ".."));
        Self {
            operation,
            path,
            query: String::new(),
            body: None,
            problem: is_other
                .then(|| format!("an id in the path {} is empty or only dots", operation.path)),
        }
    }

    /// Adds a query parameter, unless it has no value.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "no operation has a query parameter yet")
    )]
    pub(crate) fn query(mut self, name: &str, value: &impl QueryValue) -> Self {
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
    pub(crate) fn json<T: Serialize + Check>(mut self, body: &T) -> Self {
        if let Err(violation) = body.check() {
            self.problem.get_or_insert(violation.to_string());
        }
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(bytes.into()),
            Err(_) => {
                let problem = "the body cannot be written as JSON".to_owned();
                self.problem.get_or_insert(problem);
            }
        }
        self
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

    pub(super) fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }
}

/// A value of a query parameter.
pub(crate) trait QueryValue {
    /// The text, unless the parameter is left out.
    fn text(&self) -> Option<Cow<'_, str>>;
}

impl<T: QueryText> QueryValue for T {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.to_string().into())
    }
}

impl<T: QueryText> QueryValue for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().map(|value| value.to_string().into())
    }
}

/// A type whose `Display` is its form in a query.
pub(crate) trait QueryText: Display {}

impl QueryText for bool {}
impl QueryText for i64 {}
impl QueryText for &str {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::GET_CONVERSATION;

    #[test]
    fn query_values_are_encoded_and_absent_ones_left_out() {
        let request = Request::new(&GET_CONVERSATION, "/v1/x")
            .query("name", &"a b&c=d+é")
            .query("none", &None::<i64>)
            .query("some", &Some(true));
        assert_eq!(request.query, "name=a%20b%26c%3Dd%2B%C3%A9&some=true");
    }

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        for id in ["", ".", ".."] {
            let path = format!("/v1/conversations/{}", encode_path(id));
            let request = Request::new(&GET_CONVERSATION, path);
            assert!(request.parts().is_err(), "{id:?}");
        }
        assert_eq!(encode_path("../a?b#c"), "..%2Fa%3Fb%23c");
    }
}
