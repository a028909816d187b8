//! `cargo xtask bench --bulk`: the proof of bulk sends.

use std::path::Path;

use crate::cargo::{cargo, output as output_of};
use crate::command::Output;
use crate::error::Error;

/// Runs the proof, and prints its counts. With `short` it takes half a minute. Returns whether all
/// that is promised holds.
///
/// # Errors
///
/// Returns an error when the benchmark cannot be built or a promise does not hold.
pub fn run(root: &Path, short: bool, output: &mut Output<'_>) -> Result<bool, Error> {
    let proof: &[&str] = if short {
        &[
            "--recipients",
            "2000",
            "--kills",
            "10",
            "--scale",
            "20",
            "--seeds",
            "1",
        ]
    } else {
        &[]
    };
    let measures: &[&[&str]] = if short {
        &[proof]
    } else {
        &[proof, &["--cost", "3000"], &["--plan", "1000000"]]
    };
    for arguments in measures {
        output.say("measuring bulk sends")?;
        let mut all = vec![
            "bench",
            "--quiet",
            "--locked",
            "--package",
            "heymarket-outbox",
        ];
        all.extend(["--bench", "bulk", "--"]);
        all.extend(*arguments);
        output.print(&output_of(cargo(root, &all))?)?;
    }
    Ok(true)
}
