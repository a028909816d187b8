//! `heymarket auth status`.

use clap::Command;
use serde_json::json;

use crate::connection::choice::Choice;
use crate::connection::profile::file::ConfigFile;
use crate::connection::{self, NO_CREDENTIALS};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Shape;

const SHAPE: Shape = Shape {
    items: Some("profiles"),
    columns: &["name", "in_use", "kind", "server"],
};

pub(super) fn command() -> Command {
    Command::new("status")
        .about("Show the profiles, and which credentials are used and why")
        .long_about(
            "Show the profiles, and which credentials are used and why. Nothing is asked for; \
             `heymarket doctor` tries them. Without any credentials the exit code is 4.",
        )
}

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let file = ConfigFile::load()?;
    let (source, why, used) = used(context)?;
    let profiles: Vec<_> = file
        .profiles()
        .map(|(name, entry)| {
            json!({
                "name": name,
                "in_use": used.as_deref() == Some(name),
                "kind": entry.secret.kind(),
                "server": entry.base_url.as_deref().unwrap_or(connection::PRODUCTION),
            })
        })
        .collect();
    let path = ConfigFile::path()?;
    let status = json!({
        "config_file": path.display().to_string(),
        "credentials": source,
        "why": why,
        "profiles": profiles,
    });
    let mut output = context.output()?;
    output.json(&status.to_string(), SHAPE)?;
    output.finish()?;
    match source {
        Some(source) => {
            context.terminal.say(&format!("{source} is used: {why}"));
            Ok(())
        }
        None => Err(Failure::credentials(NO_CREDENTIALS)),
    }
}

/// What is used, why, and the name of the profile that it is.
fn used(context: &Context) -> Result<(Option<String>, &'static str, Option<String>), Failure> {
    if context.globals.sandbox {
        return Ok((Some("the sandbox".to_owned()), "--sandbox is given", None));
    }
    Ok(match Choice::of(&context.globals)? {
        Choice::Command { .. } => {
            let why = "--secret-command is given";
            (Some("the secret command".to_owned()), why, None)
        }
        Choice::Environment => {
            let why =
                "HEYMARKET_API_SECRET_ID, HEYMARKET_API_SECRET_KEY or HEYMARKET_API_KEY is set";
            (Some("the environment".to_owned()), why, None)
        }
        Choice::Profile { name, why } => {
            // One that is named and not there is an error.
            connection::profile::base_url(Some(&name))?;
            (Some(format!("the profile {name}")), why, Some(name))
        }
        Choice::Nowhere => (None, "none are there", None),
    })
}

/// Tells whoever chose a profile that something else comes before it.
pub(super) fn warn_of_precedence(context: &Context, name: &str) -> Result<(), Failure> {
    let mut globals = context.globals.clone();
    globals.profile = None;
    globals.secret_command = None;
    let before = match Choice::of(&globals)? {
        Choice::Environment => "credentials in the environment",
        Choice::Profile { name: other, .. } if other != name => "HEYMARKET_PROFILE",
        _ => return Ok(()),
    };
    context.terminal.say(&format!(
        "but {before} come before it, as long as they are set"
    ));
    Ok(())
}
