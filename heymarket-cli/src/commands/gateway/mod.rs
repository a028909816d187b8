//! `heymarket gateway`: the API on loopback, for programs in any language.

mod arguments;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::{ArgMatches, FromArgMatches as _};
use heymarket_api::RateLimit;
use heymarket_gateway::{Allow, Error, Gateway, GatewayBuilder, Recipients, RequestReport, Token};
use heymarket_stores::LimitOptions;

use crate::connection::server::Server;
use crate::connection::shared_limit::SharedLimit;
use crate::connection::{self, Connection};
use crate::context::Context;
use crate::data_folder::data_folder;
use crate::environment::variable;
use crate::failure::Failure;
use crate::safety::confirm::confirm;
use crate::stop::Stop;
use crate::webhook::target::Target;
use crate::webhook::token::{tokens, verifier};
use arguments::Arguments;

pub(crate) use arguments::command;

const TOKEN_VARIABLE: &str = "HEYMARKET_GATEWAY_TOKEN";
const SHARED_LIMIT_VARIABLE: &str = "HEYMARKET_SHARED_LIMIT";
const TOKEN_FILE: &str = "gateway-token";
/// Keys of the sandbox are kept apart from those of real requests.
const LEDGERS: [&str; 2] = ["gateway.db", "gateway-sandbox.db"];

/// The shortest wait for a shared limit: each request needs an answer of its store.
const LEAST_SHARED_WAIT: Duration = Duration::from_secs(2);

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
    if is_own_address(&connection.server, &arguments) {
        return Err(Failure::usage(format!(
            "the gateway would call itself: {} is its own address, which only the programs that \
             call it use; unset HEYMARKET_BASE_URL, or give the server of the API as --base-url",
            connection.server
        )));
    }
    let builder = Gateway::builder(connection.client.clone(), token).account(account(&connection));
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

/// Names the server and the account. One ledger file may have keys of several.
fn account(connection: &Connection) -> String {
    let fingerprint = connection.fingerprint.as_deref().unwrap_or_default();
    format!("{} {fingerprint}", connection.name())
}

/// Returns whether a server is the gateway that is about to start.
fn is_own_address(server: &Server, arguments: &Arguments) -> bool {
    let Some(url) = server.url() else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let mut names = arguments.host.iter().chain(&arguments.behind_proxy);
    if names.any(|name| name.eq_ignore_ascii_case(host)) {
        return true;
    }
    let own = arguments.listen;
    let is_here = own.is_loopback() || own.is_unspecified();
    let is_host = match host.parse::<IpAddr>() {
        Ok(address) => address == own || (own.is_unspecified() && address.is_loopback()),
        Err(_) => is_here && host.eq_ignore_ascii_case("localhost"),
    };
    is_host && url.port_or_known_default() == Some(arguments.port)
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

fn of_flag(flag: &str, error: &Error) -> Failure {
    Failure::usage(format!("--{flag}: {error}"))
}

fn failure(error: Error) -> Failure {
    Failure::other(error.to_string())
}
