//! Compares the public items of two clients.

use super::item::{Item, Items, Kind};
use crate::diff::change::{Changes, Level};
use crate::diff::schemas::fold;

/// Compares the items of two clients.
pub(in crate::diff) fn compare(old: &Items, new: &Items, changes: &mut Changes) {
    fold(old, new, |path, before, after| match (before, after) {
        (Some(before), Some(after)) => compare_one(path, before, after, changes),
        // The parent's change says it.
        (Some(item), None) if !new.contains_key(&item.parent) && old.contains_key(&item.parent) => {
        }
        (None, Some(item)) if !old.contains_key(&item.parent) && new.contains_key(&item.parent) => {
        }
        (Some(_), None) => changes.add(Level::Breaking, path, "is removed"),
        (None, Some(item)) => {
            let level = if closed(old, item) {
                Level::Breaking
            } else {
                Level::Addition
            };
            changes.add(level, path, "is new");
        }
        (None, None) => {}
    });
}

/// Returns whether an item is a field or a variant of a type that a caller may
/// build or match exhaustively.
fn closed(old: &Items, item: &Item) -> bool {
    matches!(item.kind, Kind::Field | Kind::Variant)
        && old.get(&item.parent).is_some_and(|parent| !parent.is_open)
}

fn compare_one(path: &str, old: &Item, new: &Item, changes: &mut Changes) {
    if old.kind != new.kind {
        changes.add(Level::Breaking, path, "is another kind of item");
        return;
    }
    if old.shape != new.shape {
        let text = format!("is `{}`, and was `{}`", new.shape, old.shape);
        changes.add(Level::Breaking, path, text);
    } else if old.arguments != new.arguments {
        compare_names(path, old, new, changes);
    }
    if old.is_open != new.is_open {
        let (level, text) = if new.is_open {
            (Level::Breaking, "is no longer exhaustive")
        } else {
            (Level::Addition, "is exhaustive")
        };
        changes.add(level, path, text);
    }
    if !old.is_deprecated && new.is_deprecated {
        changes.add(Level::Addition, path, "is deprecated");
    }
    compare_serde(path, old, new, changes);
}

/// The types of the arguments are the same: a new order compiles, and swaps
/// values.
fn compare_names(path: &str, old: &Item, new: &Item, changes: &mut Changes) {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    if sorted(&old.arguments) == sorted(&new.arguments) {
        changes.add(
            Level::Breaking,
            path,
            "takes its arguments in another order",
        );
    } else {
        changes.add(Level::Text, path, "names its arguments in another way");
    }
}

fn compare_serde(path: &str, old: &Item, new: &Item, changes: &mut Changes) {
    fold(&old.serde, &new.serde, |key, before, after| {
        if before == after {
            return;
        }
        let (level, text) = match (key.as_str(), before, after) {
            ("default", None, _) => (Level::Addition, "may be absent".to_owned()),
            ("default", ..) => (Level::Breaking, "may not be absent".to_owned()),
            ("deserialize_with", None, _) => (Level::Addition, "is read in more shapes".to_owned()),
            ("rename", ..) => (Level::Breaking, "has another name on the wire".to_owned()),
            ("deny_unknown_fields", _, None) => {
                (Level::Addition, "is read with other members".to_owned())
            }
            _ => (
                Level::Breaking,
                format!("is read or written in another way (`{key}`)"),
            ),
        };
        changes.add(level, path, text);
    });
}
