//! Searching contacts and looking one up.

use std::ops::ControlFlow;

use heymarket_api::{RawRequest, operations};
use rmcp::model::Tool;
use serde_json::{Value, json};

use super::context::{Context, Output, pick};
use super::definition::{integer, reads, text, tool};
use crate::access::normal_address;
use crate::arguments::Arguments;
use crate::error::ToolError;

/// The members that a word may be in.
const SEARCHED: [&str; 5] = ["display_name", "first", "last", "email", "phone"];

const LISTED: [&str; 8] = [
    "id",
    "uuid",
    "display_name",
    "first",
    "last",
    "phone",
    "email",
    "is_opted_out",
];

const WHOLE: [&str; 15] = [
    "id",
    "uuid",
    "display_name",
    "first",
    "last",
    "phone",
    "email",
    "is_opted_out",
    "assigned_user_id",
    "tags",
    "custom",
    "note",
    "contact_channels",
    "created",
    "updated",
];

pub(crate) fn search_tool() -> Tool {
    tool(
        "search_contacts",
        "Searches contacts by words of a name, a phone number or an email address.",
        json!({
            "query!": text("Words, a number or an address"),
            "limit": integer("At most 50; by default 20"),
        }),
        &["_notice", "items", "is_complete"],
        reads(),
    )
}

pub(crate) async fn search(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let query = arguments.required_text("query")?.trim();
    let words = arguments.words("query")?;
    let limit = arguments.limit(20, 50)?;
    if let Some(address) = address(query) {
        let body = json!({"contact_channels": [{"channel_ids": [address]}]});
        let found = context.post(&operations::SEARCH_CONTACTS_V2, body).await?;
        let found = found.as_array().map_or(&[][..], Vec::as_slice);
        if !found.is_empty() {
            let items: Vec<_> = found
                .iter()
                .take(limit)
                .map(|item| pick(item, &LISTED))
                .collect();
            let is_complete = found.len() <= limit;
            return Ok(Output::default()
                .data("items", items)
                .own("is_complete", is_complete));
        }
    }
    let request = RawRequest::of(&operations::LIST_CONTACTS).json(json!({}));
    let find = |contact| {
        let is_match = is_match(&contact, query, &words);
        ControlFlow::Continue(is_match.then(|| pick(&contact, &LISTED)))
    };
    let (found, is_complete) = context.search(request, limit, find).await?;
    Ok(Output::default()
        .data("items", found)
        .own("is_complete", is_complete))
}

/// Returns a whole phone number or email address.
fn address(query: &str) -> Option<String> {
    let is_email = query.contains('@') && !query.contains(char::is_whitespace);
    let address = normal_address(query);
    (is_email || (is_number(query) && address.len() >= 10)).then_some(address)
}

/// Returns whether a query is a phone number, or a part of one, as people write it.
fn is_number(query: &str) -> bool {
    query
        .chars()
        .all(|c| c.is_ascii_digit() || " -().+".contains(c))
}

/// Returns whether the number of a query, or all of its words, are in a contact.
fn is_match(contact: &Value, query: &str, words: &[String]) -> bool {
    let values = SEARCHED
        .iter()
        .filter_map(|name| contact.get(*name)?.as_str());
    let known = values.collect::<Vec<_>>().join("\n").to_lowercase();
    if is_number(query) {
        let digits = normal_address(query);
        return !digits.is_empty() && known.contains(&digits);
    }
    words.iter().all(|word| known.contains(word))
}

pub(crate) fn look_up_tool() -> Tool {
    tool(
        "look_up_contact",
        "Gets a contact with notes, tags, custom fields, and whether it receives messages.",
        json!({
            "contact_id": integer("The contact's ID"),
            "phone": text("Or its phone number"),
        }),
        &["_notice", "contact", "messaging"],
        reads(),
    )
}

pub(crate) async fn look_up(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let (contact, key) = match (arguments.integer("contact_id"), arguments.text("phone")) {
        (Some(id), None) => {
            let contact = context.get(&operations::GET_CONTACT, id).await?;
            (Some(contact), json!({"id": id}))
        }
        (None, Some(phone)) => {
            let key = json!({"phone": normal_address(phone)});
            (
                context.find(&operations::FIND_CONTACT, key.clone()).await?,
                key,
            )
        }
        _ => return Err(ToolError::refused("give contact_id or phone, one of them")),
    };
    let Some(contact) = contact else {
        return Err(ToolError::refused("no contact has this number"));
    };
    let status = context.find(&operations::GET_CONTACT_STATUS, key).await?;
    let status = status.map(|status| pick(&status, &["blocked", "unsubscribed"]));
    Ok(Output::default()
        .data("contact", pick(&contact, &WHOLE))
        .data("messaging", status.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_or_address_is_searched_for_by_channel() {
        let number = Some("15550100101".to_owned());
        assert_eq!(address("+1 (555) 010-0101"), number);
        assert_eq!(address("A@Example.com"), Some("a@example.com".to_owned()));
        for part in ["0100101", "avery", "avery @ work", "2026"] {
            assert_eq!(address(part), None, "{part}");
        }
    }
}
