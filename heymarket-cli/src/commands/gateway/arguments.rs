//! The arguments of `heymarket gateway`, and its help.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command};

const ACCESS: &str = "Access";
const LIMITS: &str = "Limits";
const WEBHOOKS: &str = "Webhooks";

#[derive(Args)]
pub(super) struct Arguments {
    /// The port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8787, value_name = "PORT")]
    pub(super) port: u16,

    /// The address to listen on; other than loopback only with TLS or behind a proxy
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(super) listen: IpAddr,

    /// Serve TLS with this certificate chain, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,

    /// A proxy terminates TLS, and callers reach it by this host name
    #[arg(long, value_name = "NAME")]
    pub(super) behind_proxy: Option<String>,

    /// A further host name that callers reach the gateway by; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) host: Vec<String>,

    /// The file of the callers' token; by default HEYMARKET_GATEWAY_TOKEN, else a file in the data
    /// folder, made at the first start
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    pub(super) token_file: Option<PathBuf>,

    /// Allow only operations that change nothing
    #[arg(long, help_heading = ACCESS, conflicts_with = "allow")]
    pub(super) read_only: bool,

    /// Allow only these operations, such as conversations:read,messages:send
    #[arg(long, value_name = "RULES", help_heading = ACCESS)]
    pub(super) allow: Option<String>,

    /// Allow sends only to these numbers and email addresses, or to those of a file, as @FILE
    #[arg(long, value_name = "LIST", help_heading = ACCESS)]
    pub(super) recipients: Option<String>,

    /// The file of the keys of requests; by default a file in the data folder
    #[arg(long, value_name = "FILE", help_heading = LIMITS)]
    pub(super) ledger: Option<PathBuf>,

    /// How long keys of requests are kept
    #[arg(long, default_value = "24h", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    pub(super) keep_keys: Duration,

    /// The most requests in 60 seconds: of all gateways together with --shared-limit
    #[arg(long, value_name = "N", help_heading = LIMITS, default_value_t = 500,
          value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(super) requests_per_minute: u32,

    /// Share the rate limit with other hosts, in the database of this postgres:// or redis://
    /// URL. Prefer HEYMARKET_SHARED_LIMIT, which no list of processes shows
    #[arg(long, value_name = "URL", help_heading = LIMITS)]
    pub(super) shared_limit: Option<String>,

    /// How long a request may wait for the rate limit
    #[arg(long, default_value = "30s", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    pub(super) max_wait: Duration,

    /// The largest body of a request, in bytes
    #[arg(long, default_value_t = 2 * 1024 * 1024, value_name = "BYTES", help_heading = LIMITS)]
    pub(super) max_body: usize,

    /// How many connections may be open
    #[arg(long, default_value_t = 1024, value_name = "NUMBER", help_heading = LIMITS)]
    pub(super) max_connections: usize,

    /// How long a head or a body may take to arrive
    #[arg(long, default_value = "15s", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    pub(super) read_timeout: Duration,

    /// How long requests in flight may take to end after a signal
    #[arg(long, default_value = "30s", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    pub(super) grace: Duration,

    /// Receive webhooks at /webhooks with this verification token; may be repeated. Prefer
    /// HEYMARKET_WEBHOOK_TOKEN, which no list of processes shows
    #[arg(long, value_name = "TOKEN", help_heading = WEBHOOKS, requires = "forward_to")]
    pub(super) webhook_token: Vec<String>,

    /// Forward each event to this URL, unmodified, once it is verified and stored
    #[arg(long, value_name = "URL", help_heading = WEBHOOKS)]
    pub(super) forward_to: Option<String>,

    /// Write no line for each request
    #[arg(long)]
    pub(super) quiet: bool,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("gateway")
            .about("Serve the API on loopback, for programs in any language")
            .long_about(
                "Serve the API on loopback, for programs in any language.\n\n\
                 A program changes its base URL to http://127.0.0.1:8787, sends the gateway's token \
                 as its bearer, and drops its code that signs. The gateway signs, keeps the rate \
                 limit for all programs of the host, retries what may be retried and adds the key \
                 of messages. With the header Idempotency-Key, a request is done at most once.\n\n\
                 A line for each request goes to standard error, without numbers, texts and IDs. \
                 Ctrl-C and SIGTERM let requests in flight end.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket gateway --sandbox\n  \
                 heymarket gateway --allow conversations:read,messages:send\n  \
                 heymarket gateway --listen 0.0.0.0 --behind-proxy gateway.example.com\n  \
                 HEYMARKET_SHARED_LIMIT=redis://cache.example.com heymarket gateway\n  \
                 heymarket gateway --host hooks.example.com --forward-to http://127.0.0.1:3000/hook",
            ),
    )
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a time; write one such as 30s, 5m or 24h");
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}
