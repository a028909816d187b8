//! The bearer token of the HTTP server, in a file that only its user reads.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::config::{file, permissions};
use crate::failure::Failure;
use crate::files;

/// The name of the file beside the config file.
const NAME: &str = "mcp-token";

/// Returns the token and its file, which is made if it does not exist.
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
    if let Some(text) = files::read_private(&path)? {
        let token = text.trim().to_owned();
        if token.is_empty() {
            return Err(Failure::usage(format!("{} is empty", path.display())));
        }
        return Ok((token, path));
    }
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let mut file = files::create_private(&path)?;
    writeln!(file, "{token}").map_err(|error| files::failed(&path, error))?;
    Ok((token, path))
}
