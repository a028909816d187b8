//! `heymarket man [DIR]`: manual pages.

use std::fs;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use clap_mangen::Man;

use crate::context::Context;
use crate::failure::Failure;
use crate::files;

#[derive(Args)]
struct Arguments {
    /// The folder for a page of each command; it is created
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("man")
            .about("Print the manual page, or write those of all commands to a folder")
            .after_help(
                "Examples:\n  heymarket man > heymarket.1\n  heymarket man ~/.local/share/man/man1",
            ),
    )
}

/// Prints the manual page of the root, or writes those of all commands.
pub(crate) fn run(
    context: &Context,
    matches: &ArgMatches,
    mut root: Command,
) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    root.build();
    let Some(folder) = arguments.folder else {
        let mut output = context.output()?;
        output.text(&String::from_utf8_lossy(&page(&root)?))?;
        return output.finish();
    };
    fs::create_dir_all(&folder).map_err(|error| files::failed(&folder, error))?;
    let mut commands = vec![root];
    let mut count = 0;
    while let Some(command) = commands.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = folder.join(format!("{name}.1"));
        files::replace_public(&path, &page(&command)?)?;
        count += 1;
        commands.extend(
            command
                .get_subcommands()
                .filter(|command| !command.is_hide_set())
                .cloned(),
        );
    }
    context
        .terminal
        .notice(&format!("wrote {count} pages to {}", folder.display()));
    Ok(())
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Failure::other(format!("the manual page: {error}")))?;
    Ok(page)
}
