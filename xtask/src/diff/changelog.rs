//! The entry of the changelog that `cargo xtask diff --write` writes, and the
//! check that it and the version fit the changes.

use std::fmt::Write as _;
use std::path::Path;

use super::change::{Change, Level, verdict};
use super::report;
use super::version::Version;
use crate::command::Output;
use crate::error::Error;
use crate::output::OutputFile;
use crate::write::{read_existing, replace_one, unified};

/// The file.
const PATH: &str = "CHANGELOG.md";

/// Written before and after the entry.
const BEGIN: &str = "<!-- cargo xtask diff: begin -->";
const END: &str = "<!-- cargo xtask diff: end -->";

/// Writes the entry into the latest section.
pub(super) fn write(
    root: &Path,
    changes: &[Change],
    released: Version,
    output: &mut Output<'_>,
) -> Result<(), Error> {
    let text = read_existing(root, PATH)?;
    let wanted = with_entry(&text, &entry(changes, released))?;
    if wanted == text {
        return output.say(&format!("{PATH} is up to date"));
    }
    let file = OutputFile {
        path: PATH.to_owned(),
        text: wanted,
    };
    replace_one(root, &file)?;
    output.say(&format!("wrote the changes since {released} to {PATH}"))
}

/// Checks that the version's step is as large as the changes, and that the entry
/// is up to date.
pub(super) fn check(
    root: &Path,
    changes: &[Change],
    released: Version,
    current: Version,
    output: &mut Output<'_>,
) -> Result<bool, Error> {
    let level = verdict(changes);
    let mut is_fine = true;
    if level > released.allows(current) {
        is_fine = false;
        output.print(report::listing(changes).trim_end())?;
        output.say(&format!(
            "the changes since {released} are {level}, and the version is {current}: raise \
             `version` in Cargo.toml to {} at least",
            released.after(level)
        ))?;
    }
    let text = read_existing(root, PATH)?;
    let wanted = with_entry(&text, &entry(changes, released))?;
    if wanted != text {
        is_fine = false;
        output.print(unified(PATH, &text, &wanted).trim_end())?;
        output.say(&format!(
            "{PATH} does not list the changes since {released}: run `cargo xtask diff --write`"
        ))?;
    }
    if is_fine {
        output.say(&format!(
            "{current} is a large enough step from {released}, and {PATH} lists the changes"
        ))?;
    }
    Ok(is_fine)
}

/// Returns the entry, without a line if no program notices a change.
fn entry(changes: &[Change], released: Version) -> String {
    let mut text = String::new();
    for level in [Level::Breaking, Level::Addition] {
        let lines = report::lines(changes, level);
        if lines.is_empty() {
            continue;
        }
        let heading = report::heading(level);
        let _ = writeln!(
            text,
            "{heading} in the spec and the generated client, since {released}:\n"
        );
        for line in lines {
            let _ = writeln!(text, "- {line}");
        }
        text.push('\n');
    }
    text
}

/// Puts an entry in the place of the one in the latest section.
fn with_entry(text: &str, entry: &str) -> Result<String, Error> {
    let missing = || Error::Document {
        path: PATH.into(),
        reason: "expected a heading of the second level, `## Unreleased` or a version".to_owned(),
    };
    let start = text.find("\n## ").ok_or_else(missing)? + 1;
    let length = text[start..]
        .find("\n## ")
        .map_or(text.len() - start, |at| at + 1);
    let (head, rest) = text.split_at(start);
    let (section, tail) = rest.split_at(length);
    let section = without_entry(section);
    if entry.is_empty() {
        return Ok(format!("{head}{section}{tail}"));
    }
    let (heading, body) = section.split_once('\n').ok_or_else(missing)?;
    Ok(format!(
        "{head}{heading}\n\n{BEGIN}\n\n{entry}{END}\n\n{}{tail}",
        body.trim_start_matches('\n')
    ))
}

fn without_entry(section: &str) -> String {
    let found = section.find(BEGIN).zip(section.find(END));
    match found {
        Some((begin, end)) if begin < end => {
            let before = section[..begin].trim_end();
            let after = section[end + END.len()..].trim_start();
            format!("{before}\n\n{after}")
        }
        _ => section.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_entry;

    const TEXT: &str = "# Changelog\n\n## 0.2.0\n\nBy hand.\n\n## 0.1.0\n\nOld.\n";

    #[test]
    fn an_entry_is_replaced_and_nothing_else() {
        let one = with_entry(TEXT, "- One.\n\n").expect("a text");
        assert!(one.contains("- One.") && one.contains("By hand."), "{one}");
        let two = with_entry(&one, "- Two.\n\n").expect("a text");
        assert!(two.contains("- Two.") && !two.contains("- One."), "{two}");
        assert_eq!(with_entry(&two, "- Two.\n\n").expect("a text"), two);
        assert_eq!(with_entry(&two, "").expect("a text"), TEXT);
        assert!(two.ends_with("## 0.1.0\n\nOld.\n"), "{two}");
    }

    #[test]
    fn a_changelog_without_sections_is_an_error() {
        assert!(with_entry("# Changelog\n", "- One.\n").is_err());
    }
}
