//! Compares two states: their documents, and their clients.

use serde_json::Value;

use super::change::{Area, Change, Changes, Level};
use super::rust::Items;
use super::state::State;
use super::{operations, rust, schemas};
use crate::error::Error;
use crate::schema;

/// Returns the changes from one state to another, the largest first.
///
/// # Errors
///
/// Returns an error if a generated file is not Rust.
pub fn compare(old: &State, new: &State) -> Result<Vec<Change>, Error> {
    compare_with(old, &rust::read(&old.client)?, new)
}

/// Compares as [`compare`] does; `items` are those of the old client.
pub(super) fn compare_with(old: &State, items: &Items, new: &State) -> Result<Vec<Change>, Error> {
    let mut spec = Changes::of(Area::Spec);
    compare_server(&old.document, &new.document, &mut spec);
    operations::compare(&old.document, &new.document, &mut spec);
    operations::compare_webhooks(&old.document, &new.document, &mut spec);
    schemas::compare(&old.document, &new.document, &mut spec);
    let mut client = Changes::of(Area::Rust);
    rust::compare(items, &rust::read(&new.client)?, &mut client);
    let mut all = spec.all;
    all.append(&mut client.all);
    all.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.cmp(b)));
    all.dedup();
    Ok(all)
}

/// Compares what the documents say about the server.
fn compare_server(old: &Value, new: &Value, changes: &mut Changes) {
    let url = |document: &Value| document.pointer("/servers/0/url").cloned();
    if url(old) != url(new) {
        changes.add(Level::Breaking, "server::BASE_URL", "is another address");
    }
    if old.get(schema::REQUESTS_PER_MINUTE) != new.get(schema::REQUESTS_PER_MINUTE) {
        let text = "is another number";
        changes.add(Level::Addition, "server::REQUESTS_PER_MINUTE", text);
    }
    let schemes = "/components/securitySchemes";
    if old.get("security") != new.get("security") || old.pointer(schemes) != new.pointer(schemes) {
        changes.add(Level::Breaking, "security", "asks for other credentials");
    }
    for key in ["info", "tags", "servers"] {
        if old.get(key) != new.get(key) {
            changes.add(Level::Text, key, "is described in another way");
        }
    }
}
