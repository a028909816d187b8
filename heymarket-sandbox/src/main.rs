//! `heymarket-sandbox`: the sandbox as a program, for any language.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use heymarket_sandbox::command::{self, Options};

/// Run a stateful stand-in for the Heymarket API, to develop and test against
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let greet = |sandbox: &heymarket_sandbox::Sandbox| {
        // A closed pipe is not an error.
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(command::greeting(sandbox).as_bytes());
        let _ = stdout.flush();
    };
    match command::run(arguments.options, greet).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("heymarket-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}
