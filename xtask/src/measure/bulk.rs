//! `cargo xtask bench --bulk`: the proof of bulk sends.

use std::path::Path;

use super::{document, machine};
use crate::cargo::{cargo, output_and_success};
use crate::command::Output;
use crate::error::Error;

const VERSIONS: [&str; 3] = ["tokio", "reqwest", "rusqlite"];

/// The whole proof, then the cost of the ledger and of a plan.
const WHOLE: [&[&str]; 3] = [&[], &["--cost", "3000"], &["--plan", "1000000"]];

/// Few recipients and kills, at a speed that a build without optimization keeps up
/// with on a busy machine.
const SHORT: &[&str] = &[
    "--recipients",
    "3000",
    "--kills",
    "10",
    "--scale",
    "20",
    "--seeds",
    "1",
];

/// Runs the proof, prints its tables, and writes them to `docs/performance.md`. With
/// `short` it takes half a minute, uses the builds of the tests, and writes nothing.
/// Returns whether all that is promised holds.
///
/// # Errors
///
/// Returns an error when a benchmark cannot be run or the document cannot be
/// written.
pub fn run(root: &Path, short: bool, output: &mut Output<'_>) -> Result<bool, Error> {
    let mut text = machine::describe(root, &VERSIONS)?;
    let mut holds = true;
    let whole = WHOLE.as_slice();
    for arguments in if short { &[SHORT] } else { whole } {
        output.say("measuring bulk sends")?;
        let (succeeded, table) = measure(root, short, arguments)?;
        output.print(&table)?;
        text.push_str("\n\n");
        text.push_str(table.trim());
        holds &= succeeded;
    }
    if holds && !short {
        text.push('\n');
        document::replace(root, "bench-bulk", &text)?;
    }
    Ok(holds)
}

fn measure(root: &Path, short: bool, arguments: &[&str]) -> Result<(bool, String), Error> {
    let mut all = vec!["bench", "--quiet", "--locked"];
    if short {
        // The features of the whole workspace: another set would be another build.
        all.extend(["--workspace", "--profile", "dev"]);
    } else {
        all.extend(["--package", "heymarket-outbox"]);
    }
    all.extend(["--bench", "bulk", "--"]);
    all.extend(arguments);
    output_and_success(cargo(root, &all))
}
