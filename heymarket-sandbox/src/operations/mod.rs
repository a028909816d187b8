//! What each operation does. A request that comes here has been checked against
//! the spec; what is left to refuse is what the spec cannot say.

mod contacts;
mod contacts_v2;
mod conversations;
mod inboxes;
mod lists;
mod messages;
mod scheduled_messages;
mod surveys;
mod tags;
mod team;
mod templates;
mod users;

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::dialect::Voice;
use crate::render::Speaker;
use crate::store::{Order, Paging, Part, Record, Refusal, Sent, Store, Table};

/// What an operation is done by.
pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Value, Refusal>;

/// How many items a page has where the request does not say.
const PAGE: i64 = 30;

/// What does an operation of the spec, if the sandbox knows it.
pub(crate) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "add_contact_channel" => contacts_v2::add_channel,
        "close_conversation" => conversations::close,
        "count_contacts" => contacts::count,
        "count_conversations" => conversations::count,
        "count_team_messages" => messages::count,
        "create_contact" => contacts::create,
        "create_contact_fields" => contacts::create_fields,
        "create_contact_v2" => contacts_v2::create,
        "create_contacts" => contacts::create_batch,
        "create_list" => lists::create,
        "create_list_v1" => lists::create_v1,
        "create_scheduled_message" => scheduled_messages::create,
        "create_tag" => tags::create,
        "create_template" => templates::create,
        "delete_contact" => contacts::delete,
        "delete_contact_channel" => contacts_v2::delete_channel,
        "delete_contact_v2" => contacts_v2::delete,
        "delete_contacts_v2" => contacts_v2::delete_many,
        "delete_list" => lists::delete,
        "delete_list_v1" => lists::delete_v1,
        "delete_scheduled_message" => scheduled_messages::delete,
        "delete_tag" => tags::delete,
        "delete_template" => templates::delete,
        "find_contact" => contacts::find,
        "find_users" => users::find,
        "get_contact" => contacts::get,
        "get_contact_channel" => contacts_v2::get_channel,
        "get_contact_status" => contacts::get_status,
        "get_contact_v2" => contacts_v2::get,
        "get_conversation" => conversations::get,
        "get_list" => lists::get,
        "get_scheduled_message" => scheduled_messages::get,
        "get_survey" => surveys::get,
        "get_tag" => tags::get,
        "get_team" => team::get,
        "get_template" => templates::get,
        "list_contact_channels" => contacts_v2::list_channels,
        "list_contact_fields" => contacts::list_fields,
        "list_contacts" => contacts::list,
        "list_contacts_v2" => contacts_v2::list,
        "list_conversations" => conversations::list,
        "list_inboxes" => inboxes::list,
        "list_lists" => lists::list,
        "list_messages" => messages::history,
        "list_surveys" => surveys::list,
        "list_tags" => tags::list,
        "list_team_messages" => messages::list,
        "list_templates" => templates::list,
        "mark_conversation_read" => conversations::mark_read,
        "mark_conversation_unread" => conversations::mark_unread,
        "open_conversation" => conversations::open,
        "reassign_conversation" => conversations::reassign,
        "search_contacts_v2" => contacts_v2::search,
        "send_email" => messages::send_email,
        "send_message" => messages::send,
        "set_contact_status" => contacts::set_status,
        "transfer_conversation" => conversations::transfer,
        "update_contact" => contacts::update,
        "update_contact_channel" => contacts_v2::update_channel,
        "update_contact_v2" => contacts_v2::update,
        "update_list" => lists::update,
        "update_list_v1" => lists::update_v1,
        "update_scheduled_message" => scheduled_messages::update,
        "update_template" => templates::update,
        "update_users" => users::update,
        "upsert_contacts_v2" => contacts_v2::upsert,
        _ => return None,
    })
}

/// One request, as an operation sees it.
pub(crate) struct Call<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) voice: &'a mut Voice,
    pub(crate) now: Timestamp,
    /// Path and query parameters, as the schema types them.
    pub(crate) parameters: &'a HashMap<String, Value>,
    pub(crate) body: &'a Value,
    /// Whether a `local_id` that came already has no further effect.
    pub(crate) deduplicate: bool,
}

/// Where a list is to begin. Other members of the documentation's common list
/// structure have no described effect, and none here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListRequest {
    date: Option<Timestamp>,
    ascending: bool,
    order: String,
    limit: Option<i64>,
    page: Option<i64>,
}

impl Call<'_> {
    /// The body as an operation's own type. The spec was asked before, so that
    /// this fails for what JSON Schema takes and Rust does not, such as `1.0`
    /// for an integer.
    fn input<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        T::deserialize(self.body)
            .map_err(|_| Refusal::bad_data("body", "a number is not written as an integer"))
    }

    fn integer(&self, parameter: &str) -> i64 {
        let value = self.parameters.get(parameter);
        value.and_then(Value::as_i64).unwrap_or_default()
    }

    fn text(&self, parameter: &str) -> &str {
        let value = self.parameters.get(parameter);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    fn flag(&self, parameter: &str) -> bool {
        self.parameters.get(parameter) == Some(&Value::Bool(true))
    }

    fn speak(&mut self) -> Speaker<'_> {
        Speaker {
            store: self.store,
            voice: self.voice,
        }
    }

    /// Does what is done once for each `local_id`, if the settings say so:
    /// repeated, it gives what the first gave.
    fn once(
        &mut self,
        kind: &str,
        local_id: Option<&str>,
        act: impl FnOnce(&mut Store, Timestamp) -> Result<Sent, Refusal>,
    ) -> Result<Sent, Refusal> {
        let key = local_id.filter(|_| self.deduplicate);
        let key = key.map(|local_id| format!("{kind}:{local_id}"));
        if let Some(sent) = key.as_ref().and_then(|key| self.store.local_ids.get(key)) {
            return Ok(sent.clone());
        }
        let sent = act(self.store, self.now)?;
        if let Some(key) = key {
            self.store.local_ids.insert(key, sent.clone());
        }
        Ok(sent)
    }

    /// A page of a table, put into words.
    fn page<R: Record + Clone>(
        &mut self,
        table: fn(&Store) -> &Table<R>,
        parts: &[Part],
        paging: &Paging,
        mut word: impl FnMut(&mut Speaker<'_>, &R) -> Value,
    ) -> Value {
        let store: &Store = self.store;
        let mut speaker = Speaker {
            store,
            voice: self.voice,
        };
        let page = table(store).page(parts, paging);
        page.into_iter()
            .map(|record| word(&mut speaker, record))
            .collect()
    }
}

impl ListRequest {
    /// `first` is the number of the first page.
    fn paging(&self, first: i64) -> Result<Paging, Refusal> {
        let limit = self.limit.unwrap_or(PAGE);
        let limit = usize::try_from(limit)
            .map_err(|_| Refusal::bad_data("limit", "must not be negative"))?;
        let page = self.page.unwrap_or(first).max(first) - first;
        let skip = usize::try_from(page).unwrap_or(0).saturating_mul(limit);
        Ok(Paging {
            order: match self.order.as_str() {
                "created_at" => Order::Created,
                _ => Order::Updated,
            },
            ascending: self.ascending,
            bound: self.date,
            skip,
            limit,
        })
    }
}

/// The record with an id that a path names.
fn found<'a, R: Record>(table: &'a Table<R>, id: i64, noun: &str) -> Result<&'a R, Refusal> {
    table
        .get(id)
        .ok_or_else(|| Refusal::not_found(format!("no {noun} has this id")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    #[test]
    fn every_operation_of_the_spec_is_in_the_sandbox() {
        let missing: Vec<_> = Spec::get()
            .operations()
            .iter()
            .filter(|operation| handler(&operation.id).is_none())
            .map(|operation| &operation.id)
            .collect();
        assert!(missing.is_empty(), "no handler for: {missing:?}");
    }
}
