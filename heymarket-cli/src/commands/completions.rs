//! `heymarket completions SHELL`.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use clap_complete::env::Shells;

use super::complete::VARIABLE;
use crate::context::Context;
use crate::failure::Failure;

const SHELL: &str = "shell";

pub(crate) fn command() -> Command {
    let shells = Shells::builtins();
    let names: Vec<&'static str> = shells.names().collect();
    Command::new("completions")
        .about("Print the completions for a shell")
        .long_about(
            "Print the completions for a shell.\n\n\
             They complete commands, flags and values: profiles, and the names and IDs of inboxes, \
             members, lists, templates, surveys and tags that a command looked up within a day.",
        )
        .arg(
            Arg::new(SHELL)
                .value_name("SHELL")
                .required(true)
                .value_parser(PossibleValuesParser::new(names))
                .help("The shell"),
        )
        .after_help(
            "Examples:\n  \
             heymarket completions bash > ~/.local/share/bash-completion/completions/heymarket\n  \
             heymarket completions zsh > \"${fpath[1]}/_heymarket\"\n  \
             heymarket completions fish > ~/.config/fish/completions/heymarket.fish\n  \
             heymarket completions powershell >> $PROFILE",
        )
}

pub(crate) fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let name = matches.get_one::<String>(SHELL).map_or("", String::as_str);
    let shells = Shells::builtins();
    let shell = shells
        .completer(name)
        .ok_or_else(|| Failure::usage(format!("{name} is not a supported shell")))?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "heymarket", "heymarket", "heymarket", &mut script)
        .map_err(|error| Failure::other(format!("the completions: {error}")))?;
    let mut output = context.output()?;
    output.unpaged()?;
    output.text(&String::from_utf8_lossy(&script))?;
    output.finish()
}
