//! Who may read and replace the file of the profiles.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::failure::Failure;
use crate::safety::quoted;

/// Refuses a file that others can read or replace.
#[cfg(unix)]
pub(super) fn check(path: &Path, file: &File) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;

    let failed = |error: io::Error| Failure::other(format!("{}: {error}", path.display()));
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    let shown = path.display();
    if mode & 0o077 != 0 {
        return Err(Failure::credentials(format!(
            "{shown} holds secrets, and others than its owner may use it (its mode is {mode:03o}); \
             run: chmod 600 {}",
            quoted(&shown.to_string())
        )));
    }
    let folder = fs::canonicalize(path).map_err(failed)?;
    let folder = folder.parent().unwrap_or(Path::new("/"));
    let mode = fs::metadata(folder).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o022 != 0 {
        let shown = folder.display();
        return Err(Failure::credentials(format!(
            "{shown} holds the profiles, and others than its owner may replace them (its mode is \
             {mode:03o}); run: chmod 700 {}",
            quoted(&shown.to_string())
        )));
    }
    Ok(())
}

/// Elsewhere the folder of the user's settings has the rights.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: &File) -> Result<(), Failure> {
    Ok(())
}

/// Makes a folder, for its owner only.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
