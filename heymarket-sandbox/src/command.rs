//! The command: its options, and running it until a signal.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::builder::SandboxBuilder;
use crate::deduplication::Deduplication;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::faults::Rule;
use crate::sandbox::{API_KEY, SECRET_ID, SECRET_KEY, Sandbox};
use crate::webhooks::Webhook;

/// The options of the command, for clap.
#[derive(Args, Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,
    /// The address to listen on; every program that reaches it can control the
    /// sandbox
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    address: IpAddr,
    /// Load the state from this file if it exists, and save changes to it
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Start without demo data: a team with members and inboxes only
    #[arg(long)]
    empty: bool,
    /// The dialect of responses: documented, observed or mixed
    #[arg(long, default_value_t = Dialect::Observed, value_name = "DIALECT")]
    dialect: Dialect,
    /// The seed of random choices in the mixed dialect
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed: u64,
    /// Which requests have no further effect if their local_id was used before
    #[arg(long, default_value = "all", value_name = "REQUESTS")]
    local_ids: Deduplication,
    /// Reject requests with members that the spec does not have
    #[arg(long)]
    strict: bool,
    /// Run the clock this many times faster
    #[arg(long, default_value_t = 1, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    time_scale: u32,
    /// How many requests the journal keeps; 0 switches it off
    #[arg(long, default_value_t = 1000, value_name = "REQUESTS")]
    journal: usize,
    /// Allow web pages of this origin to use the sandbox; `local` is every page of this machine
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Print a line for each request to standard error
    #[arg(long)]
    log: bool,
    /// The limit in requests per minute for each key; 0 is no limit [default: that of the
    /// API]
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<u32>,
    /// Add a rule, such as fault=close_after,operation=send_message,nth=2
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<Rule>,
    /// Post events to this URL, with the token in HEYMARKET_WEBHOOK_TOKEN
    #[arg(long = "webhook", value_name = "URL")]
    webhooks: Vec<String>,
}

impl Options {
    /// Returns a builder with these options.
    ///
    /// # Errors
    ///
    /// Returns an error if a webhook is given and `HEYMARKET_WEBHOOK_TOKEN` is
    /// not set.
    pub fn builder(self) -> Result<SandboxBuilder, Error> {
        let mut builder = Sandbox::builder()
            .port(self.port)
            .address(self.address)
            .dialect(self.dialect)
            .seed(self.seed)
            .deduplication(self.local_ids)
            .time_scale(self.time_scale)
            .journal(self.journal);
        if let Some(limit) = self.rate_limit {
            builder = builder.rate_limit(Some(limit).filter(|limit| *limit > 0));
        }
        for origin in &self.origins {
            builder = builder.allow_origin(origin)?;
        }
        if self.strict {
            builder = builder.strict();
        }
        if self.log {
            builder = builder.on_request(|request| {
                // A closed pipe is not an error.
                let _ = writeln!(std::io::stderr().lock(), "{request}");
            });
        }
        if self.empty {
            builder = builder.empty();
        }
        if let Some(path) = self.state {
            builder = builder.state_file(path);
        }
        for rule in self.rules {
            builder = builder.rule(rule);
        }
        if !self.webhooks.is_empty() {
            let token = std::env::var("HEYMARKET_WEBHOOK_TOKEN").map_err(|_| {
                Error::refused("--webhook needs the token in HEYMARKET_WEBHOOK_TOKEN")
            })?;
            for url in self.webhooks {
                builder = builder.webhook(Webhook::new(url, &token));
            }
        }
        Ok(builder)
    }
}

/// Returns a text for people: the URL, and the variables that a client needs.
#[must_use]
pub fn greeting(sandbox: &Sandbox) -> String {
    let url = sandbox.url();
    format!(
        "The sandbox listens on {url}\n\n\
         export HEYMARKET_BASE_URL={url}\n\
         export HEYMARKET_API_SECRET_ID={SECRET_ID}\n\
         export HEYMARKET_API_SECRET_KEY={SECRET_KEY}\n\n\
         Without a client: curl -H 'Authorization: Bearer {API_KEY}' {url}/v1/inboxes\n\
         Web page: {url}/\n\
         Control endpoints: curl {url}/_sandbox/\n"
    )
}

/// Runs a sandbox until the process receives a signal to stop, and saves its
/// state.
///
/// # Errors
///
/// Returns an error if the sandbox cannot start, or if its state cannot be
/// saved.
pub async fn run(options: Options, greet: impl FnOnce(&Sandbox)) -> Result<(), Error> {
    let sandbox = options.builder()?.start().await?;
    // Signals are watched before `greet` lets anyone send one.
    let stop_signal = stop_signal();
    greet(&sandbox);
    stop_signal.await;
    sandbox.stop().await
}

/// Watches for SIGINT and SIGTERM. The future waits for either.
#[cfg(unix)]
fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    async move {
        // Without handlers, a signal ends the process.
        let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
