//! `cargo xtask public-api`: the public API of heymarket-api as a text file that
//! is reviewed, from the JSON of rustdoc.
//!
//! That JSON is an unstable format with a number. [`public_api`] reads one number,
//! so the compiler has to be of the release that writes it.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use public_api::tokens::Token;
use public_api::{Builder, PublicApi, PublicItem};

use crate::cargo;
use crate::command::Output;
use crate::error::Error;
use crate::output::OutputFile;
use crate::write::{read, replace_one, unified};

/// Where the API is written, relative to the project's root.
pub const PATH: &str = "heymarket-api/public-api.txt";

/// The crate whose API it is.
const CRATE: &str = "heymarket-api";

/// The release of Rust whose JSON is read.
const RELEASE: &str = "1.95.0";

/// Set for rustdoc, which cargo then runs by way of this program. Only rustdoc is
/// allowed the unstable option: build scripts that saw `RUSTC_BOOTSTRAP` would
/// turn unstable features on, and everything would be compiled a second time.
const AS_RUSTDOC: &str = "HEYMARKET_XTASK_RUSTDOC";

/// Crates whose types every Rust program may name.
const STANDARD: [&str; 3] = ["alloc", "core", "std"];

/// Traits that the compiler implements where it can. Only where it cannot is
/// worth a line.
const AUTOMATIC: [&str; 5] = [
    "core::marker::Send",
    "core::marker::Sync",
    "core::marker::Unpin",
    "core::panic::unwind_safe::RefUnwindSafe",
    "core::panic::unwind_safe::UnwindSafe",
];

/// Traits of the compiler's own that no stable program can name.
const INTERNAL: [&str; 3] = [
    "core::marker::Freeze",
    "core::marker::StructuralPartialEq",
    "core::marker::UnsafeUnpin",
];

/// Writes the file, or with `check` prints how it differs; returns whether it is
/// as it should be.
///
/// # Errors
///
/// When the documentation cannot be built, its format is that of another release,
/// or the file cannot be read or written.
pub fn run(root: &Path, check: bool, output: &mut Output<'_>) -> Result<bool, Error> {
    let api = Builder::from_rustdoc_json(document(root)?)
        .omit_blanket_impls(true)
        .build()
        .map_err(|error| {
            Error::Unexpected(format!(
                "{error}; the JSON of Rust {RELEASE} is read: run \
                 `cargo +{RELEASE} xtask public-api`, or update `public-api` and the release \
                 together in xtask"
            ))
        })?;
    let file = OutputFile {
        path: PATH.to_owned(),
        text: render(&api),
    };
    let found = read(root, PATH)?.unwrap_or_default();
    if found == file.text {
        output.say(&format!("{PATH} is up to date"))?;
        return Ok(true);
    }
    if check {
        output.print(unified(PATH, &found, &file.text).trim_end())?;
        output.say(&format!(
            "the public API differs from {PATH}: read the difference, then run \
             `cargo xtask public-api`"
        ))?;
        return Ok(false);
    }
    replace_one(root, &file)?;
    output.say(&format!("wrote {PATH}"))?;
    Ok(true)
}

/// Runs rustdoc if cargo has started this program in its place.
#[must_use]
pub fn as_rustdoc() -> Option<ExitCode> {
    std::env::var_os(AS_RUSTDOC)?;
    let status = Command::new("rustdoc")
        .args(std::env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove(AS_RUSTDOC)
        .status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Builds the documentation of the library of a workspace as JSON, and returns where it is.
pub(crate) fn document(root: &Path) -> Result<PathBuf, Error> {
    let metadata = cargo::metadata(root)?;
    let target = metadata["target_directory"]
        .as_str()
        .ok_or_else(|| Error::Unexpected("cargo names no target directory".to_owned()))?;
    let arguments = [
        "rustdoc",
        "--quiet",
        "--locked",
        "--package",
        CRATE,
        "--lib",
        "--all-features",
        "--",
        "-Zunstable-options",
        "--output-format=json",
    ];
    let program = std::env::current_exe().map_err(|error| Error::Unreadable {
        path: "xtask".into(),
        reason: error.to_string(),
    })?;
    let mut command = cargo::cargo(root, &arguments);
    command.env("RUSTDOC", program).env(AS_RUSTDOC, "1");
    cargo::output(command)?;
    Ok(Path::new(target).join("doc/heymarket_api.json"))
}

fn render(api: &PublicApi) -> String {
    let lines = lines(api);
    let mut text = format!(
        "# The public API of {CRATE} with all features, written by `cargo xtask public-api`.\n\
         # Left out are blanket implementations and the methods of implemented traits. `Send`,\n\
         # `Sync` and the like are listed where a type does not have them.\n\n\
         # Types of other crates in it: a new major version of such a crate is one of this crate.\n"
    );
    for path in foreign(&lines) {
        let _ = writeln!(text, "extern {path}");
    }
    for line in lines {
        let item = line.trim_start_matches("#[non_exhaustive] ");
        // A paragraph for each type.
        if ["pub enum ", "pub mod ", "pub struct ", "pub trait "]
            .iter()
            .any(|start| item.starts_with(start))
        {
            text.push('\n');
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A line for each item that is worth a review.
fn lines(api: &PublicApi) -> Vec<String> {
    let implementations: HashSet<_> = api
        .items()
        .filter(|item| trait_of(item).is_some())
        .map(PublicItem::id)
        .collect();
    api.items()
        .filter(|item| {
            item.parent_id()
                .is_none_or(|parent| !implementations.contains(&parent))
        })
        .filter(|item| {
            trait_of(item).is_none_or(|name| {
                let is_internal = INTERNAL.contains(&name.trim_start_matches('!'));
                !is_internal && !AUTOMATIC.contains(&name.as_str())
            })
        })
        .map(ToString::to_string)
        .collect()
}

/// The trait that an item implements, without its arguments: `core::clone::Clone`,
/// or with `!` in front where it is not implemented.
fn trait_of(item: &PublicItem) -> Option<String> {
    if !matches!(item.tokens().next(), Some(Token::Keyword(word)) if word == "impl") {
        return None;
    }
    let text = item.to_string();
    let (head, _) = text.split_once(" for ")?;
    let head = head.strip_prefix("impl")?;
    // The parameters of the implementation, and then the arguments of the trait.
    let head = match head.strip_prefix('<') {
        Some(rest) => rest.get(closing(rest)?..)?,
        None => head,
    };
    let name = head.trim_start();
    Some(name.split('<').next().unwrap_or(name).to_owned())
}

/// Where the text goes on behind the `>` that closes what is open.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if !text[..at].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The paths of other crates that lines name, but for those of the standard library.
fn foreign(lines: &[String]) -> BTreeSet<&str> {
    let own = CRATE.replace('-', "_");
    let is_path = |character: char| character.is_alphanumeric() || "_:".contains(character);
    lines
        .iter()
        .flat_map(|line| line.split(|character| !is_path(character)))
        .map(|word| word.trim_matches(':'))
        .filter(|word| {
            let Some((first, _)) = word.split_once("::") else {
                return false;
            };
            first != own
                && !STANDARD.contains(&first)
                && first.starts_with(|letter: char| letter.is_ascii_lowercase())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{closing, foreign};

    #[test]
    fn the_parameters_of_an_implementation_end_at_their_bracket() {
        assert_eq!(closing("T> Trait<T>"), Some(2));
        assert_eq!(closing("F: Fn(u8) -> Vec<u8>> Trait"), Some(21));
        assert_eq!(closing("T"), None);
    }

    #[test]
    fn types_of_other_crates_are_listed_once() {
        let lines = [
            "pub fn heymarket_api::f(&http::HeaderMap, core::time::Duration)".to_owned(),
            "impl core::convert::From<Self::Item> for Vec<jiff::Timestamp>".to_owned(),
            "pub fn heymarket_api::g() -> http::HeaderMap".to_owned(),
        ];
        let found: Vec<&str> = foreign(&lines).into_iter().collect();
        assert_eq!(found, ["http::HeaderMap", "jiff::Timestamp"]);
    }
}
