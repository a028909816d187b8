//! `cargo xtask diff`: what changed between two states of the spec, for users, and
//! the version that the changes ask for.
//!
//! Three comparisons find the changes, and the worst of them is the verdict:
//!
//! - of the documents: operations, parameters, members, values, shapes, and what
//!   the `x-` keys say about behaviour (`operations`, `schemas`)
//! - of the public items of the generated client, by their syntax (`rust`)
//! - of the facts about the server
//!
//! [`judge`] measures how often the verdict is right.

mod change;
mod changelog;
mod compare;
mod git;
pub mod judge;
mod operations;
mod report;
mod rust;
mod schemas;
mod state;
mod version;

use std::path::Path;

use crate::command::Output;
use crate::error::Error;
use crate::write;

pub use change::{Area, Change, Level, verdict};
pub use compare::compare;
pub use state::State;
pub use version::Version;
pub(crate) use version::of_manifest;

/// What to do with the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Print them.
    Print,
    /// Write them to the changelog.
    Write,
    /// Check that the version and the changelog say so.
    Check,
}

/// Compares a revision, by default the last release, with the tree. Returns
/// whether nothing is wrong.
///
/// # Errors
///
/// Returns an error if git does not know the revision, the spec cannot be read, or
/// the changelog cannot be written.
pub fn run(
    root: &Path,
    revision: Option<&str>,
    mode: Mode,
    output: &mut Output<'_>,
) -> Result<bool, Error> {
    let manifest = write::read_existing(root, "Cargo.toml")?;
    let current = of_manifest(&manifest)?;
    let revision = match revision {
        Some(revision) => revision.to_owned(),
        None => match git::last_release(root, current)? {
            Some(revision) => revision,
            None => {
                output.say("not compared: git knows no earlier release; name a revision")?;
                return Ok(true);
            }
        },
    };
    let released = of_manifest(&git::show(root, &revision, "Cargo.toml")?)?;
    let changes = compare(
        &State::of_revision(root, &revision)?,
        &State::of_tree(root)?,
    )?;
    let name = git::name(root, &revision)?;
    match mode {
        Mode::Print => {
            output.print(report::listing(&changes).trim_end())?;
            output.say(&report::verdict(&changes, &name, released))?;
            Ok(true)
        }
        Mode::Write => changelog::write(root, &changes, released, output).map(|()| true),
        Mode::Check => changelog::check(root, &changes, released, current, output),
    }
}
