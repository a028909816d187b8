//! One request, as an operation sees it.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::sparse::make_sparse;
use crate::deduplication::Deduplication;
use crate::dialect::DialectChooser;
use crate::faults::Plan;
use crate::render::Renderer;
use crate::store::{Order, Paging, Part, Record, Rejection, Sent, Store, Table};

/// The implementation of an operation.
pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Value, Rejection>;

/// The default size of a page.
const PAGE: i64 = 30;

/// One request, as an operation sees it.
pub(crate) struct Call<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) dialect: &'a mut DialectChooser,
    pub(crate) now: Timestamp,
    /// Path and query parameters, typed by their schemas.
    pub(crate) parameters: &'a HashMap<String, Value>,
    pub(crate) body: &'a Value,
    /// The faults of the request.
    pub(crate) plan: &'a Plan,
    pub(crate) deduplication: Deduplication,
}

/// The cursor of a list. Other members of the documented list request have no
/// described effect, and none here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListRequest {
    pub(super) date: Option<Timestamp>,
    pub(super) ascending: bool,
    pub(super) order: String,
    pub(super) limit: Option<i64>,
    pub(super) page: Option<i64>,
}

impl Call<'_> {
    /// Deserializes the body. The schema was checked before, so this fails only
    /// where JSON Schema accepts more than Rust, such as `1.0` for an integer.
    pub(super) fn input<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        T::deserialize(self.body)
            .map_err(|_| Rejection::bad_data("body", "a number is not written as an integer"))
    }

    pub(super) fn integer(&self, parameter: &str) -> i64 {
        let value = self.parameters.get(parameter);
        value.and_then(Value::as_i64).unwrap_or_default()
    }

    pub(super) fn text(&self, parameter: &str) -> &str {
        let value = self.parameters.get(parameter);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn flag(&self, parameter: &str) -> bool {
        self.parameters.get(parameter) == Some(&Value::Bool(true))
    }

    pub(super) fn renderer(&mut self) -> Renderer<'_> {
        Renderer {
            store: self.store,
            dialect: self.dialect,
        }
    }

    /// Acts once for each `local_id`, if the settings say so. A repeated
    /// `local_id` returns the first result.
    pub(super) fn once(
        &mut self,
        kind: &str,
        local_id: Option<&str>,
        is_of_list: bool,
        act: impl FnOnce(&mut Store, Timestamp) -> Result<Sent, Rejection>,
    ) -> Result<Sent, Rejection> {
        let Some(local_id) = local_id.filter(|_| self.deduplication.covers(is_of_list)) else {
            return act(self.store, self.now);
        };
        if let Some(sent) = self.store.result_of_local_id(kind, local_id) {
            return Ok(sent.clone());
        }
        let sent = act(self.store, self.now)?;
        self.store.record_local_id(kind, local_id, sent.clone());
        Ok(sent)
    }

    /// Returns a page of a table, rendered.
    pub(super) fn page<R: Record + Clone>(
        &mut self,
        table: fn(&Store) -> &Table<R>,
        parts: &[Part],
        paging: &Paging,
        mut render: impl FnMut(&mut Renderer<'_>, &R) -> Value,
    ) -> Value {
        let store: &Store = self.store;
        let mut renderer = Renderer {
            store,
            dialect: self.dialect,
        };
        let page = table(store).page(parts, paging);
        let items = page.into_iter().map(|record| render(&mut renderer, record));
        if self.plan.sparse_lists {
            return items
                .map(|mut item| {
                    make_sparse(&mut item);
                    item
                })
                .collect();
        }
        items.collect()
    }

    /// Returns the requested page of a list. `first` is the number of the first
    /// page.
    pub(super) fn paging(&self, first: i64) -> Result<Paging, Rejection> {
        let request: ListRequest = self.input()?;
        let limit = request.limit.unwrap_or(PAGE);
        let limit = usize::try_from(limit)
            .map_err(|_| Rejection::bad_data("limit", "must not be negative"))?;
        let limit = self.capped(limit);
        let page = request.page.unwrap_or(first).max(first) - first;
        let skip = usize::try_from(page).unwrap_or(0).saturating_mul(limit);
        Ok(Paging {
            order: match request.order.as_str() {
                "created_at" => Order::Created,
                _ => Order::Updated,
            },
            ascending: request.ascending,
            bound: request.date,
            hidden_from: None,
            skip,
            limit,
        })
    }

    /// Returns the size of a page that a rule may cap.
    pub(super) fn capped(&self, limit: usize) -> usize {
        limit.min(self.plan.max_items.unwrap_or(usize::MAX))
    }
}

/// Returns the record with an ID from the path.
pub(super) fn found<'a, R: Record>(
    table: &'a Table<R>,
    id: i64,
    noun: &str,
) -> Result<&'a R, Rejection> {
    table
        .get(id)
        .ok_or_else(|| Rejection::not_found(format!("no {noun} has this id")))
}
