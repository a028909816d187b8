//! `heymarket help [TOPIC | COMMAND...]`.

mod topics;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};

use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Globals;

#[derive(Args)]
struct Arguments {
    /// A topic, or a command
    #[arg(value_name = "TOPIC|COMMAND")]
    words: Vec<String>,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("help")
            .about("Print the help of a command or of a topic: environment, exit-codes, options, times")
            .after_help(format!(
                "{}\nExamples:\n  heymarket help messages send\n  heymarket help times",
                topics::LIST
            )),
    )
}

/// Prints the help of a topic or of a command of the root.
pub(crate) fn run(context: &Context, matches: &ArgMatches, root: Command) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let text = match arguments.words.as_slice() {
        [topic] if topic == topics::OPTIONS => options(),
        [topic] if topics::text(topic).is_some() => {
            topics::text(topic).unwrap_or_default().to_owned()
        }
        words => help_of(root, words)?,
    };
    let mut output = context.output()?;
    output.text(&text)?;
    output.finish()
}

/// Returns the help of the options of all commands.
fn options() -> String {
    let command = Command::new("heymarket")
        .help_template("{all-args}")
        .max_term_width(100);
    let mut command = Globals::augment_args(command).disable_help_flag(true);
    command.render_long_help().to_string()
}

/// Returns the help of a command.
fn help_of(mut root: Command, words: &[String]) -> Result<String, Failure> {
    root.build();
    let mut command = &mut root;
    for word in words {
        command = command.find_subcommand_mut(word).ok_or_else(|| {
            Failure::usage(format!(
                "{:?} is neither a command nor a topic; see 'heymarket help'",
                words.join(" ")
            ))
        })?;
    }
    Ok(command.render_long_help().to_string())
}
