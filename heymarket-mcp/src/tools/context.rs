//! What a tool works with, and what it returns.

use std::ops::ControlFlow;
use std::pin::Pin;

use heymarket_api::{Client, Operation, RawRequest};
use heymarket_outbox::Outbox;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::access::Access;
use crate::drafts::Drafts;
use crate::error::ToolError;

/// The most items that a search reads: the API cannot search for words.
const MAX_READ: usize = 2000;

/// What a tool works with.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a Client,
    pub(crate) access: &'a Access,
    pub(crate) drafts: &'a Drafts,
    pub(crate) outbox: Option<&'a Outbox>,
    /// Sends what is planned in the outbox, with the ID of the plan at its end.
    pub(crate) bulk_command: &'a str,
    pub(crate) person: &'a dyn Person,
}

/// The person behind the client, who may be asked.
pub(crate) trait Person: Send + Sync {
    /// Asks a question that is answered by yes or no.
    fn ask<'a>(&'a self, question: &'a str) -> Answering<'a>;
}

/// The future of [`Person::ask`].
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Declined,
    /// The client cannot ask.
    CannotAsk,
    /// The client asks, and calls again with the answer.
    Later,
}

/// A client that cannot ask.
pub(crate) struct NoPerson;

impl Person for NoPerson {
    fn ask<'a>(&'a self, _question: &'a str) -> Answering<'a> {
        Box::pin(std::future::ready(Answer::CannotAsk))
    }
}

/// The result of a tool.
#[derive(Default)]
pub(crate) struct Output {
    /// The data of the API. Its texts are marked.
    pub(crate) data: Map<String, Value>,
    /// What the server says itself, and what the caller gave.
    pub(crate) own: Map<String, Value>,
}

impl Output {
    pub(crate) fn data(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn own(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.own.insert(name.to_owned(), value.into());
        self
    }
}

impl Context<'_> {
    /// Sends a request.
    pub(crate) async fn execute(&self, request: &RawRequest) -> Result<Value, ToolError> {
        Ok(self.client.execute(request).await?.into_inner())
    }

    /// Gets a record by its ID.
    pub(crate) async fn get(
        &self,
        operation: &'static Operation,
        id: i64,
    ) -> Result<Value, ToolError> {
        let request = RawRequest::of(operation).parameter("id", id.to_string());
        self.execute(&request).await
    }

    /// Sends a request with a body.
    pub(crate) async fn post(
        &self,
        operation: &'static Operation,
        body: Value,
    ) -> Result<Value, ToolError> {
        self.execute(&RawRequest::of(operation).json(body)).await
    }

    /// Sends a request with a body, for a record that may not exist.
    pub(crate) async fn find(
        &self,
        operation: &'static Operation,
        body: Value,
    ) -> Result<Option<Value>, ToolError> {
        match self.post(operation, body).await {
            Ok(found) => Ok(Some(found)),
            Err(ToolError::Api(error)) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Searches a list for at most `limit` items. `find` returns what it takes of an item,
    /// and breaks at an item after which none is wanted. Returns what was found, and whether
    /// every wanted item was read.
    pub(crate) async fn search(
        &self,
        request: RawRequest,
        limit: usize,
        mut find: impl FnMut(Value) -> ControlFlow<(), Option<Value>> + Send,
    ) -> Result<(Vec<Value>, bool), ToolError> {
        let (mut found, mut read, mut has_ended) = (Vec::new(), 0, false);
        let all = self
            .walk(request, |item| {
                read += 1;
                match find(item) {
                    ControlFlow::Continue(item) => found.extend(item),
                    ControlFlow::Break(()) => has_ended = true,
                }
                !has_ended && found.len() < limit && read < MAX_READ
            })
            .await?;
        Ok((found, all || has_ended))
    }

    /// Reads the items of a list, a page at a time, until `take` has enough. Returns
    /// whether all were read.
    pub(crate) async fn walk(
        &self,
        request: RawRequest,
        mut take: impl FnMut(Value) -> bool + Send,
    ) -> Result<bool, ToolError> {
        let mut pages = self.client.walk(request)?.pages();
        while let Some(page) = pages.next().await {
            for item in page? {
                if !take(serde_json::from_str(item.json.get()).unwrap_or_default()) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Returns the members of an object that are named, without those that are absent or
/// empty.
pub(super) fn pick(value: &Value, names: &[&str]) -> Value {
    let is_empty = |value: &Value| value.is_null() || *value == json!("") || *value == json!([]);
    let members = names.iter().filter_map(|name| {
        let value = value.get(*name).filter(|value| !is_empty(value))?;
        Some(((*name).to_owned(), value.clone()))
    });
    members.collect::<Map<_, _>>().into()
}

/// Returns the ID of a reference: a number, or an object with one.
pub(super) fn reference(value: &Value, name: &str) -> Option<i64> {
    let value = value.get(name)?;
    let id = value.as_i64().or_else(|| value.get("id")?.as_i64());
    id.filter(|id| *id != 0)
}

/// Returns a text that is not empty.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    let text = value.get(name)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// Parses a time.
pub(super) fn time(name: &str, text: &str) -> Result<Timestamp, ToolError> {
    text.parse().map_err(|_| {
        ToolError::refused(format!("{name} is not a time such as 2026-05-07T12:00:00Z"))
    })
}
