//! The argument that names a batch.

use clap::{Arg, ArgMatches};

/// The argument that names a batch.
pub(super) fn batch_argument() -> Arg {
    Arg::new("batch")
        .value_name("BATCH")
        .required(true)
        .help("The ID of the batch")
}

pub(super) fn batch(matches: &ArgMatches) -> &str {
    matches
        .get_one::<String>("batch")
        .map_or("", String::as_str)
}
