//! The options that every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const CONNECTION: &str = "Connection";
const OUTPUT: &str = "Output";
const SAFETY: &str = "Safety";

/// The options that every command takes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Globals {
    /// Use the credentials and defaults of this profile; see `heymarket auth`
    #[arg(long, global = true, value_name = "NAME", help_heading = CONNECTION)]
    pub(crate) profile: Option<String>,

    /// Read the credentials from the output of this shell command
    #[arg(long, global = true, value_name = "COMMAND", help_heading = CONNECTION)]
    pub(crate) secret_command: Option<String>,

    /// Send requests to this server instead of https://api.heymarket.com
    #[arg(long, global = true, value_name = "URL", help_heading = CONNECTION)]
    pub(crate) base_url: Option<String>,

    /// Send requests to an in-process sandbox with demo data
    #[arg(long, global = true, help_heading = CONNECTION,
          conflicts_with_all = ["profile", "secret_command", "base_url"])]
    pub(crate) sandbox: bool,

    /// Keep the sandbox's state in this file between commands
    #[arg(long, global = true, value_name = "FILE", help_heading = CONNECTION)]
    pub(crate) state: Option<PathBuf>,

    /// The country of phone numbers without a country code, such as US
    #[arg(long, global = true, value_name = "CODE", help_heading = CONNECTION)]
    pub(crate) country: Option<String>,

    /// The output format; by default, a table on a terminal and JSON elsewhere
    #[arg(long, global = true, value_name = "FORMAT", help_heading = OUTPUT)]
    pub(crate) format: Option<Format>,

    /// Print JSON; the same as `--format json`
    #[arg(long, global = true, help_heading = OUTPUT, conflicts_with = "format")]
    pub(crate) json: bool,

    /// Filter the JSON with a jq expression; with `--all`, each item
    #[arg(long, global = true, value_name = "EXPR", help_heading = OUTPUT,
          conflicts_with_all = ["format", "render"])]
    pub(crate) jq: Option<String>,

    /// Print each item with a template, such as '{{ target }}: {{ last_msg }}'
    ///
    /// The syntax is that of Jinja. `{{ inbox.name }}` and `{{ assigned.name }}` are names even
    /// where the API returns IDs.
    #[arg(long, global = true, value_name = "TEMPLATE", help_heading = OUTPUT,
          conflicts_with_all = ["format", "json"])]
    pub(crate) render: Option<String>,

    /// The columns of a table or of CSV, such as id,name,assigned.name
    #[arg(long, global = true, value_name = "COLUMNS", help_heading = OUTPUT, value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// Sort the rows by this column; -COLUMN sorts in descending order
    #[arg(long, global = true, value_name = "COLUMN", help_heading = OUTPUT,
          allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,

    /// Show every column, and never truncate a cell
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(crate) wide: bool,

    /// Show times in UTC, in full
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(crate) utc: bool,

    /// When to use colors; NO_COLOR and TERM=dumb turn them off
    #[arg(long, global = true, value_name = "WHEN", help_heading = OUTPUT)]
    pub(crate) color: Option<ColorMode>,

    /// Print CSV cells unmodified
    ///
    /// By default, text that a spreadsheet could run as a formula gets an apostrophe prefix: text
    /// that begins with =, +, -, @, a tab or a line end. Numbers and phone numbers do not.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(crate) raw_csv: bool,

    /// Do not ask before sending, deleting or changing in bulk
    #[arg(long, short = 'y', global = true, help_heading = SAFETY)]
    pub(crate) yes: bool,

    /// Print the request without sending it
    #[arg(long, global = true, help_heading = SAFETY)]
    pub(crate) dry_run: bool,

    /// Print the request as a curl command without its secrets, and do not send it
    ///
    /// The command reads what is not shown from environment variables, which standard error names:
    /// HEYMARKET_TOKEN is the API token (`heymarket auth token` prints one), and
    /// HEYMARKET_HEADER_X_TRACE the value of the header X-Trace.
    #[arg(long, global = true, help_heading = SAFETY)]
    pub(crate) curl: bool,

    /// Show requests and responses on standard error, without secrets
    #[arg(long, global = true, help_heading = SAFETY)]
    pub(crate) debug: bool,
}

/// The format of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The most useful columns, fit to the terminal
    Table,
    /// The server's JSON, indented
    Json,
    /// One line of JSON for each item
    Jsonl,
    /// Comma-separated values with a header
    Csv,
}

/// When to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorMode {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
