//! The verification token of a webhook.

use crate::connection::variable;
use crate::failure::Failure;

/// The variable that holds the token.
pub(crate) const TOKEN_VARIABLE: &str = "HEYMARKET_WEBHOOK_TOKEN";

/// The tokens of the flag, or else that of the environment: one at least, and
/// none is empty.
pub(crate) fn tokens(given: Vec<String>) -> Result<Vec<String>, Failure> {
    let tokens = if given.is_empty() {
        variable(TOKEN_VARIABLE)?.into_iter().collect()
    } else {
        given
    };
    if tokens.is_empty() || tokens.iter().any(String::is_empty) {
        return Err(Failure::usage(format!(
            "the verification token of the webhook is needed, which the app shows where the \
             webhook is configured; set {TOKEN_VARIABLE}, or give --token"
        )));
    }
    Ok(tokens)
}
