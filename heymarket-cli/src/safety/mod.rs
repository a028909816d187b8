//! What stands before a command that sends or deletes something.

use crate::context::Context;
use crate::failure::Failure;

/// Says what is about to happen and asks whether it shall, unless `--yes` says
/// so already. Where nobody can be asked, `--yes` is needed.
pub(crate) fn confirm(context: &Context, what: &str) -> Result<(), Failure> {
    if context.globals.yes {
        return Ok(());
    }
    if !context.terminal.can_ask {
        return Err(Failure::usage(format!(
            "this {what}, and there is no terminal to ask on; add --yes to do it, or --dry-run to \
             see the request"
        )));
    }
    context.terminal.say(&format!("This {what}."));
    if context.terminal.ask("Go on?")? {
        Ok(())
    } else {
        Err(Failure::other("nothing was sent"))
    }
}
