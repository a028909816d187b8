//! The folder of what the command keeps: the outbox, and the gateway's token and keys.

use std::fs;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::config::permissions;
use crate::failure::Failure;

/// Returns the folder, created if it does not exist. `instead` says what to set if there
/// is no home folder.
pub(crate) fn data_folder(instead: &str) -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy()
        .map_err(|_| Failure::other(format!("no home folder; set HOME or {instead}")))?;
    let folder = strategy.data_dir().join("heymarket");
    fs::create_dir_all(strategy.data_dir())
        .and_then(|()| permissions::make_folder(&folder))
        .map_err(|error| Failure::other(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}
