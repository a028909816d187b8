//! Where the outbox is.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, value_parser};
use heymarket_outbox::Outbox;

use super::failed::failed;
use crate::context::Context;
use crate::data_folder::data_folder;
use crate::environment::variable;
use crate::failure::Failure;

pub(super) const OUTBOX: &str = "outbox";
const VARIABLE: &str = "HEYMARKET_OUTBOX";

/// Batches of the sandbox are kept apart, so that none is sent for real.
const FILE: &str = "outbox.db";
const SANDBOX_FILE: &str = "outbox-sandbox.db";

pub(super) fn argument() -> Arg {
    Arg::new(OUTBOX)
        .long(OUTBOX)
        .global(true)
        .visible_alias("database")
        .value_name("FILE|URL")
        .value_parser(value_parser!(PathBuf))
        .help(
            "The outbox: a file, or the postgres:// URL of a database; by default \
             HEYMARKET_OUTBOX, else a file in the data folder",
        )
}

/// Where an outbox is kept.
pub(super) enum Place {
    File(PathBuf),
    /// The URL of a database, with its password.
    Database(String),
}

impl Place {
    fn of(path: PathBuf) -> Self {
        match path.to_str() {
            Some(url) if is_database(&path) => Self::Database(url.to_owned()),
            _ => Self::File(path),
        }
    }

    pub(super) async fn open(&self) -> Result<Outbox, Failure> {
        let outbox = match self {
            Self::File(path) => Outbox::open(path),
            Self::Database(url) => Outbox::connect(url).await,
        };
        outbox.map_err(failed)
    }
}

/// Returns whether an outbox is a database, and not a file.
pub(super) fn is_database(given: &Path) -> bool {
    let text = given.to_string_lossy();
    let schemes = ["postgres://", "postgresql://"];
    schemes.iter().any(|scheme| text.starts_with(scheme))
}

/// Returns the place of `--outbox`, the environment or the platform's data folder.
pub(super) fn find(context: &Context, matches: &ArgMatches) -> Result<Place, Failure> {
    let given = matches.get_one::<PathBuf>(OUTBOX);
    place(context, given.map(PathBuf::as_path))
}

/// Opens the outbox in a file or a database, or that of the environment or the
/// platform's data folder.
pub(crate) async fn open_at(context: &Context, given: Option<&Path>) -> Result<Outbox, Failure> {
    place(context, given)?.open().await
}

fn place(context: &Context, given: Option<&Path>) -> Result<Place, Failure> {
    Ok(match given {
        Some(path) => Place::of(path.to_owned()),
        None => match variable(VARIABLE)? {
            Some(path) => Place::of(PathBuf::from(path)),
            None => Place::File(default(context)?),
        },
    })
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
