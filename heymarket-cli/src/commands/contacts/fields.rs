//! The custom fields of contacts.

use heymarket_api::{Client, RawRequest, operations};
use serde_json::Value;

use crate::failure::Failure;

/// A custom field: the API knows its ID, people its title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) id: i64,
    pub(super) title: String,
}

/// Returns the custom fields of the account.
pub(super) async fn all(client: &Client) -> Result<Vec<Field>, Failure> {
    let request = RawRequest::of(&operations::LIST_CONTACT_FIELDS);
    let answer = client.execute(&request).await?.into_inner();
    let items = match &answer {
        Value::Array(items) => items.as_slice(),
        Value::Object(members) => members
            .values()
            .find_map(Value::as_array)
            .map_or(&[][..], Vec::as_slice),
        _ => &[],
    };
    let field = |item: &Value| {
        Some(Field {
            id: item.get("id")?.as_i64()?,
            title: item.get("title")?.as_str()?.to_owned(),
        })
    };
    Ok(items.iter().filter_map(field).collect())
}
