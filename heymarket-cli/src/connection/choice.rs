//! Which credentials are used, and why these.

use super::{CREDENTIAL_VARIABLES, PROFILE_VARIABLE, profile, variable};
use crate::cli::Globals;
use crate::failure::Failure;

/// Where the credentials come from. Nothing is asked for or run to know it.
pub(crate) enum Choice {
    /// From `--secret-command`, at the server of the profile, if one is named.
    Command { profile: Option<String> },
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
        if globals.secret_command.is_some() {
            let profile = globals.profile.clone();
            return Ok(Self::Command { profile });
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

    /// Its server, where it names one.
    pub(crate) fn base_url(&self) -> Result<Option<String>, Failure> {
        match self {
            Self::Command { profile } => profile::base_url(profile.as_deref()),
            Self::Profile { name, .. } => profile::base_url(Some(name)),
            Self::Environment | Self::Nowhere => Ok(None),
        }
    }
}
