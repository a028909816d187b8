//! The verification token of a webhook.

use heymarket_api::webhook::Verifier;

use crate::environment::variable;
use crate::failure::Failure;

/// The variable that holds the token.
pub(crate) const TOKEN_VARIABLE: &str = "HEYMARKET_WEBHOOK_TOKEN";

/// Returns the tokens of the flag, else that of the environment: at least one, and
/// none is empty.
pub(crate) fn tokens(given: Vec<String>) -> Result<Vec<String>, Failure> {
    let tokens = if given.is_empty() {
        variable(TOKEN_VARIABLE)?.into_iter().collect()
    } else {
        given
    };
    if tokens.is_empty() || tokens.iter().any(String::is_empty) {
        return Err(Failure::usage(format!(
            "missing verification token of the webhook; the app shows it where the webhook is \
             configured: set {TOKEN_VARIABLE} or give --token"
        )));
    }
    Ok(tokens)
}

/// Returns a verifier of all tokens.
pub(crate) fn verifier(tokens: &[String]) -> Verifier {
    let mut tokens = tokens.iter();
    // `tokens` is never empty; an empty token would verify nothing.
    let first = Verifier::new(tokens.next().cloned().unwrap_or_default());
    tokens.fold(first, |verifier, token| verifier.or(token))
}
