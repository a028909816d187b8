//! Profiles: named credentials in a file of the user's.

use heymarket_api::Credentials;

use crate::failure::Failure;

/// Which profile is wanted.
pub(crate) struct Request<'a> {
    /// By `--profile` or `HEYMARKET_PROFILE`; else the one that is in use.
    pub(crate) name: Option<&'a str>,
    /// The command of `--secret-command`, which prints the credentials.
    pub(crate) secret_command: Option<&'a str>,
}

/// A profile, with its secrets at hand.
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) credentials: Credentials,
    /// Another server than production.
    pub(crate) base_url: Option<String>,
}

impl Request<'_> {
    /// Whether a profile or a command is named.
    pub(crate) fn is_explicit(&self) -> bool {
        self.name.is_some() || self.secret_command.is_some()
    }
}

/// The profile that is wanted; `None` if none is named and none is in use.
///
/// # Errors
///
/// When the one that is named is not there, or the file cannot be used.
pub(crate) fn resolve(request: &Request<'_>) -> Result<Option<Profile>, Failure> {
    if request.is_explicit() {
        return Err(Failure::credentials("profiles are not there yet"));
    }
    Ok(None)
}
