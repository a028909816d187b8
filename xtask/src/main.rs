//! `cargo xtask`: the commands for working on the workspace.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::command::{self, Output};
use xtask::diff::{self, Mode};
use xtask::measure::{bench, budgets, bulk, weigh};
use xtask::public_api;
use xtask::release;
use xtask::words;
use xtask::{fuzz, links, observe};

/// Commands for working on the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    /// Root of the project [default: the workspace of xtask]
    #[arg(long, global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the client and the commands from openapi/, and check that they compile.
    Codegen {
        /// Write and compile nothing; print a diff, and fail if there is one.
        #[arg(long)]
        check: bool,
        /// Skip the check that the generated code compiles.
        #[arg(long)]
        no_build: bool,
    },
    /// Check openapi/ against the rules of the spec.
    Lint,
    /// Measure what calls cost, and write it to docs/performance.md.
    Bench {
        /// Measure what grows with the requests in flight and with a walk instead.
        #[arg(long)]
        growth: bool,
        /// Prove bulk sends against a sandbox instead, with a sender that is killed.
        #[arg(long, conflicts_with = "growth")]
        bulk: bool,
        /// Prove them with fewer recipients and kills.
        #[arg(long, requires = "bulk")]
        short: bool,
        #[command(flatten)]
        workers: bulk::Workers,
    },
    /// Measure what building costs, and write it to docs/performance.md.
    Weigh {
        /// Number of builds from scratch.
        #[arg(long, default_value_t = 2)]
        rounds: usize,
        /// Measure what grows with the operations of the spec instead.
        #[arg(long)]
        growth: bool,
    },
    /// Run the fuzz targets, each from its corpus on.
    Fuzz {
        /// Seconds to run each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Targets to run [default: all]
        #[arg(value_parser = fuzz::TARGETS)]
        targets: Vec<String>,
    },
    /// Find dead links in Markdown files, and paths that do not exist.
    Links,
    /// Find listed phrases in prose and messages, and names that are too long.
    Words,
    /// Write the public API of heymarket-api to heymarket-api/public-api.txt.
    PublicApi {
        /// Write nothing; print what would change, and fail if anything would.
        #[arg(long)]
        check: bool,
    },
    /// Check what must not grow against xtask/budgets.toml.
    Budgets,
    /// Start PostgreSQL and Redis for tests, and stop them at the end.
    ///
    /// Both run in temporary folders on free ports of this machine. Without a command
    /// they run until Ctrl-C.
    #[cfg(unix)]
    #[command(after_help = "Example: cargo xtask services -- cargo test --workspace")]
    Services {
        /// Command to run with HEYMARKET_TEST_POSTGRES and HEYMARKET_TEST_REDIS set
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Prepare a release: versions, changelog, packages, binaries, checksums.
    Release {
        /// Publish nothing; the files are in target/release-files/.
        #[arg(long, required = true)]
        dry_run: bool,
        /// Leave out what needs a build in the release profile.
        #[arg(long)]
        fast: bool,
    },
    /// Compare a record of `heymarket doctor --shapes` with the spec, and print a patch.
    Observe {
        /// The record.
        record: PathBuf,
    },
    /// Print what changed for users since a revision, and the version it asks for.
    Diff {
        /// Revision to compare with [default: the last release]
        revision: Option<String>,
        /// Write the changes to CHANGELOG.md.
        #[arg(long)]
        write: bool,
        /// Write nothing; fail if the version or CHANGELOG.md does not fit the changes.
        #[arg(long, conflicts_with = "write")]
        check: bool,
        /// Measure instead how often the verdict is right, by mutations of the spec.
        #[arg(long, conflicts_with_all = ["write", "check", "revision"])]
        judge: bool,
        #[command(flatten)]
        sample: diff::judge::Sample,
        /// Print for each mutation what cargo-semver-checks and cargo-public-api say as well.
        #[arg(long, requires = "judge")]
        cross_check: bool,
    },
}

fn main() -> ExitCode {
    if let Some(code) = public_api::as_rustdoc() {
        return code;
    }
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(workspace_root);
    let output = &mut Output {
        data: &mut io::stdout().lock(),
        talk: &mut io::stderr().lock(),
    };
    let outcome = match arguments.command {
        Command::Codegen { check: true, .. } => command::check(&root, output),
        Command::Codegen { no_build, .. } => codegen(&root, no_build, output),
        Command::Lint => command::lint(&root, output).map(|()| true),
        Command::Bench {
            bulk: true,
            short,
            workers,
            ..
        } => bulk::run(&root, short, &workers, output),
        Command::Bench { growth, .. } => bench::run(&root, growth, output).map(|()| true),
        Command::Weigh { rounds, growth } => {
            weigh::run(&root, rounds.max(1), growth, output).map(|()| true)
        }
        Command::Fuzz { seconds, targets } => {
            fuzz::run(&root, &targets, seconds, output).map(|()| true)
        }
        Command::Links => links::run(&root, output),
        Command::Words => words::run(&root, output),
        Command::PublicApi { check } => public_api::run(&root, check, output),
        Command::Budgets => budgets::run(&root, output),
        #[cfg(unix)]
        Command::Services { command } => xtask::services::run(&command, output),
        Command::Release { fast, .. } => release::dry_run(&root, fast, output),
        Command::Observe { record } => observe::run(&root, &record, output).map(|()| true),
        Command::Diff {
            judge: true,
            sample,
            cross_check: true,
            ..
        } => diff::judge::cross_check(&root, &sample, output),
        Command::Diff {
            judge: true,
            sample,
            ..
        } => diff::judge::run(&root, &sample, output),
        Command::Diff {
            revision,
            write,
            check,
            ..
        } => {
            let mode = match (write, check) {
                (true, _) => Mode::Write,
                (_, true) => Mode::Check,
                _ => Mode::Print,
            };
            diff::run(&root, revision.as_deref(), mode, output)
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Not `eprintln!`: standard error is locked.
            let _ = io::Write::write_fmt(output.talk, format_args!("{error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn codegen(root: &Path, no_build: bool, output: &mut Output<'_>) -> Result<bool, xtask::Error> {
    command::codegen(root, output)?;
    if !no_build {
        command::compile(root, output)?;
    }
    Ok(true)
}

fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}
