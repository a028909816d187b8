//! The changes as text: for the terminal, and for the changelog.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::change::{self, Area, Change, Level};
use super::version::Version;

/// The most places that a line names. One change of the generator may be in
/// hundreds.
const PLACES: usize = 6;

/// Returns all changes, grouped by level.
pub(super) fn listing(changes: &[Change]) -> String {
    let mut text = String::new();
    for level in [Level::Breaking, Level::Addition] {
        let lines = lines(changes, level);
        if !lines.is_empty() {
            let _ = writeln!(text, "{}:\n", heading(level));
            for line in lines {
                let _ = writeln!(text, "- {line}");
            }
            text.push('\n');
        }
    }
    let described = changes
        .iter()
        .filter(|one| one.level == Level::Text)
        .count();
    if described > 0 {
        let noun = if described == 1 {
            "description"
        } else {
            "descriptions"
        };
        let _ = writeln!(
            text,
            "{described} changed {noun}, without an effect on programs."
        );
    }
    if text.is_empty() {
        text.push_str("Nothing changed.\n");
    }
    text
}

pub(super) fn heading(level: Level) -> &'static str {
    match level {
        Level::Breaking => "Breaking",
        Level::Addition => "New",
        Level::Text => "Described in another way",
    }
}

/// Returns a line for each kind of change: changes with one text are one line.
pub(super) fn lines(changes: &[Change], level: Level) -> Vec<String> {
    let mut groups: BTreeMap<(Area, &str), Vec<&str>> = BTreeMap::new();
    let of_level = changes.iter().filter(|change| change.level == level);
    // What the spec says about an item is said again by the item.
    for change in of_level {
        let group = groups
            .entry((change.area, change.text.as_str()))
            .or_default();
        if !group.contains(&change.place.as_str()) {
            group.push(&change.place);
        }
    }
    let mut lines: Vec<(Area, String)> = groups
        .into_iter()
        .map(|((area, text), places)| (area, line(area, text, &places)))
        .collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

fn line(area: Area, text: &str, places: &[&str]) -> String {
    let prefix = match area {
        Area::Spec => "",
        Area::Rust => "Rust: ",
        Area::Commands => "Command line: ",
    };
    let shown: Vec<String> = places
        .iter()
        .take(PLACES)
        .map(|one| format!("`{one}`"))
        .collect();
    let others = places.len().saturating_sub(PLACES);
    let others = match others {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        _ => format!(" and {others} others"),
    };
    let joint = if places.len() == 1 { " " } else { ": each " };
    format!("{prefix}{}{others}{joint}{text}", shown.join(", "))
}

/// Returns what the changes ask of the version.
pub(super) fn verdict(changes: &[Change], name: &str, released: Version) -> String {
    let level = change::verdict(changes);
    match level {
        Level::Text => format!("since {name} ({released}): nothing that a program notices"),
        _ => format!(
            "since {name} ({released}): {level}; the next version is at least {}",
            released.after(level)
        ),
    }
}
