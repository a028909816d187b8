//! How commands and flags are named.

use heck::ToKebabCase as _;

/// The names that every command has a use of its own for.
const TAKEN: [&str; 18] = [
    "all",
    "base-url",
    "body",
    "curl",
    "debug",
    "dry-run",
    "format",
    "help",
    "jq",
    "json",
    "profile",
    "raw-csv",
    "sandbox",
    "secret-command",
    "state",
    "version",
    "yes",
    "y",
];

/// The verbs of the operations of a resource: `create_contact_fields` of
/// `contacts` is `create-fields`. Where an operation on one and one on several
/// would be the same, the latter gets `-many`.
pub(super) fn verbs(resource: &str, ids: &[String]) -> Vec<String> {
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

/// The words of an operation id without those of the resource, and whether it
/// names the resource in the plural.
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

/// The flag of a property: its name, without the `_id` of a number.
pub(super) fn flag(property: &str, is_integer: bool) -> String {
    let name = property.to_kebab_case();
    match name.strip_suffix("-id") {
        Some(short) if is_integer => short.to_owned(),
        _ => name,
    }
}

/// Whether the flag has another meaning in every command.
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
    fn a_verb_is_what_the_resource_does_not_say() {
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
    fn many_are_told_from_one_where_both_are_there() {
        assert_eq!(
            of(
                "contacts",
                &["create_contact", "create_contacts", "list_contacts"]
            ),
            ["create", "create-many", "list"]
        );
    }

    #[test]
    fn a_flag_for_the_number_of_a_thing_is_the_thing() {
        assert_eq!(flag("inbox_id", true), "inbox");
        assert_eq!(flag("inboxID", true), "inbox");
        assert_eq!(flag("local_id", false), "local-id");
        assert_eq!(flag("id", true), "id");
    }
}
