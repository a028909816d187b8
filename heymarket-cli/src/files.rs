//! Files that the command writes: private ones, which no symbolic link leads
//! elsewhere, and files that are replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::failure::Failure;

/// Refuses a symbolic link.
pub(crate) fn refuse_link(path: &Path) -> Result<(), Failure> {
    if path.is_symlink() {
        return Err(Failure::usage(format!(
            "{} is a symbolic link, and none is followed here; name the file itself",
            path.display()
        )));
    }
    Ok(())
}

/// Opens a private file to read and to write, and creates it if it does not exist.
///
/// # Errors
///
/// When it is a symbolic link or no regular file, or belongs to another user.
pub(crate) fn open_private(path: &Path) -> Result<File, Failure> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => return created.map_err(|error| failed(path, error)),
    }
    let file = open_existing(path, File::options().read(true).write(true))?;
    close_to_others(&file).map_err(|error| failed(path, error))?;
    Ok(file)
}

/// Reads a private file; returns `None` if it does not exist.
///
/// # Errors
///
/// As [`open_private`].
pub(crate) fn read_private(path: &Path) -> Result<Option<String>, Failure> {
    // A dangling link exists, and is refused below.
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let file = open_existing(path, File::options().read(true))?;
    let text = io::read_to_string(file).map_err(|error| failed(path, error))?;
    Ok(Some(text))
}

/// Creates a private file, and removes what has its name.
pub(crate) fn create_private(path: &Path) -> Result<File, Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path, error)),
        _ => {}
    }
    create_new(path).map_err(|error| failed(path, error))
}

/// Writes a public file, whole or not at all, in the place of whatever has its
/// name.
pub(crate) fn replace_public(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder
        .tempfile_in(folder)
        .map_err(|error| failed(path, error))?;
    file.write_all(text).map_err(|error| failed(path, error))?;
    file.persist(path)
        .map_err(|error| failed(path, error.error))?;
    Ok(())
}

/// The failure of an operation on a file.
pub(crate) fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::other(format!("{}: {error}", path.display()))
}

/// Creates a file that only its owner can read. No link is followed: it exists.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create_new(true).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a regular file of the user.
fn open_existing(path: &Path, options: &mut OpenOptions) -> Result<File, Failure> {
    refuse_link(path)?;
    let refuse = |problem: &str| Failure::usage(format!("{} {problem}", path.display()));
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // The path may be a link by now, or a pipe, which nobody may write to.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = flags.bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(_) if path.is_dir() => return Err(refuse("is not a regular file")),
        Err(error) => return Err(failed(path, error)),
    };
    let found = file.metadata().map_err(|error| failed(path, error))?;
    if !found.is_file() {
        return Err(refuse("is not a regular file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&found) != user() {
        return Err(refuse("belongs to another user"));
    }
    Ok(file)
}

/// Removes the rights of others, which older versions left.
fn close_to_others(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// The effective user id.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}
