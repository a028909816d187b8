//! Edits of the document that keep what a person wrote.

use toml_edit::{Item, Table, TableLike, value};

/// Sets or removes a member of a table in another. A table without members is
/// removed.
pub(super) fn set_member(parent: &mut dyn TableLike, table: &str, name: &str, new: Option<&str>) {
    if parent.get(table).is_none() && new.is_some() {
        parent.insert(table, Item::Table(Table::new()));
    }
    let Some(members) = parent.get_mut(table).and_then(Item::as_table_like_mut) else {
        return;
    };
    match new {
        Some(new) => {
            members.insert(name, value(new));
        }
        None => {
            members.remove(name);
        }
    }
    if members.is_empty() {
        parent.remove(table);
    }
}
