//! The program: its options, and running it until it is told to stop.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::dialect::Dialect;
use crate::error::Error;
use crate::sandbox::{API_KEY, SECRET_ID, SECRET_KEY, Sandbox, SandboxBuilder};
use crate::trouble::Rule;
use crate::webhooks::Webhook;

/// The options of the program, for clap.
#[derive(Args, Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The port to listen on; 0 is a free one
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,
    /// The address to listen on; whoever reaches it rules the sandbox
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    address: IpAddr,
    /// Begin with the state in this file, if it is there, and keep it there
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Begin with a team, its members and inboxes alone, not with demo data
    #[arg(long)]
    empty: bool,
    /// How answers are put: documented, observed or mixed
    #[arg(long, default_value_t = Dialect::Observed, value_name = "DIALECT")]
    dialect: Dialect,
    /// What chance begins with in the mixed dialect
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    seed: u64,
    /// Do again what comes again with the same local_id
    #[arg(long)]
    repeat_local_ids: bool,
    /// Requests a minute for each key; 0 is no limit
    #[arg(long, default_value_t = 500, value_name = "NUMBER")]
    rate_limit: u32,
    /// Make trouble, as in trouble=close_after,operation=send_message,nth=2
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<Rule>,
    /// Post events to this URL; the token is in HEYMARKET_WEBHOOK_TOKEN
    #[arg(long = "webhook", value_name = "URL")]
    webhooks: Vec<String>,
}

impl Options {
    /// A sandbox as the options have it.
    ///
    /// # Errors
    ///
    /// That a webhook is named, and the environment has no token for it.
    pub fn builder(self) -> Result<SandboxBuilder, Error> {
        let rate_limit = Some(self.rate_limit).filter(|limit| *limit > 0);
        let mut builder = Sandbox::builder()
            .port(self.port)
            .address(self.address)
            .dialect(self.dialect)
            .seed(self.seed)
            .deduplicate_local_ids(!self.repeat_local_ids)
            .rate_limit(rate_limit);
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

/// How to get to a sandbox, for people.
#[must_use]
pub fn greeting(sandbox: &Sandbox) -> String {
    let url = sandbox.url();
    format!(
        "The sandbox listens on {url}\n\n\
         export HEYMARKET_BASE_URL={url}\n\
         export HEYMARKET_API_SECRET_ID={SECRET_ID}\n\
         export HEYMARKET_API_SECRET_KEY={SECRET_KEY}\n\n\
         Without a client: curl -H 'Authorization: Bearer {API_KEY}' {url}/v1/inboxes\n\
         What it can be told: curl {url}/_sandbox/\n"
    )
}

/// Runs a sandbox until the process is told to stop, and saves its state.
///
/// # Errors
///
/// That it cannot start, or its state cannot be saved.
pub async fn run(options: Options, greet: impl FnOnce(&Sandbox)) -> Result<(), Error> {
    let sandbox = options.builder()?.start().await?;
    // Watched before anybody is told that it is there, and may stop it.
    let told_to_stop = told_to_stop();
    greet(&sandbox);
    told_to_stop.await;
    sandbox.stop().await
}

/// Watches for Ctrl-C and for what `kill` sends; what it gives waits for them.
#[cfg(unix)]
fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    async move {
        // Without either, the process ends by itself.
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
async fn told_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}
