//! Environment variables.

use crate::failure::Failure;

/// Returns the value of an environment variable, or `None` if it is unset or empty.
///
/// # Errors
///
/// Returns a usage error if the value is not valid UTF-8.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{name} is not valid UTF-8")))
        }
    }
}
