//! `heymarket auth`: profiles and their credentials.

mod login;
mod status;
mod token;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};

use crate::config::file::ConfigFile;
use crate::context::Context;
use crate::failure::Failure;
use crate::safety::confirm::confirm;

#[derive(Args)]
struct SwitchArguments {
    /// The profile to use from now on
    name: String,
}

#[derive(Args)]
struct LogoutArguments {
    /// The profile to remove; by default the active one
    name: Option<String>,
}

pub(crate) fn command() -> Command {
    Command::new("auth")
        .about("Log in and out, and switch between profiles")
        .long_about(
            "Log in and out, and switch between profiles.\n\n\
             A profile is a name for an API secret, a legacy API key or a command that prints \
             either, and optionally a server. Profiles are stored in config.toml in the folder \
             heymarket of the platform's settings ($XDG_CONFIG_HOME or ~/.config, on Windows \
             %APPDATA%), or in $HEYMARKET_CONFIG_DIR. The file is rejected if another user owns \
             it, or can read or replace it.\n\n\
             `heymarket help environment` lists the precedence of credentials.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(login::command())
        .subcommand(status::command())
        .subcommand(
            SwitchArguments::augment_args(
                Command::new("switch").about("Use another profile from now on"),
            )
            .after_help("Examples:\n  heymarket auth switch work"),
        )
        .subcommand(
            LogoutArguments::augment_args(
                Command::new("logout").about("Remove a profile and its secret"),
            )
            .after_help("Examples:\n  heymarket auth logout work"),
        )
        .subcommand(token::command())
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let globals = &context.globals;
    if globals.dry_run || globals.curl {
        return Err(Failure::usage(
            "--dry-run and --curl apply to requests to the API",
        ));
    }
    match matches.subcommand() {
        Some(("login", matches)) => login::run(context, matches).await,
        Some(("status", _)) => status::run(context),
        Some(("switch", matches)) => {
            switch(context, &SwitchArguments::from_arg_matches(matches)?.name)
        }
        Some(("token", _)) => token::run(context).await,
        Some(("logout", matches)) => {
            let name = LogoutArguments::from_arg_matches(matches)?.name;
            logout(context, name).await
        }
        _ => Err(Failure::usage("no command; see 'heymarket auth --help'")),
    }
}

fn switch(context: &Context, name: &str) -> Result<(), Failure> {
    let mut file = ConfigFile::load()?;
    file.profile(name)?;
    file.activate(name);
    file.save()?;
    context
        .terminal
        .notice(&format!("activated the profile {name}"));
    status::warn_of_precedence(context, name)
}

async fn logout(context: &Context, name: Option<String>) -> Result<(), Failure> {
    let file = ConfigFile::load()?;
    let name = name
        .or_else(|| context.globals.profile.clone())
        .or_else(|| file.active().map(str::to_owned))
        .ok_or_else(|| {
            Failure::usage("no profile is active; name one: 'heymarket auth logout NAME'")
        })?;
    file.profile(&name)?;
    confirm(
        context,
        &format!("Remove the profile {name} and its secret?"),
        &[],
    )
    .await?;
    // Another command may have changed the file meanwhile.
    let mut file = ConfigFile::load()?;
    file.remove(&name);
    file.save()?;
    let terminal = &context.terminal;
    terminal.notice(&format!("removed the profile {name}"));
    if file.active().is_none() && file.profiles().next().is_some() {
        terminal.notice("no profile is active; activate one with 'heymarket auth switch NAME'");
    }
    Ok(())
}
