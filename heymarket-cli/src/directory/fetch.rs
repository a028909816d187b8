//! Asks the API for names.

use heymarket_api::{Client, Operation, RawRequest, operations};
use serde_json::{Value, json};

use super::entry::Entry;
use crate::catalog::spec::Entity;
use crate::failure::Failure;

/// No more entries of a kind are read.
const MOST: usize = 2000;

/// Returns all entries of a kind.
pub(super) async fn fetch(client: &Client, entity: Entity) -> Result<Vec<Entry>, Failure> {
    match entity {
        Entity::Inbox => inboxes(client).await,
        Entity::Member => members(client).await,
        Entity::List => walk(client, &operations::LIST_LISTS, "name").await,
        Entity::Template => walk(client, &operations::LIST_TEMPLATES, "name").await,
        Entity::Survey => walk(client, &operations::LIST_SURVEYS, "name").await,
        Entity::Tag => walk(client, &operations::LIST_TAGS, "tag").await,
    }
}

async fn inboxes(client: &Client) -> Result<Vec<Entry>, Failure> {
    let inboxes = client.list_inboxes().await?;
    let entry = |inbox: &heymarket_api::types::Inbox| {
        let phones = inbox.phones.as_ref();
        let phone = phones
            .and_then(|phones| phones.first())
            .or(inbox.phone.as_ref());
        Entry {
            id: inbox.id.into(),
            name: inbox.name.clone().unwrap_or_default(),
            detail: phone.cloned().unwrap_or_default(),
        }
    };
    Ok(inboxes.iter().map(entry).collect())
}

async fn members(client: &Client) -> Result<Vec<Entry>, Failure> {
    let team = client.get_team().await?;
    let members = team.members.iter().flatten();
    Ok(members
        .filter_map(|member| {
            Some(Entry {
                id: member.id?.into(),
                name: member.name.clone().unwrap_or_default(),
                detail: member.email.clone().unwrap_or_default(),
            })
        })
        .collect())
}

async fn walk(
    client: &Client,
    operation: &'static Operation,
    name: &str,
) -> Result<Vec<Entry>, Failure> {
    let request = RawRequest::of(operation).json(json!({}));
    let mut pages = client.walk(request)?.pages();
    let mut entries = Vec::new();
    while let Some(page) = pages.next().await {
        for item in page? {
            let Ok(item) = serde_json::from_str::<Value>(item.json.get()) else {
                continue;
            };
            if let Some(id) = item.get("id").and_then(Value::as_i64) {
                let name = item.get(name).and_then(Value::as_str).unwrap_or_default();
                entries.push(Entry {
                    id,
                    name: name.to_owned(),
                    detail: String::new(),
                });
            }
        }
        if entries.len() >= MOST {
            break;
        }
    }
    Ok(entries)
}
