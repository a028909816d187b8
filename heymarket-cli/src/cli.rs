//! The root command and the options that every command takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches as _, ValueEnum};

use crate::commands;
use crate::failure::Failure;

/// The options that every command takes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Globals {
    /// Use the credentials of this profile; see `heymarket auth`
    #[arg(long, global = true, value_name = "NAME", help_heading = CONNECTION)]
    pub(crate) profile: Option<String>,

    /// Take the credentials from what this shell command prints
    #[arg(long, global = true, value_name = "COMMAND", help_heading = CONNECTION)]
    pub(crate) secret_command: Option<String>,

    /// Ask this server in place of https://api.heymarket.com
    #[arg(long, global = true, value_name = "URL", help_heading = CONNECTION)]
    pub(crate) base_url: Option<String>,

    /// Ask a sandbox inside of this program, with demo data, in place of the API
    #[arg(long, global = true, help_heading = CONNECTION,
          conflicts_with_all = ["profile", "secret_command", "base_url"])]
    pub(crate) sandbox: bool,

    /// Keep what the sandbox holds in this file from one command to the next
    #[arg(long, global = true, value_name = "FILE", help_heading = CONNECTION)]
    pub(crate) state: Option<PathBuf>,

    /// How to write the result; by default a table on a terminal and else JSON
    #[arg(long, global = true, value_name = "FORMAT", help_heading = OUTPUT)]
    pub(crate) format: Option<Format>,

    /// Write the cells of CSV as they are
    ///
    /// Without it, text that a spreadsheet could run as a formula, since it begins with =, +, -, @,
    /// a tab or an end of line, gets an apostrophe before it. Numbers and phone numbers do not.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(crate) raw_csv: bool,

    /// Write JSON; the same as `--format json`
    #[arg(long, global = true, help_heading = OUTPUT, conflicts_with = "format")]
    pub(crate) json: bool,

    /// Write what this jq expression makes of the JSON; with `--all`, of each item
    #[arg(long, global = true, value_name = "EXPR", help_heading = OUTPUT,
          conflicts_with = "format")]
    pub(crate) jq: Option<String>,

    /// Do not ask before something is sent, deleted or changed in bulk
    #[arg(long, short = 'y', global = true, help_heading = SAFETY)]
    pub(crate) yes: bool,

    /// Print the request and send nothing
    #[arg(long, global = true, help_heading = SAFETY)]
    pub(crate) dry_run: bool,

    /// Print the request as a curl command, without its secrets, and send nothing
    ///
    /// The command takes what is not shown from variables, which standard error names:
    /// HEYMARKET_TOKEN is the token of the API, and HEYMARKET_HEADER_X_TRACE the value of the header
    /// X-Trace.
    #[arg(long, global = true, help_heading = SAFETY)]
    pub(crate) curl: bool,

    /// Show on standard error what goes over the wire, without secrets
    #[arg(long, global = true, help_heading = SAFETY)]
    pub(crate) debug: bool,
}

const CONNECTION: &str = "Connection";
const OUTPUT: &str = "Output";
const SAFETY: &str = "Safety";

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns that matter, as wide as the terminal
    Table,
    /// The JSON of the server, indented
    Json,
    /// One line of JSON for each item
    Jsonl,
    /// Comma-separated values, with a header
    Csv,
}

/// What was asked for: the options of all commands, and the matches of one.
pub(crate) struct Invocation {
    pub(crate) globals: Globals,
    pub(crate) matches: ArgMatches,
}

/// The whole command tree.
pub(crate) fn command() -> Command {
    let root = Command::new("heymarket")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .max_term_width(100);
    let root = Globals::augment_args(root)
        .about("The Heymarket business text-messaging API on the command line")
        .long_about(None);
    commands::register(root)
}

/// Reads the arguments.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Failure> {
    let matches = command().try_get_matches_from(arguments)?;
    let globals = Globals::from_arg_matches(&matches)?;
    Ok(Invocation { globals, matches })
}
