//! The question before a command with an effect.

use crate::context::Context;
use crate::failure::Failure;
use crate::prompt;

/// Asks whether to go on, after lines that show what the question is about. `--yes`
/// answers the question, and is required without a terminal.
///
/// # Errors
///
/// Returns an error if the answer is no, or if there is no terminal to ask on.
pub(crate) async fn confirm(
    context: &Context,
    question: &str,
    details: &[String],
) -> Result<(), Failure> {
    if context.globals.yes {
        return Ok(());
    }
    if !context.terminal.can_ask {
        return Err(Failure::usage(format!(
            "{question} There is no terminal to ask on: add --yes to confirm, or --dry-run to see \
             the request"
        )));
    }
    for detail in details {
        context.terminal.notice(&format!("  {detail}"));
    }
    if prompt::confirm(&context.terminal, question).await? {
        Ok(())
    } else {
        Err(Failure::other("declined; nothing was sent"))
    }
}
