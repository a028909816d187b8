//! Names commands and flags.

use heck::ToKebabCase as _;

/// The flags that mean something else in every command.
const TAKEN: [&str; 25] = [
    "all",
    "base-url",
    "body",
    "color",
    "columns",
    "country",
    "curl",
    "debug",
    "dry-run",
    "format",
    "help",
    "jq",
    "json",
    "profile",
    "raw-csv",
    "render",
    "sandbox",
    "secret-command",
    "sort",
    "state",
    "utc",
    "version",
    "wide",
    "yes",
    "y",
];

/// Returns the verbs of the operations of a resource: `create_contact_fields` of
/// `contacts` is `create-fields`. Where the operations on one and on several would
/// have the same verb, the latter gets `-many`.
pub(in crate::generate) fn verbs(resource: &str, ids: &[String]) -> Vec<String> {
    let names: Vec<(String, bool)> = ids.iter().map(|id| verb(resource, id)).collect();
    let is_taken = |verb: &str| names.iter().filter(|(other, _)| other == verb).count() > 1;
    names
        .iter()
        .map(|(verb, is_plural)| {
            if *is_plural && is_taken(verb) {
                format!("{verb}-many")
            } else {
                verb.clone()
            }
        })
        .collect()
}

/// Returns the words of an operation ID without those of the resource, and whether
/// it names the resource in the plural.
fn verb(resource: &str, id: &str) -> (String, bool) {
    let nouns: Vec<&str> = resource.split('-').collect();
    let mut words = id.split('_');
    let mut verb = words.next().unwrap_or(id).to_owned();
    let mut is_plural = false;
    for word in words {
        if nouns.contains(&word) {
            is_plural |= word.ends_with('s');
        } else if !nouns.iter().any(|noun| singular(noun) == word) {
            verb = format!("{verb}-{word}");
        }
    }
    (verb, is_plural)
}

fn singular(noun: &str) -> &str {
    noun.strip_suffix("xes")
        .map_or_else(|| noun.strip_suffix('s'), |stem| noun.get(..=stem.len()))
        .unwrap_or(noun)
}

/// Returns the flag of a property: its name, without the `_id` of a number.
pub(super) fn flag(property: &str, is_integer: bool) -> String {
    let name = property.to_kebab_case();
    match name.strip_suffix("-id") {
        Some(short) if is_integer => short.to_owned(),
        _ => name,
    }
}

/// Returns what the number of a flag identifies, so that a name can stand for it:
/// the variant of `Entity`. A flag means the same in every command.
pub(super) fn entity(flag: &str) -> Option<&'static str> {
    match flag {
        "inbox" | "to-inbox" => Some("Inbox"),
        "as" | "assigned" | "assignee" | "member" => Some("Member"),
        "list" => Some("List"),
        "survey" => Some("Survey"),
        "template" => Some("Template"),
        _ => None,
    }
}

/// Returns what the ID in the path of an operation of a resource identifies, so
/// that a name can stand for it.
pub(super) fn entity_of_path(resource: &str) -> Option<&'static str> {
    match resource {
        "lists" => Some("List"),
        "surveys" => Some("Survey"),
        "tags" => Some("Tag"),
        "templates" => Some("Template"),
        _ => None,
    }
}

/// Returns whether the flag means something else in every command.
pub(super) fn is_taken(flag: &str) -> bool {
    TAKEN.contains(&flag)
}

#[cfg(test)]
mod tests {
    use super::{flag, verbs};

    fn of(resource: &str, ids: &[&str]) -> Vec<String> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        verbs(resource, &ids)
    }

    #[test]
    fn a_verb_leaves_out_the_resource() {
        assert_eq!(
            of("inboxes", &["list_inboxes", "get_inbox"]),
            ["list", "get"]
        );
        assert_eq!(
            of("conversations", &["mark_conversation_read"]),
            ["mark-read"]
        );
        assert_eq!(of("contacts-v2", &["get_contact_v2"]), ["get"]);
        assert_eq!(
            of("lists", &["create_list", "create_list_v1"]),
            ["create", "create-v1"]
        );
        assert_eq!(
            of("scheduled-messages", &["create_scheduled_message"]),
            ["create"]
        );
    }

    #[test]
    fn an_operation_on_several_is_marked_where_needed() {
        assert_eq!(
            of(
                "contacts",
                &["create_contact", "create_contacts", "list_contacts"]
            ),
            ["create", "create-many", "list"]
        );
    }

    #[test]
    fn a_flag_of_an_id_has_no_suffix() {
        assert_eq!(flag("inbox_id", true), "inbox");
        assert_eq!(flag("inboxID", true), "inbox");
        assert_eq!(flag("local_id", false), "local-id");
        assert_eq!(flag("id", true), "id");
    }
}
