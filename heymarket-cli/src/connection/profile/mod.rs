//! Profiles: named credentials in a file of the user's.

pub(crate) mod file;
mod rights;
pub(crate) mod secret;

use heymarket_api::Credentials;

use super::server::Server;
use crate::failure::Failure;
use file::ConfigFile;
use secret::Secret;

/// The credentials of a profile, whose command is run if it has one.
///
/// # Errors
///
/// When it is not there, its command fails, or the file cannot be used.
pub(super) fn of_name(name: &str) -> Result<Credentials, Failure> {
    ConfigFile::load()?.entry(name)?.secret.credentials()
}

/// The credentials that a command prints.
pub(super) fn of_command(command: &str) -> Result<Credentials, Failure> {
    Secret::Command(command.to_owned()).credentials()
}

/// The server of a profile.
pub(super) fn server(name: &str) -> Result<Server, Failure> {
    Ok(ConfigFile::load()?.entry(name)?.server())
}

/// The name of the profile that is in use.
pub(crate) fn in_use() -> Result<Option<String>, Failure> {
    Ok(ConfigFile::load()?.in_use().map(str::to_owned))
}
