//! The commands, apart from reading arguments and choosing an exit code.

use std::io::{self, Write};
use std::path::Path;

use crate::{Error, checked_bundle, generate, write};

/// Where a command writes: data to one place, talk to the other.
#[expect(clippy::exhaustive_structs, reason = "the caller fills it in")]
pub struct Output<'a> {
    /// What the command is for; the terminal's standard output.
    pub data: &'a mut dyn Write,
    /// What it says about it; the terminal's standard error.
    pub talk: &'a mut dyn Write,
}

impl Output<'_> {
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.talk, "{text}").map_err(unprintable)
    }

    pub(crate) fn print(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.data, "{text}").map_err(unprintable)
    }
}

fn unprintable(error: io::Error) -> Error {
    Error::Unwritable {
        path: "the output".into(),
        reason: error.to_string(),
    }
}

/// Generates, and writes what changed.
///
/// # Errors
///
/// As [`generate()`] and [`write::write`].
pub fn codegen(root: &Path, output: &mut Output<'_>) -> Result<(), Error> {
    let files = generate(root)?;
    let changed = write::write(root, &files)?;
    for path in &changed {
        output.say(&format!("wrote {path}"))?;
    }
    if changed.is_empty() {
        output.say(&format!("{} files are up to date", files.len()))?;
    }
    Ok(())
}

/// Generates, writes nothing, and prints what would change; gives whether
/// nothing would.
///
/// # Errors
///
/// As [`generate()`] and [`write::diff`].
pub fn check(root: &Path, output: &mut Output<'_>) -> Result<bool, Error> {
    let files = generate(root)?;
    let diffs = write::diff(root, &files)?;
    for diff in &diffs {
        write!(output.data, "{diff}").map_err(unprintable)?;
    }
    output.say(&if diffs.is_empty() {
        format!("{} files are up to date", files.len())
    } else {
        format!(
            "{} of {} files differ from what openapi/ gives; run `cargo xtask codegen`",
            diffs.len(),
            files.len()
        )
    })?;
    Ok(diffs.is_empty())
}

/// Checks the spec against its rules.
///
/// # Errors
///
/// As [`checked_bundle`].
pub fn lint(root: &Path, output: &mut Output<'_>) -> Result<(), Error> {
    checked_bundle(root)?;
    output.say("openapi/ keeps every rule")
}
