//! `heymarket auth login`.

use std::io;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::Client;

use super::status;
use crate::config::defaults::Defaults;
use crate::config::file::ConfigFile;
use crate::config::profile::Profile;
use crate::config::secret::{self, Secret};
use crate::connection;
use crate::connection::server::Server;
use crate::context::Context;
use crate::failure::Failure;
use crate::safety::confirm::confirm;

/// The name of the profile, unless one is given.
const DEFAULT: &str = "default";

#[derive(Args)]
struct Arguments {
    /// The name of the profile
    name: Option<String>,

    /// Read the secret from standard input: `ID:KEY`, JSON with "id" and "key", or a legacy API key
    #[arg(long)]
    with_secret: bool,

    /// Ask for a legacy API key instead of an API secret
    #[arg(long, conflicts_with = "with_secret")]
    api_key: bool,

    /// Do not try the secret at the API
    #[arg(long)]
    no_check: bool,
}

pub(super) fn command() -> Command {
    Arguments::augment_args(
        Command::new("login")
            .about("Save an API secret as a profile, and use it from now on")
            .long_about(
                "Save an API secret as a profile, and use it from now on.\n\n\
                 Create an API secret in the app, under Settings > Integrations > API. The command \
                 asks for its ID and key without showing them, and tries them by listing the \
                 inboxes. With --secret-command, the profile stores the command instead of a \
                 secret, and each command runs it.\n\n\
                 The profile is for the server of --base-url, by default \
                 https://api.heymarket.com. HEYMARKET_BASE_URL never changes where its secret \
                 goes.",
            )
            .after_help(
                "Examples:\n  heymarket auth login\n  heymarket auth login work --secret-command \
                 'pass show heymarket'",
            ),
    )
}

pub(super) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let name = name(context, arguments.name.as_deref())?;
    if context.globals.sandbox {
        return Err(Failure::usage("the sandbox needs no login"));
    }
    // An unusable config file is reported before the secret is asked for.
    if ConfigFile::load()?.contains(&name) {
        confirm(context, &format!("Replace the profile {name}?"), &[]).await?;
    }
    let secret = secret(context, &arguments)?;
    let credentials = secret.credentials()?;
    let base_url = context.globals.base_url.as_deref().map(Server::new);
    let profile = Profile {
        secret,
        base_url,
        defaults: Defaults::default(),
    };
    if context.globals.base_url.is_none() {
        connection::warn_of_ignored_variable(&name, &profile.server(), &context.terminal)?;
    }
    // An unusable server is refused, whether or not the secret is tried.
    let client = connection::client(credentials, &profile.server())?;
    if !arguments.no_check {
        check(&client).await?;
    }
    let mut file = ConfigFile::load()?;
    file.set(&name, profile);
    file.activate(&name);
    file.save()?;
    let checked = if arguments.no_check {
        "the secret was not tried"
    } else {
        "the API accepts the secret"
    };
    let said = format!("saved and activated the profile {name}; {checked}");
    context.terminal.notice(&said);
    status::warn_of_precedence(context, &name)
}

/// Returns the name of the profile: characters that need no quotes in shells or TOML.
fn name(context: &Context, given: Option<&str>) -> Result<String, Failure> {
    let name = match (given, context.globals.profile.as_deref()) {
        (Some(name), Some(other)) if name != other => {
            return Err(Failure::usage(
                "NAME and --profile differ; give one of them",
            ));
        }
        (given, flag) => given.or(flag).unwrap_or(DEFAULT),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        return Err(Failure::usage(
            "a profile name has at most 64 characters: letters, digits, -, _ and .",
        ));
    }
    Ok(name.to_owned())
}

fn secret(context: &Context, arguments: &Arguments) -> Result<Secret, Failure> {
    if let Some(command) = &context.globals.secret_command {
        if arguments.with_secret || arguments.api_key {
            return Err(Failure::usage(
                "--secret-command cannot be combined with --with-secret or --api-key",
            ));
        }
        return Ok(Secret::Command(command.clone()));
    }
    if arguments.with_secret {
        let text = secret::read(io::stdin().lock(), "standard input")?;
        return Secret::parse(&text).ok_or_else(|| {
            Failure::usage(format!(
                "standard input is not a secret; expected {}",
                secret::FORMS
            ))
        });
    }
    if !context.terminal.can_ask {
        return Err(Failure::usage(
            "no terminal to ask on; pass the secret on standard input with --with-secret",
        ));
    }
    if arguments.api_key {
        return Ok(Secret::Legacy(ask("API key")?));
    }
    Ok(Secret::Pair {
        id: ask("ID of the API secret")?,
        key: ask("Key of the API secret")?,
    })
}

/// Asks without showing the answer.
fn ask(what: &str) -> Result<String, Failure> {
    let answer = rpassword::prompt_password(format!("{what}: "))
        .map_err(|error| Failure::other(format!("the terminal: {error}")))?;
    let answer = answer.trim();
    if answer.is_empty() {
        return Err(Failure::usage("the answer is empty; nothing was saved"));
    }
    Ok(answer.to_owned())
}

/// Lists the inboxes, which every secret may do.
async fn check(client: &Client) -> Result<(), Failure> {
    match client.list_inboxes().await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unauthorized() => Err(Failure::credentials(
            "the API rejects this secret; nothing was saved. Check that the ID and the key belong to \
             one secret, and that it still exists",
        )),
        Err(error) => {
            let failure = Failure::from(error);
            Err(Failure::other(format!(
                "the secret could not be tried: {failure}. Nothing was saved; --no-check saves it \
                 untried"
            )))
        }
    }
}
