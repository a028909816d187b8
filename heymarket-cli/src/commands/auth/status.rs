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
    let (choice, why) = used(context)?;
    let (source, server) = match &choice {
        Some(choice) => {
            let server = connection::server_of(choice, &context.globals, &context.terminal)?;
            (choice.source(), Some(server.to_string()))
        }
        None => (Some("the sandbox".to_owned()), None),
    };
    let is_in_use =
        |name: &str| matches!(&choice, Some(Choice::Profile { name: used, .. }) if used == name);
    let profiles: Vec<_> = file
        .profiles()
        .map(|(name, entry)| {
            json!({
                "name": name,
                "in_use": is_in_use(name),
                "kind": entry.secret.kind(),
                "server": entry.server().to_string(),
            })
        })
        .collect();
    let path = ConfigFile::path()?;
    let status = json!({
        "config_file": path.display().to_string(),
        "credentials": source,
        "why": why,
        "server": server,
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

/// Returns which credentials are used, `None` for the sandbox, and why.
fn used(context: &Context) -> Result<(Option<Choice>, &'static str), Failure> {
    if context.globals.sandbox {
        return Ok((None, "--sandbox is given"));
    }
    let choice = Choice::of(&context.globals)?;
    let why = match &choice {
        Choice::Command { .. } => "--secret-command is given",
        Choice::Environment => {
            "HEYMARKET_API_SECRET_ID, HEYMARKET_API_SECRET_KEY or HEYMARKET_API_KEY is set"
        }
        Choice::Profile { why, .. } => why,
        Choice::Nowhere => "none are there",
    };
    Ok((Some(choice), why))
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
