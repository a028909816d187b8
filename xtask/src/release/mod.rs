//! `cargo xtask release --dry-run`: everything that a release makes, without
//! publishing it.
//!
//! The files are in `target/release-files/`: the packages, an archive for Linux
//! with static binaries, manual pages and completions, a Debian package, bills of
//! materials, the release notes, and the checksums of all. A tool that is missing
//! is named with the command that installs it, and the run goes on.

mod artifacts;
mod checks;
mod notes;
mod step;

use std::fs;
use std::path::Path;

use crate::command::Output;
use crate::diff::of_manifest;
use crate::error::Error;
use crate::write::read_existing;
use step::{FOLDER, Release, Step, unwritable};

type Run = fn(&Release<'_>) -> Result<Step, Error>;

/// The steps, in their order. Those after `fast` build in the release profile, or
/// need what is built.
const STEPS: &[(&str, bool, Run)] = &[
    ("versions", true, checks::versions),
    ("repository", true, checks::repository),
    ("changelog", true, checks::changelog),
    ("release notes", true, notes::write),
    ("packages", true, artifacts::packages),
    ("bills of materials", true, artifacts::bills),
    ("static binaries", false, artifacts::binaries),
    ("manual pages", false, artifacts::manuals),
    ("completions", false, artifacts::completions),
    ("archive", false, artifacts::archive),
    ("Debian package", false, artifacts::deb),
    ("checksums", true, artifacts::checksums),
];

/// Prepares a release. With `fast`, leaves out what needs a build in the release
/// profile. Returns whether nothing is wrong and, unless `fast`, everything was made.
///
/// # Errors
///
/// Returns an error if the project cannot be read, or a file cannot be written.
pub fn dry_run(root: &Path, fast: bool, output: &mut Output<'_>) -> Result<bool, Error> {
    let release = Release {
        root,
        version: of_manifest(&read_existing(root, "Cargo.toml")?)?,
        folder: root.join(FOLDER),
    };
    if release.folder.exists() {
        fs::remove_dir_all(&release.folder).map_err(|error| unwritable(&release.folder, &error))?;
    }
    fs::create_dir_all(&release.folder).map_err(|error| unwritable(&release.folder, &error))?;
    output.say(&format!("a dry run of the release of {}", release.version))?;
    let (mut wrong, mut missing) = (0, 0);
    for (name, is_fast, run) in STEPS {
        if fast && !is_fast {
            output.print(&format!("{name:18} left out: it needs a release build"))?;
            continue;
        }
        let line = match run(&release) {
            Ok(Step::Done(text)) => text,
            Ok(Step::Missing(text)) => {
                missing += 1;
                format!("not made: {text}")
            }
            Ok(Step::Wrong(text)) => {
                wrong += 1;
                format!("wrong: {text}")
            }
            // The other steps still say what they find.
            Err(error) => {
                wrong += 1;
                format!("failed: {error}")
            }
        };
        output.print(&format!("{name:18} {line}"))?;
    }
    output.say(&format!(
        "nothing was published; {wrong} wrong, {missing} not made; the files are in {FOLDER}/"
    ))?;
    // Without the slow steps it is a check of the tree, which needs no tools.
    Ok(wrong == 0 && (fast || missing == 0))
}
