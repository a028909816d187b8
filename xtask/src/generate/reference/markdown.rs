//! Pieces of Markdown that the sections of the reference share.

use serde_json::Value;

use crate::schema;

/// Returns a link to the vendor's page on an operation, a tag or the webhooks.
pub(super) fn vendor_page(value: &Value) -> String {
    let url = value.pointer("/externalDocs/url").and_then(Value::as_str);
    match url {
        Some(url) => format!("[the vendor's page]({url})"),
        None => "no page of the vendor".to_owned(),
    }
}

/// Returns a text member, or an empty text.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Formats names as code, with commas between them.
pub(super) fn codes<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<_> = names
        .into_iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    names.join(", ")
}

/// Returns the type of a body: a schema's name, or an array of it.
pub(super) fn type_of(schema: &Value) -> String {
    if let Some(name) = schema::reference(schema) {
        return format!("`{name}`");
    }
    match schema.get("items") {
        Some(items) => format!("an array of {}", type_of(items)),
        None => "free JSON".to_owned(),
    }
}
