//! `cargo xtask`: the chores of the workspace.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::command::{self, Output};

/// The chores of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    /// The project's root; by default the workspace that xtask is part of.
    #[arg(long, global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the client from openapi/.
    Codegen {
        /// Write nothing; print what would change, and fail if anything would.
        #[arg(long)]
        check: bool,
    },
    /// Check openapi/ against the rules of the spec.
    Lint,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(workspace_root);
    let output = &mut Output {
        data: &mut io::stdout().lock(),
        talk: &mut io::stderr().lock(),
    };
    let outcome = match arguments.command {
        Command::Codegen { check: false } => command::codegen(&root, output).map(|()| true),
        Command::Codegen { check: true } => command::check(&root, output),
        Command::Lint => command::lint(&root, output).map(|()| true),
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

fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}
