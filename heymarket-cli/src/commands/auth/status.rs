//! `heymarket auth status`.

use clap::Command;
use serde_json::json;

use crate::config::file::ConfigFile;
use crate::connection;
use crate::connection::source::{NO_CREDENTIALS, Source};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::shape::Shape;

const SHAPE: Shape = Shape {
    items: Some("profiles"),
    columns: &["name", "in_use", "kind", "server"],
};

pub(super) fn command() -> Command {
    Command::new("status")
        .about("Show the profiles, and which credentials are used and why")
        .long_about(
            "Show the profiles, and which credentials are used and why. Sends nothing; `heymarket \
             doctor` tries the credentials. The exit code is 4 without credentials.",
        )
        .after_help("Examples:\n  heymarket auth status")
}

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let file = ConfigFile::load()?;
    let (selected, why) = used(context)?;
    let (source, server) = match &selected {
        Some(choice) => {
            let server = connection::server_of(choice, context)?;
            (choice.description(), Some(server.to_string()))
        }
        None => (Some("the sandbox".to_owned()), None),
    };
    let is_active =
        |name: &str| matches!(&selected, Some(Source::Profile { name: used, .. }) if used == name);
    let profiles: Vec<_> = file
        .profiles()
        .map(|(name, profile)| {
            json!({
                "name": name,
                "in_use": is_active(name),
                "kind": profile.secret.kind(),
                "server": profile.server().to_string(),
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
            context.terminal.notice(&format!("using {source}: {why}"));
            Ok(())
        }
        None => Err(Failure::credentials(NO_CREDENTIALS)),
    }
}

/// Returns which credentials are used, `None` for the sandbox, and why.
fn used(context: &Context) -> Result<(Option<Source>, &'static str), Failure> {
    if context.globals.sandbox {
        return Ok((None, "--sandbox is given"));
    }
    let selected = Source::select(&context.globals)?;
    let why = match &selected {
        Source::Command { .. } => "--secret-command is given",
        Source::Environment => {
            "HEYMARKET_API_SECRET_ID, HEYMARKET_API_SECRET_KEY or HEYMARKET_API_KEY is set"
        }
        Source::Profile { why, .. } => why,
        Source::None => "none are set",
    };
    Ok((Some(selected), why))
}

/// Warns that something takes precedence over the active profile.
pub(super) fn warn_of_precedence(context: &Context, name: &str) -> Result<(), Failure> {
    let mut globals = context.globals.clone();
    globals.profile = None;
    globals.secret_command = None;
    let before = match Source::select(&globals)? {
        Source::Environment => "credentials in the environment",
        Source::Profile { name: other, .. } if other != name => "the profile of HEYMARKET_PROFILE",
        _ => return Ok(()),
    };
    context.terminal.notice(&format!(
        "{before} take precedence over it while they are set"
    ));
    Ok(())
}
