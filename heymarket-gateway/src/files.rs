//! Private files: mode 0600, of the user, and never behind a symbolic link.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Returns the path with its folder resolved. The file itself may not exist yet.
pub(crate) fn resolved(path: &Path) -> Result<PathBuf, Error> {
    let Some(name) = path.file_name() else {
        return Err(Error::of_file(path, "it is not the name of a file"));
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let folder = folder
        .canonicalize()
        .map_err(|error| Error::of_file(folder, error))?;
    Ok(folder.join(name))
}

/// Creates a private file. Returns `None` if the path exists, whatever it is.
pub(crate) fn create(path: &Path) -> Result<Option<File>, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(Error::of_file(path, error)),
    }
}

/// Opens a private file, and creates it if it does not exist.
pub(crate) fn open_or_create(path: &Path) -> Result<File, Error> {
    match create(path)? {
        Some(file) => Ok(file),
        None => open(path, OpenOptions::new().read(true).write(true)),
    }
}

/// Refuses a file with further names: another program could use it under one of them,
/// past the lock that belongs to this name.
#[cfg(unix)]
pub(crate) fn refuse_other_names(path: &Path, file: &File) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let found = file
        .metadata()
        .map_err(|error| Error::of_file(path, error))?;
    if found.nlink() > 1 {
        return Err(Error::of_file(
            path,
            "it has further names (hard links), under which another gateway could use it; remove \
             them, or copy the file",
        ));
    }
    Ok(())
}

/// Hard links of other platforms are not looked at.
#[cfg(not(unix))]
pub(crate) fn refuse_other_names(_: &Path, _: &File) -> Result<(), Error> {
    Ok(())
}

/// Opens an existing file of the user, and closes it to others.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> Result<File, Error> {
    let found = fs::symlink_metadata(path).map_err(|error| Error::of_file(path, error))?;
    if found.is_symlink() {
        return Err(Error::of_file(
            path,
            "it is a symbolic link; name its target",
        ));
    }
    if !found.is_file() {
        return Err(Error::of_file(path, "it is not a regular file"));
    }
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // The path may be a link by now.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    let file = options
        .open(path)
        .map_err(|error| Error::of_file(path, error))?;
    #[cfg(unix)]
    close_to_others(path, &file)?;
    Ok(file)
}

/// Refuses a file of another user, and removes the permissions of others.
#[cfg(unix)]
fn close_to_others(path: &Path, file: &File) -> Result<(), Error> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let found = file
        .metadata()
        .map_err(|error| Error::of_file(path, error))?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::of_file(path, "it belongs to another user"));
    }
    if found.mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(|error| Error::of_file(path, error))?;
    }
    Ok(())
}
