//! Which credentials are used, and why these.

use heymarket_api::Credentials;

use super::server::Server;
use super::{CREDENTIAL_VARIABLES, NO_CREDENTIALS, PROFILE_VARIABLE, profile, variable};
use crate::cli::Globals;
use crate::failure::Failure;

/// Where the credentials come from. Nothing is asked for or run to know it.
pub(crate) enum Choice {
    /// From `--secret-command`, at the server of the profile, if one is named.
    Command {
        command: String,
        profile: Option<String>,
    },
    /// From variables of the environment.
    Environment,
    /// From a profile.
    Profile { name: String, why: &'static str },
    /// From nowhere: there are none.
    Nowhere,
}

impl Choice {
    /// Flags come before the environment, and that before the profile that is
    /// in use.
    pub(crate) fn of(globals: &Globals) -> Result<Self, Failure> {
        if let Some(command) = globals.secret_command.clone() {
            let profile = globals.profile.clone();
            return Ok(Self::Command { command, profile });
        }
        if let Some(name) = globals.profile.clone() {
            let why = "--profile names it";
            return Ok(Self::Profile { name, why });
        }
        for name in CREDENTIAL_VARIABLES {
            if variable(name)?.is_some() {
                return Ok(Self::Environment);
            }
        }
        if let Some(name) = variable(PROFILE_VARIABLE)? {
            let why = "HEYMARKET_PROFILE names it";
            return Ok(Self::Profile { name, why });
        }
        Ok(match profile::in_use()? {
            Some(name) => Self::Profile {
                name,
                why: "it was chosen by `heymarket auth login` or `switch`",
            },
            None => Self::Nowhere,
        })
    }

    /// Returns the credentials; runs the secret command, if that is the choice.
    pub(super) fn credentials(&self) -> Result<Credentials, Failure> {
        match self {
            Self::Command { command, .. } => profile::of_command(command),
            Self::Profile { name, .. } => profile::of_name(name),
            Self::Environment => {
                Credentials::from_env().map_err(|error| Failure::credentials(error.to_string()))
            }
            Self::Nowhere => Err(Failure::credentials(NO_CREDENTIALS)),
        }
    }

    /// Describes where the credentials are from; `None` if there are none.
    pub(crate) fn source(&self) -> Option<String> {
        match self {
            Self::Command { .. } => Some("the secret command".to_owned()),
            Self::Environment => Some("the environment".to_owned()),
            Self::Profile { name, .. } => Some(format!("the profile {name}")),
            Self::Nowhere => None,
        }
    }

    /// Returns the name and the server of the chosen profile.
    ///
    /// # Errors
    ///
    /// When the profile does not exist.
    pub(super) fn profile(&self) -> Result<Option<(&str, Server)>, Failure> {
        match self {
            Self::Profile { name, .. }
            | Self::Command {
                profile: Some(name),
                ..
            } => Ok(Some((name, profile::server(name)?))),
            Self::Command { profile: None, .. } | Self::Environment | Self::Nowhere => Ok(None),
        }
    }
}
