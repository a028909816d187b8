//! The commands of the spec. `main.rs` parses arguments and chooses the exit code.

use std::io::{self, Write};
use std::path::Path;
use std::process::Stdio;

use crate::cargo::cargo;
use crate::{Error, checked_bundle, generate, write};

/// Where a command writes.
#[expect(clippy::exhaustive_structs, reason = "the caller fills it in")]
pub struct Output<'a> {
    /// The result: standard output.
    pub data: &'a mut dyn Write,
    /// Messages: standard error.
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

/// Generates, and writes what changed. Returns whether anything did.
///
/// # Errors
///
/// Returns the errors of [`generate()`] and [`write::write`].
pub fn codegen(root: &Path, output: &mut Output<'_>) -> Result<bool, Error> {
    let files = generate(root)?;
    let changed = write::write(root, &files)?;
    for path in &changed {
        output.say(&format!("wrote {path}"))?;
    }
    if changed.is_empty() {
        output.say(&format!("{} files are up to date", files.len()))?;
    }
    Ok(!changed.is_empty())
}

/// Compiles the crates that hold generated code, without building them.
///
/// # Errors
///
/// Returns an error when they do not compile. The compiler's messages go to
/// standard error.
pub fn compile(root: &Path, output: &mut Output<'_>) -> Result<(), Error> {
    output.say("checking that the generated code compiles (--no-build leaves this out)")?;
    let mut command = cargo(root, &["check", "--quiet"]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    let failed = |reason: String| Error::Command {
        program: format!("cargo check of {}", PACKAGES.join(" and ")),
        reason,
    };
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failed(
            "the generated code, or code that uses it, does not compile; the compiler's messages \
             are above"
                .to_owned(),
        )),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The crates that hold generated code.
const PACKAGES: [&str; 2] = ["heymarket-api", "heymarket-cli"];

/// Generates, writes nothing, and prints what would change. Returns whether
/// nothing would.
///
/// # Errors
///
/// Returns the errors of [`generate()`] and [`write::diff`].
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
            "{} of {} files are not what openapi/ generates; run `cargo xtask codegen`",
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
/// Returns the errors of [`checked_bundle`].
pub fn lint(root: &Path, output: &mut Output<'_>) -> Result<(), Error> {
    checked_bundle(root)?;
    output.say("openapi/ keeps every rule")
}
