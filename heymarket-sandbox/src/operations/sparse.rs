//! Sparse lists: items without the members that only single reads return.

use serde_json::Value;

/// What list items lack. Which members the API leaves out is not known.
const LEFT_OUT: [&str; 15] = [
    "avatar",
    "contact_channels",
    "content",
    "custom",
    "email_suppressions",
    "external_id",
    "external_ref",
    "is_opted_out",
    "members",
    "note",
    "question",
    "tags",
    "target_errors",
    "targets",
    "widget_settings",
];

pub(crate) fn make_sparse(item: &mut Value) {
    if let Some(members) = item.as_object_mut() {
        members.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    }
}
