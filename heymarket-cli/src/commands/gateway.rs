//! `heymarket gateway`: the API on loopback, for programs in any language.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::RateLimit;
use heymarket_gateway::{Allow, Error, Gateway, GatewayBuilder, Recipients, RequestReport, Token};
use heymarket_stores::LimitOptions;

use crate::connection;
use crate::connection::shared_limit::SharedLimit;
use crate::context::Context;
use crate::data_folder::data_folder;
use crate::environment::variable;
use crate::failure::Failure;
use crate::safety::confirm::confirm;
use crate::stop::Stop;
use crate::webhook::target::Target;
use crate::webhook::token::{tokens, verifier};

const TOKEN_VARIABLE: &str = "HEYMARKET_GATEWAY_TOKEN";
const SHARED_LIMIT_VARIABLE: &str = "HEYMARKET_SHARED_LIMIT";
const TOKEN_FILE: &str = "gateway-token";
/// Keys of the sandbox are kept apart from those of real requests.
const LEDGERS: [&str; 2] = ["gateway.db", "gateway-sandbox.db"];

/// The shortest wait for a shared limit: each request needs an answer of its store.
const LEAST_SHARED_WAIT: Duration = Duration::from_secs(2);

const ACCESS: &str = "Access";
const LIMITS: &str = "Limits";
const WEBHOOKS: &str = "Webhooks";

#[derive(Args)]
struct Arguments {
    /// The port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8787, value_name = "PORT")]
    port: u16,

    /// The address to listen on; other than loopback only with TLS or behind a proxy
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    listen: IpAddr,

    /// Serve TLS with this certificate chain, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// A proxy terminates TLS, and callers reach it by this host name
    #[arg(long, value_name = "NAME")]
    behind_proxy: Option<String>,

    /// A further host name that callers reach the gateway by; may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,

    /// The file of the callers' token; by default HEYMARKET_GATEWAY_TOKEN, else a file in the data
    /// folder, made at the first start
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    token_file: Option<PathBuf>,

    /// Allow only operations that change nothing
    #[arg(long, help_heading = ACCESS, conflicts_with = "allow")]
    read_only: bool,

    /// Allow only these operations, such as conversations:read,messages:send
    #[arg(long, value_name = "RULES", help_heading = ACCESS)]
    allow: Option<String>,

    /// Allow sends only to these numbers and email addresses, or to those of a file, as @FILE
    #[arg(long, value_name = "LIST", help_heading = ACCESS)]
    recipients: Option<String>,

    /// The file of the keys of requests; by default a file in the data folder
    #[arg(long, value_name = "FILE", help_heading = LIMITS)]
    ledger: Option<PathBuf>,

    /// How long keys of requests are kept
    #[arg(long, default_value = "24h", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    keep_keys: Duration,

    /// The most requests in 60 seconds: of all gateways together with --shared-limit
    #[arg(long, value_name = "N", help_heading = LIMITS, default_value_t = 500,
          value_parser = clap::value_parser!(u32).range(1..=500))]
    requests_per_minute: u32,

    /// Share the rate limit with other hosts, in the database of this postgres:// or redis://
    /// URL. Prefer HEYMARKET_SHARED_LIMIT, which no list of processes shows
    #[arg(long, value_name = "URL", help_heading = LIMITS)]
    shared_limit: Option<String>,

    /// How long a request may wait for the rate limit
    #[arg(long, default_value = "30s", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    max_wait: Duration,

    /// The largest body of a request, in bytes
    #[arg(long, default_value_t = 2 * 1024 * 1024, value_name = "BYTES", help_heading = LIMITS)]
    max_body: usize,

    /// How many connections may be open
    #[arg(long, default_value_t = 1024, value_name = "NUMBER", help_heading = LIMITS)]
    max_connections: usize,

    /// How long a head or a body may take to arrive
    #[arg(long, default_value = "15s", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    read_timeout: Duration,

    /// How long requests in flight may take to end after a signal
    #[arg(long, default_value = "30s", value_name = "TIME", help_heading = LIMITS,
          value_parser = duration)]
    grace: Duration,

    /// Receive webhooks at /webhooks with this verification token; may be repeated. Prefer
    /// HEYMARKET_WEBHOOK_TOKEN, which no list of processes shows
    #[arg(long, value_name = "TOKEN", help_heading = WEBHOOKS, requires = "forward_to")]
    webhook_token: Vec<String>,

    /// Forward each event to this URL, unmodified, once it is verified and stored
    #[arg(long, value_name = "URL", help_heading = WEBHOOKS)]
    forward_to: Option<String>,

    /// Write no line for each request
    #[arg(long)]
    quiet: bool,
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

/// Serves until a signal.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    if context.globals.dry_run || context.globals.curl {
        return Err(Failure::usage(
            "--dry-run and --curl do not apply to gateway",
        ));
    }
    let (token, source) = token(&arguments)?;
    let shared = shared_limit(context, &arguments).await?;
    let rate_limit = match &shared {
        Some(shared) => shared.rate_limit(),
        None => RateLimit::per_minute(arguments.requests_per_minute),
    };
    let connection = connection::open_with(context, rate_limit).await?;
    let builder = Gateway::builder(connection.client.clone(), token);
    let builder = configure(context, &arguments, builder)?;
    let builder = webhooks(context, &arguments, builder).await?;
    // Before anyone can know that it listens.
    let mut stop = Stop::watch()?;
    let address = SocketAddr::new(arguments.listen, arguments.port);
    let gateway = builder.start(address).await.map_err(failure)?;
    let terminal = &context.terminal;
    terminal.notice(&format!(
        "listening on {}, for {}",
        gateway.url(),
        connection.name()
    ));
    terminal.notice(&format!("the token is in {source}"));
    stop.requested().await;
    terminal.notice("stopping; a second signal ends it at once");
    let ended = tokio::select! {
        ended = gateway.stop(arguments.grace) => ended,
        () = stop.requested() => false,
    };
    if let Some(shared) = shared {
        shared.flush().await;
    }
    connection.close().await?;
    if ended {
        return Ok(());
    }
    Err(Failure::interrupted(
        "requests were in flight; those with an Idempotency-Key are looked up at the next one",
    ))
}

/// Connects to the limit of the flag, or else of the environment. The sandbox has its own.
async fn shared_limit(
    context: &Context,
    arguments: &Arguments,
) -> Result<Option<SharedLimit>, Failure> {
    let given = arguments.shared_limit.clone();
    if context.globals.sandbox {
        return match given {
            Some(_) => Err(Failure::usage(
                "--shared-limit does not apply to --sandbox, which has a rate limit of its own",
            )),
            None => Ok(None),
        };
    }
    let Some(url) = given.map_or_else(|| variable(SHARED_LIMIT_VARIABLE), |url| Ok(Some(url)))?
    else {
        return Ok(None);
    };
    if arguments.max_wait < LEAST_SHARED_WAIT {
        return Err(Failure::usage(
            "a shared rate limit requires a --max-wait of at least 2s",
        ));
    }
    // Less than the wait, so that a caller can tell a store that is gone from a used-up limit.
    let patience = (arguments.max_wait / 3).max(Duration::from_secs(1));
    let options = LimitOptions::per_minute(arguments.requests_per_minute).patience(patience);
    SharedLimit::connect(&url, options).await.map(Some)
}

fn configure(
    context: &Context,
    arguments: &Arguments,
    builder: GatewayBuilder,
) -> Result<GatewayBuilder, Failure> {
    let ledger = match &arguments.ledger {
        Some(path) => path.clone(),
        None => {
            let file = LEDGERS[usize::from(context.globals.sandbox)];
            data_folder("XDG_DATA_HOME, or give --ledger")?.join(file)
        }
    };
    let mut builder = builder
        .ledger(ledger)
        .keep_keys(arguments.keep_keys)
        .max_rate_limit_wait(arguments.max_wait)
        .max_body_bytes(arguments.max_body)
        .max_connections(arguments.max_connections)
        .read_timeout(arguments.read_timeout);
    if let (Some(certificate), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) {
        builder = builder.tls(certificate, key);
    }
    if let Some(name) = &arguments.behind_proxy {
        builder = builder.behind_proxy(name);
    }
    for name in &arguments.host {
        builder = builder.host(name);
    }
    if arguments.read_only {
        builder = builder.allow(Allow::read_only());
    } else if let Some(rules) = &arguments.allow {
        let rules = rules.parse::<Allow>();
        builder = builder.allow(rules.map_err(|error| of_flag("allow", &error))?);
    }
    if let Some(list) = &arguments.recipients {
        builder = builder.recipients(recipients(list)?);
    }
    if !arguments.quiet {
        let terminal = context.terminal;
        builder = builder.on_request(move |report: &RequestReport| {
            terminal.notice(&report.to_string());
        });
    }
    Ok(builder)
}

/// Sets up webhooks, and confirms a target that personal data would reach unencrypted.
async fn webhooks(
    context: &Context,
    arguments: &Arguments,
    builder: GatewayBuilder,
) -> Result<GatewayBuilder, Failure> {
    let Some(url) = &arguments.forward_to else {
        return Ok(builder);
    };
    let target = Target::parse(url)?;
    if target.is_unencrypted() {
        let question = format!("Forward phone numbers, names and texts unencrypted to {target}?");
        confirm(context, &question, &[]).await?;
    }
    let tokens = tokens(arguments.webhook_token.clone()).map_err(|_| {
        Failure::usage(
            "missing verification token of the webhook; set HEYMARKET_WEBHOOK_TOKEN or give \
             --webhook-token",
        )
    })?;
    let verifier = verifier(&tokens);
    Ok(builder.webhooks(verifier, url))
}

/// Returns the token, and where it is.
fn token(arguments: &Arguments) -> Result<(Token, String), Failure> {
    if let Some(path) = &arguments.token_file {
        let token = Token::load_or_create(path).map_err(failure)?;
        return Ok((token, path.display().to_string()));
    }
    if let Some(text) = variable(TOKEN_VARIABLE)? {
        let token = Token::new(text).map_err(failure)?;
        return Ok((token, TOKEN_VARIABLE.to_owned()));
    }
    let path = data_folder(TOKEN_VARIABLE)?.join(TOKEN_FILE);
    let token = Token::load_or_create(&path).map_err(failure)?;
    Ok((token, path.display().to_string()))
}

/// Returns the recipients of the flag, or of its file.
fn recipients(list: &str) -> Result<Recipients, Failure> {
    let text = match list.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("--recipients: {path}: {error}")))?,
        None => list.to_owned(),
    };
    let addresses = text.split([',', '\n']).map(str::trim);
    let addresses = addresses.filter(|address| !address.is_empty());
    Recipients::new(addresses).map_err(|error| of_flag("recipients", &error))
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a time; write one such as 30s, 5m or 24h");
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

fn of_flag(flag: &str, error: &Error) -> Failure {
    Failure::usage(format!("--{flag}: {error}"))
}

fn failure(error: Error) -> Failure {
    Failure::other(error.to_string())
}
