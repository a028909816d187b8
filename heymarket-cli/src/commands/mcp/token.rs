//! The bearer token of the HTTP server, in a file that only its user reads.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::config::{file, permissions};
use crate::failure::Failure;
use crate::files;

/// The name of the file beside the config file.
const NAME: &str = "mcp-token";

/// Returns the token and its file, which is made if it does not exist or is blank.
pub(super) fn token(given: Option<&Path>) -> Result<(String, PathBuf), Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => {
            let folder = file::folder()?;
            permissions::make_folder(&folder)
                .map_err(|error| Failure::other(format!("{}: {error}", folder.display())))?;
            folder.join(NAME)
        }
    };
    let text = files::read_or_create_private(&path, || {
        format!("{}{}\n", Uuid::new_v4().simple(), Uuid::new_v4().simple())
    })?;
    Ok((text.trim().to_owned(), path))
}
