//! `heymarket completions SHELL`.

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use clap_complete::Shell;

use crate::cli;
use crate::context::Context;
use crate::failure::Failure;

#[derive(Args)]
struct Arguments {
    /// The shell to complete commands in
    shell: Shell,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("completions")
            .about("Print the completions for a shell")
            .long_about(
                "Print the completions for a shell.\n\n\
                 bash:        heymarket completions bash > \
                 ~/.local/share/bash-completion/completions/heymarket\n\
                 zsh:         heymarket completions zsh > \"${fpath[1]}/_heymarket\"\n\
                 fish:        heymarket completions fish > \
                 ~/.config/fish/completions/heymarket.fish\n\
                 PowerShell:  heymarket completions powershell >> $PROFILE",
            ),
    )
}

pub(crate) fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut cli::command(),
        "heymarket",
        &mut script,
    );
    let mut output = context.output()?;
    output.text(&String::from_utf8_lossy(&script))?;
    output.finish()
}
