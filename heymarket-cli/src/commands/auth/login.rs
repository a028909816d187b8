//! `heymarket auth login`.

use std::io;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::Client;

use super::{DEFAULT, status};
use crate::connection;
use crate::connection::profile::file::{ConfigFile, Entry};
use crate::connection::profile::secret::{self, Secret};
use crate::connection::server::Server;
use crate::context::Context;
use crate::failure::Failure;
use crate::safety;

#[derive(Args)]
struct Arguments {
    /// The name of the profile
    name: Option<String>,

    /// Read the secret from standard input: `ID:KEY`, JSON with "id" and "key", or a legacy API key
    #[arg(long)]
    with_secret: bool,

    /// Ask for a legacy API key in place of an API secret
    #[arg(long, conflicts_with = "with_secret")]
    api_key: bool,

    /// Do not ask the API whether it takes the secret
    #[arg(long)]
    no_check: bool,
}

pub(super) fn command() -> Command {
    Arguments::augment_args(
        Command::new("login")
            .about("Keep an API secret as a profile, and use it from now on")
            .long_about(
                "Keep an API secret as a profile, and use it from now on.\n\n\
                 The id and the key of an API secret are made in the app, under Settings > \
                 Integrations > API. They are asked for on the terminal, which does not show them, \
                 and tried by listing the inboxes. With --secret-command, the command is kept in \
                 place of a secret, and run by each command.\n\n\
                 The profile is for the server of --base-url, by default \
                 https://api.heymarket.com. HEYMARKET_BASE_URL never changes where its secret \
                 goes.",
            ),
    )
}

pub(super) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let name = name(context, arguments.name.as_deref())?;
    if context.globals.sandbox {
        return Err(Failure::usage("the sandbox needs no login"));
    }
    // What cannot be written is better known before anything is asked.
    if ConfigFile::load()?.contains(&name) {
        safety::confirm(context, &format!("replaces the profile {name}"))?;
    }
    let secret = secret(context, &arguments)?;
    let credentials = secret.credentials()?;
    let base_url = context.globals.base_url.as_deref().map(Server::new);
    let entry = Entry { secret, base_url };
    if context.globals.base_url.is_none() {
        connection::warn_of_ignored_variable(&name, &entry.server(), &context.terminal)?;
    }
    // A server that could never be asked is refused, whether or not it is tried.
    let client = connection::client(credentials, &entry.server())?;
    if !arguments.no_check {
        check(&client).await?;
    }
    let mut file = ConfigFile::load()?;
    file.set(&name, entry);
    file.put_to_use(&name);
    file.save()?;
    let checked = if arguments.no_check {
        "it was not tried"
    } else {
        "the API takes it"
    };
    let said = format!("the profile {name} is kept and in use; {checked}");
    context.terminal.say(&said);
    status::warn_of_precedence(context, &name)
}

/// The name of the profile, in which a shell and TOML see nothing special.
fn name(context: &Context, given: Option<&str>) -> Result<String, Failure> {
    let name = match (given, context.globals.profile.as_deref()) {
        (Some(name), Some(other)) if name != other => {
            return Err(Failure::usage("NAME and --profile are two names for it"));
        }
        (given, flag) => given.or(flag).unwrap_or(DEFAULT),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        return Err(Failure::usage(
            "a profile's name is of letters, digits, `-`, `_` and `.`, 64 at most",
        ));
    }
    Ok(name.to_owned())
}

fn secret(context: &Context, arguments: &Arguments) -> Result<Secret, Failure> {
    if let Some(command) = &context.globals.secret_command {
        if arguments.with_secret || arguments.api_key {
            return Err(Failure::usage(
                "--secret-command is in place of --with-secret and --api-key",
            ));
        }
        return Ok(Secret::Command(command.clone()));
    }
    if arguments.with_secret {
        let text = secret::read(io::stdin().lock(), "standard input")?;
        return Secret::parse(&text).ok_or_else(|| {
            Failure::usage(format!(
                "what came on standard input is no secret; it is {}",
                secret::FORMS
            ))
        });
    }
    if !context.terminal.can_ask {
        return Err(Failure::usage(
            "there is no terminal to ask on; give the secret on standard input, with --with-secret",
        ));
    }
    if arguments.api_key {
        return Ok(Secret::Legacy(ask("API key")?));
    }
    Ok(Secret::Pair {
        id: ask("The id of the API secret")?,
        key: ask("Its key")?,
    })
}

/// Asks without showing what is typed.
fn ask(what: &str) -> Result<String, Failure> {
    let answer = rpassword::prompt_password(format!("{what}: "))
        .map_err(|error| Failure::other(format!("the terminal: {error}")))?;
    let answer = answer.trim();
    if answer.is_empty() {
        return Err(Failure::usage("nothing was given; nothing was kept"));
    }
    Ok(answer.to_owned())
}

/// Asks for the inboxes, which every secret may see.
async fn check(client: &Client) -> Result<(), Failure> {
    match client.list_inboxes().await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unauthorized() => Err(Failure::credentials(
            "the API does not take this secret; nothing was kept. Are the id and the key those of \
             one secret, and was it not deleted?",
        )),
        Err(error) => {
            let failure = Failure::from(error);
            Err(Failure::other(format!(
                "the secret could not be tried: {failure}. Nothing was kept; --no-check keeps it \
                 all the same"
            )))
        }
    }
}
