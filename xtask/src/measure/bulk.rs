//! `cargo xtask bench --bulk`: the proof of bulk sends, by one process or by many.

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

/// The proof of many processes, for one seed with the limit in PostgreSQL and one with
/// it in Redis.
const SHORT_WORKERS: &[&str] = &[
    "--recipients",
    "3000",
    "--kills",
    "10",
    "--scale",
    "20",
    "--seeds",
    "2",
];

/// Many processes in place of one, and what is not as by default.
#[derive(Debug, Default, clap::Args)]
pub struct Workers {
    /// Prove them with this many processes on PostgreSQL instead.
    #[arg(long, requires = "bulk")]
    workers: Option<u32>,
    /// Number of recipients of each seed; by default 30,000.
    #[arg(long, requires = "workers")]
    recipients: Option<u64>,
    /// How many times as fast time goes; by default 25.
    #[arg(long, requires = "workers")]
    scale: Option<u32>,
    /// Number of kills of each seed; by default 40.
    #[arg(long, requires = "workers")]
    kills: Option<u32>,
    /// The first seed; by default 1. Odd ones have the limit in PostgreSQL, even ones in Redis.
    #[arg(long, requires = "workers")]
    seed: Option<u64>,
    /// Number of seeds; by default 3.
    #[arg(long, requires = "workers")]
    seeds: Option<u64>,
}

impl Workers {
    /// Returns the arguments of the benchmark. The first of a name counts.
    fn arguments(&self, short: bool) -> Vec<String> {
        let workers = self.workers.map(u64::from);
        let (scale, kills) = (self.scale.map(u64::from), self.kills.map(u64::from));
        let named = [
            ("--workers", workers),
            ("--recipients", self.recipients),
            ("--scale", scale),
            ("--kills", kills),
            ("--seed", self.seed),
            ("--seeds", self.seeds),
        ];
        let given = named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let given = given.flat_map(|(name, value)| [name.to_owned(), value.to_string()]);
        let short = if short { SHORT_WORKERS } else { &[] };
        let short = short.iter().map(|argument| (*argument).to_owned());
        given.chain(short).collect()
    }
}

/// Runs the proof, prints its tables, and writes them to `docs/performance.md`. With
/// `short` it takes half a minute, uses the builds of the tests, and writes nothing.
/// The proof of many `workers` is printed only: how long it takes is up to its
/// arguments. Returns whether all that is promised holds.
///
/// # Errors
///
/// Returns an error when a benchmark cannot be run or the document cannot be
/// written.
pub fn run(
    root: &Path,
    short: bool,
    workers: &Workers,
    output: &mut Output<'_>,
) -> Result<bool, Error> {
    if workers.workers.is_some() {
        output.say("measuring bulk sends of many processes")?;
        let arguments = workers.arguments(short);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (holds, table) = measure(root, short, &arguments)?;
        output.print(&table)?;
        return Ok(holds);
    }
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
