//! The question before a request that sends, deletes or changes in bulk.

use heymarket_api::{Effect, RawRequest, Safety};
use serde_json::{Value, json};

use super::preview::{counted, get, message, name_of, number, recipients};
use crate::catalog;
use crate::catalog::spec::{Entity, Operation};
use crate::failure::Failure;
use crate::safety::confirm::confirm;
use crate::session::Session;

/// The members of a message that its question shows in words.
const SHOWN: [&str; 17] = [
    "chat_id",
    "conversation_id",
    "convo_id",
    "content",
    "creator_id",
    "execute_at",
    "inbox",
    "inbox_id",
    "list_id",
    "local_id",
    "media_url",
    "phone_number",
    "private",
    "targets",
    "template_id",
    "text",
    "user_id",
];

/// A question, with lines that show what it is about.
#[derive(Debug, Default, PartialEq, Eq)]
struct Question {
    text: String,
    details: Vec<String>,
}

/// Asks whether to send a request, if it sends, deletes or changes in bulk. `--yes`
/// answers the question, and is required without a terminal.
pub(crate) async fn confirm_request(
    session: &mut Session<'_>,
    request: &RawRequest,
) -> Result<(), Failure> {
    let api = request.operation();
    let known = catalog::of_id(api.id());
    let effect = match known {
        Some(_) => api.effect(),
        // The effect of an unknown path is unknown.
        None if api.safety() == Safety::Read => Effect::None,
        None if *api.method() == http::Method::DELETE => Effect::Deletes,
        None => Effect::Bulk,
    };
    if effect == Effect::None || session.context.globals.yes {
        return Ok(());
    }
    let context = session.context;
    let question = if context.terminal.can_ask {
        match (effect, known) {
            (Effect::Sends, Some(operation)) => sending(session, operation, request).await,
            (Effect::Deletes, Some(operation)) => deleting(session, operation, request).await,
            _ => plain(known, request),
        }
    } else {
        plain(known, request)
    };
    confirm(context, &question.text, &question.details).await
}

/// Returns the question about a request that needs no lookup.
fn plain(known: Option<&Operation>, request: &RawRequest) -> Question {
    let api = request.operation();
    let what = known.map_or_else(
        || {
            format!(
                "Send {} {}, which may change something",
                api.method(),
                request.path()
            )
        },
        |operation| operation.about.trim_end_matches('.').to_owned(),
    );
    let count = match request.body() {
        Some(Value::Array(items)) => format!(" ({})", counted(items.len(), "item", "items")),
        _ => String::new(),
    };
    Question {
        text: format!("{what}{count}?"),
        details: details(request),
    }
}

/// Returns the query and the body of a request, a line for each member.
fn details(request: &RawRequest) -> Vec<String> {
    let query = request.query_parameters();
    let mut lines: Vec<String> = query
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    if let Some(Value::Object(members)) = request.body() {
        let members = members.iter();
        lines.extend(members.map(|(name, value)| format!("{name}: {value}")));
    }
    lines
}

/// Returns the question about a message: to whom, from where, and how it will read.
async fn sending(
    session: &mut Session<'_>,
    operation: &Operation,
    request: &RawRequest,
) -> Question {
    let empty = json!({});
    let body = request.body().unwrap_or(&empty);
    let recipients = recipients(session, body).await;
    let inbox = number(body, &["inbox_id", "inbox"]);
    let from = named(session, Entity::Inbox, inbox).await;
    let sender = number(body, &["creator_id", "user_id"]);
    let sender = named(session, Entity::Member, sender).await;
    let message = message(session, body, recipients.first.as_ref()).await;
    let is_private = body.get("private").and_then(Value::as_bool) == Some(true);
    let verb = match (operation.operation.id(), is_private) {
        ("create_scheduled_message" | "update_scheduled_message", _) => "Schedule a message",
        (_, true) => "Add a private comment",
        _ => "Send",
    };
    let at = body.get("execute_at").and_then(Value::as_str);
    let at = at
        .map(|time| format!(" at {}", local(time)))
        .unwrap_or_default();
    let mut details = message;
    details.extend(others(body));
    let mut text = format!("{verb} to {}", recipients.text);
    if let Some(from) = from {
        text.push_str(&format!(" from {from}"));
    }
    if let Some(sender) = sender {
        text.push_str(&format!(" as {sender}"));
    }
    Question {
        text: format!("{text}{at}?"),
        details,
    }
}

/// Returns the members of a message's body that the question does not show
/// otherwise, a line for each.
fn others(body: &Value) -> Vec<String> {
    let members = body.as_object().into_iter().flatten();
    let others = members.filter(|(name, _)| !SHOWN.contains(&name.as_str()));
    let content = body.get("content").and_then(Value::as_object);
    let content = content.into_iter().flatten();
    let others = others.chain(content.filter(|(name, _)| *name != "text"));
    others
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

/// Returns the question about a deletion: what, by its name and number.
async fn deleting(
    session: &mut Session<'_>,
    operation: &Operation,
    request: &RawRequest,
) -> Question {
    let path = request.path();
    let id = path.rsplit('/').next().unwrap_or_default().parse().ok();
    let api = &heymarket_api::operations::ALL;
    let reader = match operation.operation.id() {
        "delete_contact" => Some("get_contact"),
        "delete_list" | "delete_list_v1" => Some("get_list"),
        "delete_scheduled_message" => Some("get_scheduled_message"),
        "delete_tag" => Some("get_tag"),
        "delete_template" => Some("get_template"),
        _ => None,
    };
    let reader = reader.and_then(|id| api.iter().copied().find(|operation| operation.id() == id));
    let found = match (reader, id) {
        (Some(reader), Some(id)) => get(session, reader, id).await,
        _ => None,
    };
    let about = operation.about.trim_end_matches('.');
    let mut text = about.to_owned();
    if let Some(name) = found.as_ref().and_then(name_of) {
        text.push_str(&format!(": {name}"));
        if let Some(phone) = found
            .as_ref()
            .and_then(|found| found.get("phone")?.as_str())
        {
            text.push_str(&format!(" ({phone})"));
        }
    } else if let Some(id) = id {
        text.push_str(&format!(" {id}"));
    }
    text.push_str("? This cannot be undone.");
    Question {
        text,
        details: details(request),
    }
}

async fn named(session: &mut Session<'_>, entity: Entity, id: Option<i64>) -> Option<String> {
    let id = id?;
    let directory = session.directory().await.ok()?;
    let name = directory.name(entity, id).await;
    Some(name.unwrap_or_else(|| format!("{} {id}", entity.placeholder().to_lowercase())))
}

/// Formats a time in the local time zone.
fn local(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(time) => {
            let zoned = time.to_zoned(jiff::tz::TimeZone::system());
            zoned.strftime("%a %Y-%m-%d %H:%M").to_string()
        }
        Err(_) => time.to_owned(),
    }
}
