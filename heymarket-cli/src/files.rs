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

/// Opens a private file to read and to write, and creates it if it is not there.
///
/// # Errors
///
/// When it is a symbolic link or no regular file, or belongs to another user.
pub(crate) fn open_private(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    let file = open(path, &mut options)?;
    close_to_others(&file).map_err(|error| failed(path, error))?;
    Ok(file)
}

/// Reads a private file; `None` if it is not there.
///
/// # Errors
///
/// As of [`open_private`].
pub(crate) fn read_private(path: &Path) -> Result<Option<String>, Failure> {
    // A link that leads nowhere is there, and is refused below.
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let file = open(path, File::options().read(true))?;
    let text = io::read_to_string(file).map_err(|error| failed(path, error))?;
    Ok(Some(text))
}

/// Creates a private file in the place of whatever has its name.
pub(crate) fn create_private(path: &Path) -> Result<File, Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path, error)),
        _ => {}
    }
    open(path, File::options().create_new(true).write(true))
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

/// What a file failed of.
pub(crate) fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::other(format!("{}: {error}", path.display()))
}

/// Opens a file of the user's own, but no link; one that is made is for its owner
/// only.
fn open(path: &Path, options: &mut OpenOptions) -> Result<File, Failure> {
    refuse_link(path)?;
    let refuse = |problem: &str| Failure::usage(format!("{} {problem}", path.display()));
    let is_other = fs::symlink_metadata(path).is_ok_and(|found| !found.is_file());
    if is_other {
        // To open a pipe may take until somebody writes to it.
        return Err(refuse("is not a regular file"));
    }
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // What was looked at may be another file by now.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| failed(path, error))?;
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

/// Takes the rights of others away, which an older version left them.
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

/// The user whose rights the program has.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}
