//! The prose of a file: the words of its text, comments and messages, each with
//! its line.

use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A word in lower case and its line, from 1. An empty word stands for code, so
/// that no phrase matches across it.
pub(super) type Word = (String, usize);

/// The longest name that reads as a sentence.
pub(super) const LONGEST_NAME: usize = 60;

/// What a file holds that is checked.
#[derive(Default)]
pub(super) struct Prose {
    /// Runs of words. A phrase matches within one run.
    pub(super) texts: Vec<Vec<Word>>,
    /// Names that are longer than [`LONGEST_NAME`], with their lines.
    pub(super) long_names: Vec<(String, usize)>,
}

/// Reads the prose of a file by its kind; `None` for a kind without prose.
///
/// # Errors
///
/// Returns what is wrong with a Rust file that is not made of tokens.
pub(super) fn read(path: &Path, text: &str) -> Result<Option<Prose>, String> {
    let one = |words| Prose {
        texts: vec![words],
        ..Prose::default()
    };
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("md") => Ok(Some(one(markdown(text)))),
        Some("yaml") => Ok(Some(one(yaml(text)))),
        Some("rs") => rust(text, has_messages(path)).map(Some),
        _ => Ok(None),
    }
}

/// Whether the strings of a Rust file are messages. Strings of tests are data.
fn has_messages(path: &Path) -> bool {
    let has = |name: &str| path.components().any(|part| part.as_os_str() == name);
    let is_tests = path.file_stem().is_some_and(|stem| stem == "tests");
    has("src") && !has("tests") && !has("benches") && !is_tests
}

/// Reads all but the fenced blocks.
fn markdown(text: &str) -> Vec<Word> {
    let mut is_code = false;
    let lines = text.lines().zip(1..).filter(|(line, _)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.flat_map(line_words).collect()
}

fn yaml(text: &str) -> Vec<Word> {
    text.lines().zip(1..).flat_map(line_words).collect()
}

fn rust(text: &str, has_messages: bool) -> Result<Prose, String> {
    let tokens: TokenStream = text
        .parse()
        .map_err(|error: proc_macro2::LexError| error.to_string())?;
    let mut prose = Prose {
        texts: vec![comments(text)],
        ..Prose::default()
    };
    walk(tokens, has_messages, &mut prose);
    Ok(prose)
}

/// Reads the comments that stand on lines of their own, without the code in them.
fn comments(text: &str) -> Vec<Word> {
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

/// Collects long names, and string literals where they are messages.
fn walk(tokens: TokenStream, has_messages: bool, prose: &mut Prose) {
    let mut is_test = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_doc(&group) => {}
            TokenTree::Group(group) => {
                walk(group.stream(), has_messages && !is_test, prose);
                is_test = false;
            }
            TokenTree::Ident(name) => {
                let line = name.span().start().line;
                let name = name.to_string();
                is_test = name == "tests";
                if name.len() > LONGEST_NAME {
                    prose.long_names.push((name, line));
                }
            }
            TokenTree::Literal(literal) if has_messages => {
                let line = literal.span().start().line;
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    prose.texts.push(message_words(&text.value(), line));
                }
            }
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// Whether a group is the `[doc = …]` that a doc comment becomes.
fn is_doc(group: &proc_macro2::Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
}

/// The words of a message. A placeholder of a format string is code.
fn message_words(text: &str, line: usize) -> Vec<Word> {
    text.split('{')
        .enumerate()
        .flat_map(|(index, part)| {
            let part = match part.split_once('}') {
                Some((_, rest)) if index > 0 => rest,
                _ => part,
            };
            let code = (index > 0).then(|| (String::new(), line));
            code.into_iter().chain(line_words((part, line)))
        })
        .collect()
}

/// The words of a line. Text between backticks is code.
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

pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '-' | '_'))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &str, text: &str) -> Vec<Vec<(String, usize)>> {
        let prose = read(Path::new(path), text).expect("Rust tokens");
        let texts = prose.expect("prose").texts;
        texts.into_iter().filter(|text| !text.is_empty()).collect()
    }

    fn first_words(path: &str, text: &str) -> Vec<(String, usize)> {
        let texts = texts(path, text);
        texts.iter().map(|text| text[0].clone()).collect()
    }

    #[test]
    fn messages_are_strings_outside_tests() {
        let code = "fn f() { say(\"One {name} more\"); }\n#[cfg(test)]\nmod tests { const A: &str = \"Two\"; }";
        assert_eq!(first_words("a/src/b.rs", code), [("one".to_owned(), 1)]);
        assert_eq!(first_words("a/tests/b.rs", code), []);
        assert_eq!(first_words("a/src/tests.rs", code), []);
        let words = &texts("a/src/b.rs", code)[0];
        assert_eq!(words[1], (String::new(), 1), "a placeholder is code");
    }

    #[test]
    fn a_path_in_a_message_is_no_phrase() {
        let texts = texts(
            "a/src/b.rs",
            "#[serde(skip = \"Option::is_none\")]\nstruct S;",
        );
        let words: Vec<&str> = texts[0].iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["option", "is_none"]);
    }

    #[test]
    fn a_name_of_more_than_sixty_characters_is_found() {
        let long = "a".repeat(LONGEST_NAME + 1);
        let code = format!("fn {}() {{}}\nfn {long}() {{}}", &long[1..]);
        let prose = read(Path::new("tests/a.rs"), &code).expect("Rust tokens");
        assert_eq!(prose.expect("prose").long_names, [(long, 2)]);
    }

    #[test]
    fn a_file_that_is_not_rust_is_an_error() {
        assert!(read(Path::new("a.rs"), "fn f( {").is_err());
        assert!(
            read(Path::new("a.png"), "fn f( {")
                .expect("no prose")
                .is_none()
        );
    }
}
