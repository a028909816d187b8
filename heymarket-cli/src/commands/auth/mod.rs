//! `heymarket auth`: profiles, which are credentials with a name.

mod login;
mod status;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};

use crate::connection::profile::file::ConfigFile;
use crate::context::Context;
use crate::failure::Failure;
use crate::safety;

/// The profile of whoever needs but one.
const DEFAULT: &str = "default";

#[derive(Args)]
struct SwitchArguments {
    /// The profile to use from now on
    name: String,
}

#[derive(Args)]
struct LogoutArguments {
    /// The profile to remove; by default the one in use
    name: Option<String>,
}

pub(crate) fn command() -> Command {
    Command::new("auth")
        .about("Log in and out, and choose between profiles")
        .long_about(
            "Log in and out, and choose between profiles.\n\n\
             A profile is an API secret, a legacy API key or a command that prints either, with a \
             name and maybe a server. They are kept in config.toml in the folder heymarket of the \
             platform's settings ($XDG_CONFIG_HOME or ~/.config, on Windows %APPDATA%), or in \
             $HEYMARKET_CONFIG_DIR. The file is refused if it belongs to another user, or if \
             others can read or replace it.\n\n\
             `heymarket help environment` says what comes before what.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(login::command())
        .subcommand(status::command())
        .subcommand(SwitchArguments::augment_args(
            Command::new("switch").about("Use another profile from now on"),
        ))
        .subcommand(LogoutArguments::augment_args(
            Command::new("logout").about("Remove a profile, with its secret"),
        ))
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let globals = &context.globals;
    if globals.dry_run || globals.curl {
        return Err(Failure::usage(
            "--dry-run and --curl show requests, and these commands are none",
        ));
    }
    match matches.subcommand() {
        Some(("login", matches)) => login::run(context, matches).await,
        Some(("status", _)) => status::run(context),
        Some(("switch", matches)) => {
            switch(context, &SwitchArguments::from_arg_matches(matches)?.name)
        }
        Some(("logout", matches)) => {
            let name = LogoutArguments::from_arg_matches(matches)?.name;
            logout(context, name)
        }
        _ => Err(Failure::usage("see `heymarket auth --help`")),
    }
}

fn switch(context: &Context, name: &str) -> Result<(), Failure> {
    let mut file = ConfigFile::load()?;
    file.entry(name)?;
    file.put_to_use(name);
    file.save()?;
    context
        .terminal
        .say(&format!("the profile {name} is in use"));
    status::warn_of_precedence(context, name)
}

fn logout(context: &Context, name: Option<String>) -> Result<(), Failure> {
    let file = ConfigFile::load()?;
    let name = name
        .or_else(|| context.globals.profile.clone())
        .or_else(|| file.in_use().map(str::to_owned))
        .ok_or_else(|| {
            Failure::usage("no profile is in use; name one: `heymarket auth logout NAME`")
        })?;
    file.entry(&name)?;
    let what = format!("removes the profile {name} with its secret from the config file");
    safety::confirm(context, &what)?;
    // Another command may have changed it while the question was there.
    let mut file = ConfigFile::load()?;
    file.remove(&name);
    file.save()?;
    let terminal = &context.terminal;
    terminal.say(&format!("the profile {name} is removed"));
    if file.in_use().is_none() && file.profiles().next().is_some() {
        terminal.say("no profile is in use now; choose one with `heymarket auth switch NAME`");
    }
    Ok(())
}
