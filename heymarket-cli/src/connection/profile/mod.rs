//! Profiles: named credentials in a file of the user's.

pub(crate) mod file;
mod rights;
pub(crate) mod secret;

use heymarket_api::Credentials;

use crate::failure::Failure;
use file::ConfigFile;
use secret::Secret;

/// A profile, with its secrets at hand.
pub(crate) struct Profile {
    pub(crate) credentials: Credentials,
    /// Another server than production.
    pub(crate) base_url: Option<String>,
    /// Where the credentials are from, for people.
    pub(crate) source: String,
}

/// The profile of a name, whose command is run if it has one.
///
/// # Errors
///
/// When it is not there, its command fails, or the file cannot be used.
pub(crate) fn of_name(name: &str) -> Result<Profile, Failure> {
    let file = ConfigFile::load()?;
    let entry = file.entry(name)?;
    Ok(Profile {
        credentials: entry.secret.credentials()?,
        base_url: entry.base_url.clone(),
        source: format!("the profile {name}"),
    })
}

/// What the command of `--secret-command` prints, in the place of what the
/// profile holds.
pub(crate) fn of_command(command: &str, profile: Option<&str>) -> Result<Profile, Failure> {
    let secret = Secret::Command(command.to_owned());
    Ok(Profile {
        credentials: secret.credentials()?,
        base_url: base_url(profile)?,
        source: "the secret command".to_owned(),
    })
}

/// The server of a profile.
pub(crate) fn base_url(profile: Option<&str>) -> Result<Option<String>, Failure> {
    match profile {
        None => Ok(None),
        Some(name) => Ok(ConfigFile::load()?.entry(name)?.base_url.clone()),
    }
}

/// The name of the profile that is in use.
pub(crate) fn in_use() -> Result<Option<String>, Failure> {
    Ok(ConfigFile::load()?.in_use().map(str::to_owned))
}
