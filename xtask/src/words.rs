//! Finds phrases in prose that `xtask/words.toml` lists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::command::Output;
use crate::error::Error;

/// The list of phrases, relative to the project's root.
pub const LIST: &str = "xtask/words.toml";

/// Folders whose prose is not written here, or is data.
const SKIPPED: [&str; 7] = [
    ".git",
    "corpus",
    "fixtures",
    "generated",
    "node_modules",
    "snapshots",
    "target",
];

/// Files that quote other wording on purpose: the history of changes.
const SKIPPED_FILES: [&str; 1] = ["CHANGELOG.md"];

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

/// A word of a text and its line, from 1.
type Word = (String, usize);

/// Prints every listed phrase in the prose of the project. Returns whether there
/// is none.
///
/// # Errors
///
/// When the list or a file cannot be read.
pub fn run(root: &Path, output: &mut Output<'_>) -> Result<bool, Error> {
    let phrases = phrases(&read(&root.join(LIST))?)?;
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut count = 0;
    for path in files {
        let Some(prose) = prose(&path) else { continue };
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        for (line, phrase) in find(&prose(&read(&path)?), &phrases) {
            let (words, instead) = (phrase.words.join(" "), &phrase.instead);
            output.print(&format!("{shown}:{line}: \"{words}\"; instead: {instead}"))?;
            count += 1;
        }
    }
    output.say(&match count {
        0 => "no listed phrases".to_owned(),
        1 => "1 listed phrase".to_owned(),
        count => format!("{count} listed phrases"),
    })?;
    Ok(count == 0)
}

fn phrases(list: &str) -> Result<Vec<Phrase>, Error> {
    let list: List = toml::from_str(list).map_err(|error| Error::Document {
        path: LIST.into(),
        reason: error.to_string(),
    })?;
    let phrases = list.phrases.into_iter().map(|(phrase, instead)| Phrase {
        words: words(&phrase).map(str::to_lowercase).collect(),
        instead,
    });
    Ok(phrases.filter(|phrase| !phrase.words.is_empty()).collect())
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
        } else if kind.is_file() && !SKIPPED_FILES.contains(&name.as_str()) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// How the prose of a file is found, by its kind.
fn prose(path: &Path) -> Option<fn(&str) -> Vec<Word>> {
    match path.extension()?.to_str()? {
        "md" => Some(markdown),
        "rs" => Some(rust),
        "yaml" => Some(|text| text.lines().zip(1..).flat_map(line_words).collect()),
        _ => None,
    }
}

/// All but the fenced blocks.
fn markdown(text: &str) -> Vec<Word> {
    let mut is_code = false;
    let lines = text.lines().zip(1..).filter(|(line, _)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.flat_map(line_words).collect()
}

/// The comments that have a line of their own, without the code in them.
fn rust(text: &str) -> Vec<Word> {
    let mut is_code = false;
    let lines = text.lines().zip(1..).filter_map(|(line, number)| {
        let comment = line.trim_start().strip_prefix("//")?;
        let comment = comment.trim_start_matches(['/', '!']);
        let is_fence = comment.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((comment, number))
    });
    lines.flat_map(line_words).collect()
}

/// The words of a line. An odd part between backticks is code; an empty word
/// stands for it, so that no phrase reaches across.
fn line_words((line, number): (&str, usize)) -> Vec<Word> {
    let mut found = Vec::new();
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 1 {
            found.push((String::new(), number));
            continue;
        }
        found.extend(words(part).map(|word| (word.to_lowercase(), number)));
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-')
        .filter(|word| !word.is_empty())
}

/// Each place of a phrase, with the line that it begins on.
fn find<'a>(text: &[Word], phrases: &'a [Phrase]) -> Vec<(usize, &'a Phrase)> {
    let mut found = Vec::new();
    for start in 0..text.len() {
        for phrase in phrases {
            let place = text[start..].iter().map(|(word, _)| word);
            let is_here = text.len() - start >= phrase.words.len()
                && phrase
                    .words
                    .iter()
                    .zip(place)
                    .all(|(one, other)| one == other);
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

    fn lines(prose: fn(&str) -> Vec<Word>, text: &str) -> Vec<usize> {
        let list = phrases("[phrases]\n\"is told\" = \"active\"\nnobody = \"a subject\"\n");
        let list = list.expect("a list");
        let found = find(&prose(text), &list);
        found.into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn phrases_are_found_across_lines_and_not_in_code() {
        let text = "Nobody knows; it is\ntold.\n```\nnobody\n```\nIs `x` told, or `is told`?\n";
        assert_eq!(lines(markdown, text), [1, 1]);
        let text = "let nobody = 1;\n/// It is\n/// told.\n// ```\n// nobody\n// ```\n//! nobody";
        assert_eq!(lines(rust, text), [2, 7]);
    }

    #[test]
    fn a_list_with_an_unknown_member_is_an_error() {
        let error = phrases("[words]\n").err().expect("no phrases");
        assert!(error.to_string().contains("xtask/words.toml"), "{error}");
    }
}
