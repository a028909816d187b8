//! What a request is about, in words: its recipients, its text, what it deletes.

use heymarket_api::{Operation, RawRequest, operations};
use serde_json::{Value, json};

use crate::session::Session;

/// The recipients of a message.
pub(super) struct Recipients {
    pub(super) text: String,
    /// The first one, as a target of a list or a contact.
    pub(super) first: Option<Value>,
}

/// Returns the recipients of a message.
pub(super) async fn recipients(session: &mut Session<'_>, body: &Value) -> Recipients {
    if let Some(list) = body.get("list_id").and_then(Value::as_i64) {
        return of_list(session, list).await;
    }
    let one = |text: String| Recipients { text, first: None };
    if let Some(phone) = body.get("phone_number").and_then(Value::as_str) {
        let contact = contact(session, phone).await;
        let name = contact.as_ref().and_then(name_of);
        return Recipients {
            text: name.map_or_else(|| phone.to_owned(), |name| format!("{name} ({phone})")),
            first: contact,
        };
    }
    match body.get("targets").and_then(Value::as_array) {
        Some(targets) => {
            let targets: Vec<&str> = targets.iter().filter_map(Value::as_str).collect();
            one(targets.join(", "))
        }
        None => {
            let id = number(body, &["chat_id", "conversation_id", "convo_id"]);
            one(match id {
                Some(id) => format!("conversation {id}"),
                None => "the recipients in --body".to_owned(),
            })
        }
    }
}

async fn of_list(session: &mut Session<'_>, id: i64) -> Recipients {
    let list = get(session, &operations::GET_LIST, id).await;
    let targets = list
        .as_ref()
        .and_then(|list| list.get("targets")?.as_object());
    let count = targets.map(|targets| counted(targets.len(), "person", "people"));
    let name = list.as_ref().and_then(|list| list.get("name")?.as_str());
    let name = name.map_or_else(|| id.to_string(), |name| format!("{name:?}"));
    let first = targets.and_then(|targets| targets.iter().next());
    Recipients {
        text: match count {
            Some(count) => format!("{count} in list {name}"),
            None => format!("everyone in list {name}"),
        },
        first: first.map(|(_, target)| target.clone()),
    }
}

/// Returns the lines of the message as its first recipient will read it.
pub(super) async fn message(
    session: &mut Session<'_>,
    body: &Value,
    recipient: Option<&Value>,
) -> Vec<String> {
    let text = |value: &Value| {
        let own = value
            .get("text")
            .or_else(|| value.get("content")?.get("text"));
        Some(own?.as_str()?.to_owned())
    };
    let mut shown = text(body);
    if shown.is_none()
        && let Some(id) = number(body, &["template_id"])
    {
        let template = get(session, &operations::GET_TEMPLATE, id).await;
        shown = template.as_ref().and_then(text);
    }
    let mut lines: Vec<String> = shown
        .map(|text| filled(&text, recipient))
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    if let Some(media) = body.get("media_url").and_then(Value::as_str) {
        lines.push(format!("[media] {media}"));
    }
    lines
}

/// Fills the merge tokens whose values are known. The server fills the others.
fn filled(text: &str, recipient: Option<&Value>) -> String {
    let known = |names: &[&str]| {
        let value = names
            .iter()
            .find_map(|name| recipient?.get(*name)?.as_str());
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let mut filled = text.to_owned();
    for (token, value) in [
        ("{{first_name}}", known(&["first", "f"])),
        ("{{last_name}}", known(&["last", "l"])),
    ] {
        if let Some(value) = value {
            filled = filled.replace(token, &value);
        }
    }
    filled
}

/// Returns what people call a contact, a list, a tag or a template.
pub(super) fn name_of(value: &Value) -> Option<String> {
    let text = |name: &str| value.get(name)?.as_str().filter(|text| !text.is_empty());
    let full = || {
        let full = [text("first"), text("last")].into_iter().flatten();
        Some(full.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
    };
    ["display_name", "name", "tag", "title"]
        .into_iter()
        .find_map(text)
        .map(str::to_owned)
        .or_else(full)
}

/// Asks the API for what has an ID. A question without it is still a question.
pub(super) async fn get(
    session: &mut Session<'_>,
    operation: &'static Operation,
    id: i64,
) -> Option<Value> {
    let request = RawRequest::of(operation).parameter("id", id.to_string());
    let client = session.client().await.ok()?;
    Some(client.execute(&request).await.ok()?.into_inner())
}

async fn contact(session: &mut Session<'_>, phone: &str) -> Option<Value> {
    let request = RawRequest::of(&operations::FIND_CONTACT);
    let request = request.json(json!({"phone": phone}));
    let client = session.client().await.ok()?;
    Some(client.execute(&request).await.ok()?.into_inner())
}

/// Returns the first of several members that is a number.
pub(super) fn number(body: &Value, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| body.get(*name)?.as_i64())
}

/// Returns a number with its noun.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_as_its_first_recipient_gets_it() {
        let contact = json!({"first": "Avery", "last": ""});
        let text = "Hi {{first_name}} {{last_name}}, order {{order_number}}";
        let expected = "Hi Avery {{last_name}}, order {{order_number}}";
        assert_eq!(filled(text, Some(&contact)), expected);
        assert_eq!(
            filled(text, Some(&json!({"f": "Blake", "l": "B"}))),
            "Hi Blake B, order {{order_number}}"
        );
        assert_eq!(filled(text, None), text);
    }

    #[test]
    fn a_thing_is_called_by_its_name() {
        assert_eq!(
            name_of(&json!({"first": "A", "last": "B"})).as_deref(),
            Some("A B")
        );
        assert_eq!(
            name_of(&json!({"display_name": "", "tag": "vip"})).as_deref(),
            Some("vip")
        );
        assert_eq!(name_of(&json!({"id": 1})), None);
    }
}
