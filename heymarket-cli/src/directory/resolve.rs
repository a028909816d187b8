//! Finds the entry that a text means.

use super::entry::Entry;
use crate::catalog::spec::Entity;

/// The number of candidates that an error lists.
const CANDIDATES: usize = 10;

/// The reason why a text means no single entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    Unknown(String),
    Ambiguous(String),
}

/// Returns the entry whose name, email address or phone number is the text, in any
/// case.
pub(super) fn resolve<'a>(
    entity: Entity,
    text: &str,
    entries: &'a [Entry],
) -> Result<&'a Entry, Unresolved> {
    let wanted = text.trim().to_lowercase();
    let is_match = |entry: &&Entry| {
        let detail = entry.detail.to_lowercase();
        entry.name.to_lowercase() == wanted
            || (!detail.is_empty()
                && detail.trim_start_matches('+') == wanted.trim_start_matches('+'))
    };
    let matches: Vec<&Entry> = entries.iter().filter(is_match).collect();
    match matches.as_slice() {
        [entry] => Ok(entry),
        [] => Err(Unresolved::Unknown(unknown(entity, text, &wanted, entries))),
        several => {
            let labels: Vec<String> = several.iter().map(|entry| entry.label()).collect();
            Err(Unresolved::Ambiguous(format!(
                "{text:?} is ambiguous: {}; use the ID",
                labels.join(", ")
            )))
        }
    }
}

/// Describes a text that no entry has as its name, with the candidates: those that
/// have a word of it, else all.
fn unknown(entity: Entity, text: &str, wanted: &str, entries: &[Entry]) -> String {
    let command = entity.list_command();
    let noun = entity.with_article();
    let is_near = |entry: &&Entry| {
        let known = format!("{} {}", entry.name, entry.detail).to_lowercase();
        !wanted.is_empty() && wanted.split_whitespace().any(|word| known.contains(word))
    };
    let near: Vec<&Entry> = entries.iter().filter(is_near).collect();
    let candidates = if near.is_empty() {
        entries.iter().collect()
    } else {
        near
    };
    let labels: Vec<String> = candidates
        .iter()
        .take(CANDIDATES)
        .map(|entry| entry.label())
        .collect();
    let more = candidates.len().saturating_sub(CANDIDATES);
    let known = match (labels.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" (candidates: {})", labels.join(", ")),
        (false, more) => format!(" (candidates: {}, and {more} more)", labels.join(", ")),
    };
    format!("{text:?} is not {noun}{known}; list them with '{command}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        [
            (1, "Support", "15550108001"),
            (2, "Orders", "15550108002"),
            (3, "Support", ""),
            (4, "Robin Owner", "robin@example.com"),
        ]
        .map(|(id, name, detail)| Entry {
            id,
            name: name.to_owned(),
            detail: detail.to_owned(),
        })
        .to_vec()
    }

    #[test]
    fn a_name_or_an_address_identifies_an_entry() {
        let entries = entries();
        for (text, id) in [
            ("orders", 2),
            ("Robin@example.com", 4),
            ("robin owner", 4),
            ("+15550108001", 1),
        ] {
            let found = resolve(Entity::Inbox, text, &entries);
            assert_eq!(found.map(|entry| entry.id), Ok(id), "{text}");
        }
    }

    #[test]
    fn an_unknown_or_ambiguous_name_lists_candidates() {
        let entries = entries();
        let ambiguous = resolve(Entity::Inbox, "support", &entries);
        let expected =
            "\"support\" is ambiguous: Support (15550108001, 1), Support (3); use the ID";
        assert_eq!(ambiguous, Err(Unresolved::Ambiguous(expected.to_owned())));
        let Err(Unresolved::Unknown(text)) = resolve(Entity::Member, "Robin", &entries) else {
            panic!("it is unknown");
        };
        assert_eq!(
            text,
            "\"Robin\" is not a team member (candidates: Robin Owner (robin@example.com, 4)); \
             list them with 'heymarket team get'"
        );
        let Err(Unresolved::Unknown(text)) = resolve(Entity::Inbox, "Sales", &entries) else {
            panic!("it is unknown");
        };
        assert!(text.contains("Orders (15550108002, 2)"), "{text}");
    }
}
