//! Selects where credentials come from.

use heymarket_api::Credentials;
use sha2::{Digest as _, Sha256};

use super::server::Server;
use crate::config::file::ConfigFile;
use crate::config::secret::Secret;
use crate::environment::variable;
use crate::failure::Failure;
use crate::globals::Globals;

/// The variables that hold credentials.
const CREDENTIAL_VARIABLES: [&str; 3] = [
    "HEYMARKET_API_SECRET_ID",
    "HEYMARKET_API_SECRET_KEY",
    "HEYMARKET_API_KEY",
];
const PROFILE_VARIABLE: &str = "HEYMARKET_PROFILE";

/// The error when no source of credentials exists.
pub(crate) const NO_CREDENTIALS: &str = "\
    no credentials; log in with `heymarket auth login`, set HEYMARKET_API_SECRET_ID and \
    HEYMARKET_API_SECRET_KEY, or add --sandbox to try the command with demo data";

/// The source of the credentials. Selecting it prompts for nothing and runs nothing.
pub(crate) enum Source {
    /// The output of `--secret-command`, for the server of the named profile, if any.
    Command {
        command: String,
        profile: Option<String>,
    },
    /// Environment variables.
    Environment,
    /// A profile.
    Profile { name: String, why: &'static str },
    /// No credentials.
    None,
}

impl Source {
    /// Selects the source. Flags take precedence over the environment, and the
    /// environment over the active profile.
    pub(crate) fn select(globals: &Globals) -> Result<Self, Failure> {
        if let Some(command) = globals.secret_command.clone() {
            let profile = globals.profile.clone();
            return Ok(Self::Command { command, profile });
        }
        if let Some(name) = globals.profile.clone() {
            let why = "selected by --profile";
            return Ok(Self::Profile { name, why });
        }
        for name in CREDENTIAL_VARIABLES {
            if variable(name)?.is_some() {
                return Ok(Self::Environment);
            }
        }
        if let Some(name) = variable(PROFILE_VARIABLE)? {
            let why = "selected by HEYMARKET_PROFILE";
            return Ok(Self::Profile { name, why });
        }
        Ok(match ConfigFile::load()?.active() {
            Some(name) => Self::Profile {
                name: name.to_owned(),
                why: "selected by `heymarket auth login` or `heymarket auth switch`",
            },
            None => Self::None,
        })
    }

    /// Returns the credentials. Runs the secret command, if that is the source.
    pub(super) fn credentials(&self) -> Result<Credentials, Failure> {
        match self {
            Self::Command { command, .. } => Secret::Command(command.clone()).credentials(),
            Self::Profile { name, .. } => ConfigFile::load()?.profile(name)?.secret.credentials(),
            Self::Environment => {
                Credentials::from_env().map_err(|error| Failure::credentials(error.to_string()))
            }
            Self::None => Err(Failure::credentials(NO_CREDENTIALS)),
        }
    }

    /// Returns a fingerprint of the account at a server. It reveals nothing of the
    /// credentials, and is `None` without credentials.
    pub(crate) fn fingerprint(&self, server: &Server) -> Result<Option<String>, Failure> {
        let mut hash = Sha256::new();
        hash.update(server.to_string());
        let mut add = |text: &str| {
            hash.update([0]);
            hash.update(text);
        };
        match self {
            Self::None => return Ok(None),
            Self::Command { command, .. } => add(command),
            Self::Environment => {
                for name in CREDENTIAL_VARIABLES {
                    add(&variable(name)?.unwrap_or_default());
                }
            }
            Self::Profile { name, .. } => match &ConfigFile::load()?.profile(name)?.secret {
                Secret::Pair { id, .. } => add(id),
                Secret::Legacy(key) => add(key),
                Secret::Command(command) => add(command),
            },
        }
        let digest = hash.finalize();
        Ok(Some(
            digest
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ))
    }

    /// Describes the source for people. Returns `None` if there are no credentials.
    pub(crate) fn description(&self) -> Option<String> {
        match self {
            Self::Command { .. } => Some("the secret command".to_owned()),
            Self::Environment => Some("the environment".to_owned()),
            Self::Profile { name, .. } => Some(format!("the profile {name}")),
            Self::None => None,
        }
    }

    /// Returns the name and the server of the profile, if one is selected.
    ///
    /// # Errors
    ///
    /// Returns an error if the profile does not exist.
    pub(crate) fn profile(&self) -> Result<Option<(&str, Server)>, Failure> {
        match self {
            Self::Profile { name, .. }
            | Self::Command {
                profile: Some(name),
                ..
            } => Ok(Some((name, ConfigFile::load()?.profile(name)?.server()))),
            Self::Command { profile: None, .. } | Self::Environment | Self::None => Ok(None),
        }
    }
}
