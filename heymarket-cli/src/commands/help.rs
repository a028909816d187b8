//! `heymarket help [TOPIC | COMMAND...]`.

mod topics;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};

use crate::cli;
use crate::context::Context;
use crate::failure::Failure;

#[derive(Args)]
struct Arguments {
    /// A topic, or the words of a command
    #[arg(value_name = "TOPIC|COMMAND")]
    words: Vec<String>,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("help")
            .about("Print the help of a command or of a topic: environment, exit-codes, times")
            .after_help(topics::LIST),
    )
}

pub(crate) fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let text = match arguments.words.as_slice() {
        [topic] if topics::text(topic).is_some() => {
            topics::text(topic).unwrap_or_default().to_owned()
        }
        words => help_of(words)?,
    };
    let mut output = context.output()?;
    output.text(&text)?;
    output.finish()
}

/// The help of a command.
fn help_of(words: &[String]) -> Result<String, Failure> {
    let mut root = cli::command();
    root.build();
    let mut command = &mut root;
    for word in words {
        command = command.find_subcommand_mut(word).ok_or_else(|| {
            Failure::usage(format!(
                "`{}` is neither a command nor a topic; see `heymarket help`",
                words.join(" ")
            ))
        })?;
    }
    Ok(command.render_long_help().to_string())
}
