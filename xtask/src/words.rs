//! Finds phrases that `xtask/words.toml` lists, in Markdown, in descriptions of
//! `openapi/`, and in comments and messages of Rust files. Finds names that are
//! too long to read, too.

mod prose;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::prose::{LONGEST_NAME, Word};
use crate::command::Output;
use crate::error::Error;

/// The list of phrases, relative to the project's root.
pub const LIST: &str = "xtask/words.toml";

/// Folders that hold data, or text from elsewhere.
const SKIPPED: [&str; 7] = [
    ".git",
    "corpus",
    "fixtures",
    "generated",
    "node_modules",
    "snapshots",
    "target",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    phrases: BTreeMap<String, String>,
}

/// A phrase of the list, as the words that it is matched by.
struct Phrase {
    words: Vec<String>,
    instead: String,
}

/// Prints every listed phrase and every name that is too long. Returns whether
/// the project is free of both.
///
/// # Errors
///
/// Fails when the list or a file cannot be read, or when a Rust file is not made
/// of Rust tokens.
pub fn run(root: &Path, output: &mut Output<'_>) -> Result<bool, Error> {
    let phrases = phrases(&read(&root.join(LIST))?)?;
    let mut count = 0;
    for path in files(root)? {
        let shown = path.strip_prefix(root).unwrap_or(&path);
        let found = findings(shown, &read(&path)?, &phrases)?;
        for finding in &found {
            output.print(finding)?;
        }
        count += found.len();
    }
    output.say(&match count {
        0 => "no findings".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    })?;
    Ok(count == 0)
}

fn phrases(list: &str) -> Result<Vec<Phrase>, Error> {
    let list: List = toml::from_str(list).map_err(|error| Error::Document {
        path: LIST.into(),
        reason: error.to_string(),
    })?;
    let phrases = list.phrases.into_iter().map(|(phrase, instead)| Phrase {
        words: prose::words(&phrase).map(str::to_lowercase).collect(),
        instead,
    });
    Ok(phrases.filter(|phrase| !phrase.words.is_empty()).collect())
}

/// Returns every file of the project but the skipped ones, sorted.
///
/// # Errors
///
/// Fails when a folder cannot be read.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let unreadable = |error: std::io::Error| Error::Unreadable {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), files)?;
        } else if kind.is_file() && is_read(&entry.path()) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn is_read(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("md" | "rs" | "yaml"))
}

pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Returns one line of text for each finding in a file.
fn findings(path: &Path, text: &str, phrases: &[Phrase]) -> Result<Vec<String>, Error> {
    let prose = prose::read(path, text).map_err(|reason| Error::Document {
        path: path.to_owned(),
        reason,
    })?;
    let Some(prose) = prose else {
        return Ok(Vec::new());
    };
    let shown = path.display();
    let found = prose.texts.iter().flat_map(|text| find(text, phrases));
    let found = found.map(|(line, phrase)| {
        let (words, instead) = (phrase.words.join(" "), &phrase.instead);
        format!("{shown}:{line}: \"{words}\"; instead: {instead}")
    });
    let long = prose.long_names.iter().map(|(name, line)| {
        let length = name.len();
        format!("{shown}:{line}: {name} has {length} characters; at most {LONGEST_NAME}")
    });
    Ok(found.chain(long).collect())
}

/// Returns each place of a phrase, with the line that it begins on.
fn find<'a>(text: &[Word], phrases: &'a [Phrase]) -> Vec<(usize, &'a Phrase)> {
    let mut found = Vec::new();
    for start in 0..text.len() {
        for phrase in phrases {
            let end = start + phrase.words.len();
            let is_here = text.get(start..end).is_some_and(|place| {
                let mut pairs = place.iter().zip(&phrase.words);
                pairs.all(|((word, _), other)| word == other)
            });
            if is_here {
                found.push((text[start].1, phrase));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<String> {
        let list = phrases("[phrases]\n\"is told\" = \"active\"\nnobody = \"a subject\"\n");
        let list = list.expect("a list");
        let found = findings(Path::new(path), text, &list).expect("prose");
        let line = |finding: String| finding.split(':').nth(1).map(str::to_owned);
        found.into_iter().filter_map(line).collect()
    }

    #[test]
    fn phrases_are_found_across_lines_and_not_in_code() {
        let text = "Nobody knows; it is\ntold.\n```\nnobody\n```\nIs `x` told, or `is told`?\n";
        assert_eq!(lines("a.md", text), ["1", "1"]);
        let text =
            "fn nobody() {}\n/// It is\n/// told.\n// ```\n// nobody\n// ```\n// nobody\nfn f() {}";
        assert_eq!(lines("a.rs", text), ["2", "7"]);
    }

    #[test]
    fn a_list_with_an_unknown_member_is_an_error() {
        let error = phrases("[words]\n").err().expect("no phrases");
        assert!(error.to_string().contains("xtask/words.toml"), "{error}");
    }
}
