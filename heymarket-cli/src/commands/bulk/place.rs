//! Where the outbox is.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, value_parser};
use heymarket_outbox::Outbox;

use super::failed::failed;
use crate::context::Context;
use crate::data_folder::data_folder;
use crate::environment::variable;
use crate::failure::Failure;

const OUTBOX: &str = "outbox";
const VARIABLE: &str = "HEYMARKET_OUTBOX";

/// Batches of the sandbox are kept apart, so that none is sent for real.
const FILE: &str = "outbox.db";
const SANDBOX_FILE: &str = "outbox-sandbox.db";

pub(super) fn argument() -> Arg {
    Arg::new(OUTBOX)
        .long(OUTBOX)
        .global(true)
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("The file of the outbox; by default HEYMARKET_OUTBOX, else a file in the data folder")
}

/// Opens the outbox of `--outbox`, the environment or the platform's data folder.
pub(super) fn open(context: &Context, matches: &ArgMatches) -> Result<Outbox, Failure> {
    let given = matches.get_one::<PathBuf>(OUTBOX);
    open_at(context, given.map(PathBuf::as_path))
}

/// Opens the outbox in a file, or that of the environment or the platform's data folder.
pub(crate) fn open_at(context: &Context, given: Option<&Path>) -> Result<Outbox, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => match variable(VARIABLE)? {
            Some(path) => PathBuf::from(path),
            None => default(context)?,
        },
    };
    Outbox::open(path).map_err(failed)
}

fn default(context: &Context) -> Result<PathBuf, Failure> {
    let file = if context.globals.sandbox {
        SANDBOX_FILE
    } else {
        FILE
    };
    let instead = format!("{VARIABLE}, or give --outbox");
    Ok(data_folder(&instead)?.join(file))
}
