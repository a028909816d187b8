//! Requests that are assembled at run time, for tools that are not written for one
//! operation, and for paths that this version does not know.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::operation::Operation;
use super::raw_body::read_body;
use super::request::{Request, encode_path};
use crate::clock::Clock;
use crate::error::Error;
use crate::raw_operations as raw;
use crate::wire::Phone;

/// A request that is assembled at run time, for an operation of the table or for any
/// other path. [`Client::execute`](crate::Client::execute) sends it.
///
/// If the operation is known when the program is written, its method of
/// [`Client`](crate::Client) is better: the compiler checks that nothing is missing.
///
/// ```no_run
/// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
/// use heymarket_api::{RawRequest, operations};
///
/// let request = RawRequest::of(&operations::GET_CONVERSATION).parameter("id", "9920");
/// let conversation = client.execute(&request).await?;
/// println!("{}", conversation["status"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a request does nothing until it is executed"]
pub struct RawRequest {
    operation: &'static Operation,
    /// The path as it is sent, if it is not filled in from the template.
    path: Option<String>,
    parameters: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Option<Value>,
    verbatim: Option<Verbatim>,
    problem: Option<String>,
}

/// A query and a body that are sent byte for byte.
#[derive(Clone)]
struct Verbatim {
    query: String,
    body: Option<Bytes>,
}

impl RawRequest {
    /// Creates a request of an operation. It is checked like that of the operation's
    /// method, and a `local_id` is minted for the same operations.
    pub fn of(operation: &'static Operation) -> Self {
        Self {
            operation,
            path: None,
            parameters: Vec::new(),
            query: Vec::new(),
            body: None,
            verbatim: None,
            problem: None,
        }
    }

    /// Creates a request for any path, with or without a query. It is sent as it is:
    /// nothing is checked, and nothing is added to the body.
    ///
    /// It may be sent twice if the operation that has this path may. For a path that
    /// this version does not know, only the methods that HTTP defines as safe may be
    /// sent twice (`GET`, `HEAD`, `OPTIONS`).
    pub fn new(method: Method, path: &str) -> Self {
        let (mut request, query) = Self::to(&method, path);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            request = request.query(percent_decoded(name), percent_decoded(value));
        }
        request
    }

    /// Creates a request for any path, like [`new`](Self::new), whose query and body are
    /// sent byte for byte, for a proxy.
    ///
    /// Its `local_id` and targets are read from the body, if that is a JSON object, so it
    /// is retried by the same rules. [`query_parameters`](Self::query_parameters) and
    /// [`body`](Self::body) return nothing.
    ///
    /// ```
    /// use heymarket_api::{RawRequest, http::Method};
    ///
    /// let body = br#"{ "inbox_id": 41001, "chat_id": 9920, "user_id": 50001 }"#;
    /// let request = RawRequest::verbatim(Method::POST, "/v1/conversations/close", &body[..]);
    /// assert_eq!(request.operation().id(), "close_conversation");
    /// ```
    pub fn verbatim(method: Method, path: &str, body: impl Into<Bytes>) -> Self {
        let (mut request, query) = Self::to(&method, path);
        request.verbatim = Some(Verbatim {
            query: query.to_owned(),
            body: Some(body.into()).filter(|body| !body.is_empty()),
        });
        request
    }

    /// Creates a request for any path. Returns its query as well.
    fn to<'a>(method: &Method, path: &'a str) -> (Self, &'a str) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let operation = Operation::find(method, path);
        let mut request = Self::of(operation.unwrap_or_else(|| Operation::unknown(method)));
        request.path = Some(path.to_owned());
        let is_path = path.starts_with('/')
            && !path.contains(|c: char| c == '#' || c.is_whitespace() || c.is_control());
        if operation.is_none() && request.operation.method() != method {
            request.problem = Some(format!("{method} is not a method that the client sends"));
        } else if !is_path {
            let problem = "a path starts with `/` and holds neither white space nor `#`";
            request.problem = Some(problem.to_owned());
        }
        (request, query)
    }

    /// Sets a parameter of the path template.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        let is_phone = self.path.is_none() && raw::phones(self.operation.id()).contains(&&*name);
        let value = if is_phone {
            Phone::from(value).as_str().to_owned()
        } else {
            value
        };
        self.query.push((name, value));
        self
    }

    /// Sets the body.
    #[inline]
    pub fn json(mut self, body: Value) -> Self {
        let mut body = body;
        if self.path.is_none() {
            if self.operation.mints_local_id()
                && let Value::Object(members) = &mut body
                && !members.contains_key("local_id")
            {
                let minted = Uuid::new_v4().to_string();
                members.insert("local_id".to_owned(), minted.into());
            }
            // `check` reports a problem.
            if let Ok(normal) = raw::body(self.operation.id(), &body, None) {
                body = normal;
            }
        }
        self.body = Some(body);
        self
    }

    /// Returns the operation; for a path that this version does not know, one that
    /// stands for all such paths.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Returns the path with its parameters filled in.
    #[must_use]
    pub fn path(&self) -> Cow<'_, str> {
        match &self.path {
            Some(path) => path.into(),
            None => self.filled_path().0.into(),
        }
    }

    /// Returns the parameters of the path.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.parameters.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the query parameters.
    pub fn query_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.query.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the query as it is sent, without the question mark; empty without query
    /// parameters.
    #[must_use]
    #[inline]
    pub fn query_string(&self) -> String {
        self.built(None).query_string().to_owned()
    }

    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// Checks the request as [`Client::execute`](crate::Client::execute) does before it
    /// sends it; `now` is the time for checks of schedules.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRequest`](crate::ErrorKind::InvalidRequest) with the first
    /// problem.
    #[inline]
    pub fn check(&self, now: Timestamp) -> Result<(), Error> {
        self.built(Some(&At(now))).parts().map(drop)
    }

    /// Builds the request for the send loop.
    #[inline]
    pub(crate) fn built<'a>(&self, checked_by: Option<&'a dyn Clock>) -> Request<'a> {
        let mut request = match &self.path {
            Some(path) => Request::verbatim(self.operation, path.clone()),
            None => {
                let (path, missing) = self.filled_path();
                let mut request = Request::new(self.operation, path.into(), checked_by);
                if let Some(name) = missing {
                    request = request.problem(format!("the parameter {name} is missing"));
                }
                request
            }
        };
        if let Some(problem) = &self.problem {
            request = request.problem(problem.clone());
        }
        if let Some(Verbatim { query, body }) = &self.verbatim {
            return request.verbatim_parts(query.clone(), body.clone());
        }
        for (name, value) in &self.query {
            let is_phone =
                self.path.is_none() && raw::phones(self.operation.id()).contains(&&**name);
            request = if is_phone {
                request.query(name, &Phone::from(value))
            } else {
                request.query(name, value)
            };
        }
        let now = checked_by.map(Clock::now);
        if self.path.is_none() && now.is_some() {
            let body = self.body.as_ref().unwrap_or(&Value::Null);
            if let Err(violation) = raw::body(self.operation.id(), body, now) {
                request = request.problem(violation.to_string());
            }
        }
        match &self.body {
            Some(body) => request.raw_json(body),
            None => request,
        }
    }

    /// Returns the path with its parameters filled in, and the first that is missing.
    fn filled_path(&self) -> (String, Option<&'static str>) {
        let mut missing = None;
        let segments = self.operation.path().split('/').map(|segment| {
            let name = segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            let Some(name) = name else {
                return Cow::Borrowed(segment);
            };
            let mut parameters = self.parameters.iter();
            match parameters.find(|(given, _)| given == name) {
                Some((_, value)) => encode_path(value).into(),
                None => {
                    missing.get_or_insert(name);
                    segment.into()
                }
            }
        });
        let path = segments.collect::<Vec<_>>().join("/");
        (path, missing)
    }

    /// Decodes the body as the type of the operation.
    pub(crate) fn typed<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let body = self.body.as_ref().unwrap_or(&Value::Null);
        read_body(body).map_err(|violation| self.invalid(violation.to_string()))
    }

    /// Parses a parameter of the path or the query as the type of the operation.
    pub(crate) fn typed_parameter<T: std::str::FromStr>(&self, name: &str) -> Result<T, Error> {
        let value = self.optional_parameter(name)?;
        value.ok_or_else(|| self.invalid(format!("{name}: it is missing")))
    }

    /// Parses a parameter that may be missing.
    pub(crate) fn optional_parameter<T: std::str::FromStr>(
        &self,
        name: &str,
    ) -> Result<Option<T>, Error> {
        let mut parameters = self.parameters.iter().chain(&self.query);
        let value = parameters.find(|(given, _)| given == name);
        let parse = |(_, value): &(String, String)| {
            let value = value.parse().ok();
            value.ok_or_else(|| self.invalid(format!("{name}: it does not parse")))
        };
        value.map(parse).transpose()
    }

    pub(crate) fn invalid(&self, problem: String) -> Error {
        Error::invalid_request(self.operation, problem)
    }

    /// Sets a member of the body.
    pub(crate) fn set_member(&mut self, name: &str, value: Value) {
        let body = self
            .body
            .get_or_insert_with(|| Value::Object(Default::default()));
        if let Value::Object(members) = body {
            members.insert(name.to_owned(), value);
        }
    }

    /// Sets a query parameter.
    pub(crate) fn set_query(&mut self, name: &str, value: String) {
        self.query.retain(|(given, _)| given != name);
        self.query.push((name.to_owned(), value));
    }
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters and bodies hold phone numbers and message text.
        f.debug_struct("RawRequest")
            .field("operation", &self.operation.id())
            .finish_non_exhaustive()
    }
}

/// A clock that stands still.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn percent_decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;
    use serde_json::json;

    use crate::runtime::Safety;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn problem(request: &RawRequest) -> Option<String> {
        request.check(NOW).err().map(|error| error.to_string())
    }

    #[test]
    fn path_parameters_are_filled_in_and_encoded() {
        let request = RawRequest::of(&operations::GET_CONTACT_V2).parameter("contact_id", "a/b");
        assert_eq!(request.path(), "/v2/contact/a%2Fb");
        assert_eq!(problem(&request), None);
        let incomplete = RawRequest::of(&operations::GET_CONTACT_V2);
        let problem = problem(&incomplete).expect("a parameter is missing");
        assert!(
            problem.contains("the parameter contact_id is missing"),
            "{problem}"
        );
    }

    #[test]
    fn bodies_are_checked_like_those_of_the_method() {
        let send = |body: Value| problem(&RawRequest::of(&operations::SEND_MESSAGE).json(body));
        let whole = json!({"inbox_id": 1, "creator_id": 2, "phone_number": "15550100101"});
        assert_eq!(send(whole), None);
        let neither = send(json!({"inbox_id": 1, "creator_id": 2})).expect("no receiver");
        assert!(neither.contains("one of them is required"), "{neither}");
        let mistyped = send(json!({"inbox_id": "x", "creator_id": 2})).expect("no number");
        assert!(
            mistyped.contains("inbox_id: expected an integer, found a string"),
            "{mistyped}"
        );
        let missing = send(json!({"inbox_id": 1})).expect("no sender");
        assert!(
            missing.contains("expected the member `creator_id`"),
            "{missing}"
        );
    }

    #[test]
    fn bodies_are_normalized_and_keep_unknown_members() {
        let body = json!({
            "inbox_id": 1, "creator_id": 2, "phone_number": "+15550100101", "brand_new": [1],
        });
        let request = RawRequest::of(&operations::SEND_MESSAGE).json(body);
        let body = request.body().expect("a body");
        assert_eq!(body["phone_number"], "15550100101");
        assert_eq!(body["brand_new"], json!([1]));
        assert!(body["local_id"].as_str().is_some_and(|key| key.len() == 36));
    }

    #[test]
    fn a_path_is_sent_as_it_is_with_its_operations_safety() {
        let known = RawRequest::new(Method::POST, "/v1/contacts?a=b%20c").json(json!({"x": 1}));
        assert_eq!(known.operation().id(), "list_contacts");
        assert_eq!(known.query_string(), "a=b%20c");
        assert_eq!(known.body(), Some(&json!({"x": 1})));
        assert_eq!(problem(&known), None);
        let verbatim = |body: &'static str| {
            let request = RawRequest::verbatim(Method::POST, "/v1/message/send?a=+b", body);
            let built = request.built(None);
            assert_eq!(built.query_string(), "a=+b");
            assert_eq!(built.body().map(|body| &body[..]), Some(body.as_bytes()));
            built.local_id().map(str::to_owned)
        };
        let key = verbatim(r#"{ "local_id" : "k\u0031", "phone_number":null }"#);
        assert_eq!(key.as_deref(), Some("k1"));
        assert_eq!(verbatim("[not JSON"), None);
        let safety = |method, path| RawRequest::new(method, path).operation().safety();
        assert_eq!(safety(Method::GET, "/v9/news"), Safety::Read);
        assert_eq!(safety(Method::POST, "/v9/news"), Safety::Unsafe);
        assert!(problem(&RawRequest::new(Method::TRACE, "/v9/news")).is_some());
        assert!(problem(&RawRequest::new(Method::GET, "@example.com/")).is_some());
    }
}
