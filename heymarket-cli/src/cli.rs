//! Parses the command line and runs it.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{FromArgMatches as _, ValueEnum as _};

use crate::commands::{self, alias, complete};
use crate::exit;
use crate::failure::Failure;
use crate::globals::{ColorMode, Globals};
use crate::output::terminal::Terminal;
use crate::report::report;

/// Runs the command that the arguments describe, and reports its failure.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    if let Some(code) = complete::answer(&arguments, commands::root) {
        return code;
    }
    let color = color(&arguments);
    match parse_and_run(arguments, color) {
        Ok(()) => exit::SUCCESS.into(),
        Err(failure) => report(failure, &Terminal::detect(color)),
    }
}

fn parse_and_run(arguments: Vec<OsString>, color: Option<ColorMode>) -> Result<(), Failure> {
    let arguments = alias::expand(arguments)?;
    let root = commands::root().color(match color {
        Some(ColorMode::Always) => clap::ColorChoice::Always,
        Some(ColorMode::Never) => clap::ColorChoice::Never,
        Some(ColorMode::Auto) | None => clap::ColorChoice::Auto,
    });
    let matches = root.try_get_matches_from(arguments)?;
    let globals = Globals::from_arg_matches(&matches)?;
    commands::run(globals, &matches)
}

/// Finds the value of `--color`, which applies to errors of parsing as well.
fn color(arguments: &[OsString]) -> Option<ColorMode> {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix("--color") {
            Some("") => arguments.next()?,
            Some(rest) => rest.strip_prefix('=')?,
            None => continue,
        };
        return ColorMode::from_str(value, true).ok();
    }
    None
}
