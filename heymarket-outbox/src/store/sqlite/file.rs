//! The file: private, no link, and sent from by one process at a time.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::super::ledger::{Hold, Pending, RunLock};
use crate::error::{Error, ErrorKind};

/// Creates the file if it does not exist, with mode 0600, and makes sure that
/// it is a regular file of the user. Returns a path without links to it.
///
/// SQLite gives its log and its index the mode of the database.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, Error> {
    let Some(name) = path.file_name() else {
        return Err(failed(path, "it is not the name of a file"));
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let folder = folder
        .canonicalize()
        .map_err(|error| failed(folder, &error.to_string()))?;
    let path = folder.join(name);
    private(&path)?;
    Ok(path)
}

/// The file that says who sends, locked for as long as it is open.
struct Locked(File);

impl Hold for Locked {
    fn release(self: Box<Self>) -> Pending<'static, ()> {
        drop(self.0);
        Box::pin(async { Ok(()) })
    }
}

/// Locks the file that says who sends: `FILE.lock`, which stays.
pub(super) fn lock(path: &Path) -> Result<RunLock, Error> {
    let mut lock_path = OsString::from(path);
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let file = private(&lock_path)?;
    match file.try_lock() {
        Ok(()) => Ok(Box::new(Locked(file))),
        Err(TryLockError::WouldBlock) => Err(Error::new(
            ErrorKind::InUse,
            format!(
                "another process sends from {}; wait for it, or stop it",
                path.display()
            ),
        )),
        Err(TryLockError::Error(error)) => Err(failed(&lock_path, &error.to_string())),
    }
}

/// Opens a private file, and creates it if it does not exist.
fn private(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => existing(path),
        created => created.map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                let problem = format!("cannot be created: {error}");
                read_only(
                    path,
                    &problem,
                    "make its folder writable, or name another file",
                )
            }
            _ => failed(path, &error.to_string()),
        }),
    }
}

fn existing(path: &Path) -> Result<File, Error> {
    let found = fs::symlink_metadata(path).map_err(|error| failed(path, &error.to_string()))?;
    if found.is_symlink() {
        return Err(failed(path, "it is a symbolic link; name its target"));
    }
    if !found.is_file() {
        return Err(failed(path, "it is not a regular file"));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // The path may be a link by now.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            let problem = format!("cannot be written: {error}");
            read_only(path, &problem, "make it and its folder writable")
        }
        _ => failed(path, &error.to_string()),
    })?;
    #[cfg(unix)]
    close_to_others(path, &file)?;
    Ok(file)
}

/// Refuses a file of another user, and removes the rights of others.
#[cfg(unix)]
fn close_to_others(path: &Path, file: &File) -> Result<(), Error> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let found = file
        .metadata()
        .map_err(|error| failed(path, &error.to_string()))?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(failed(path, "it belongs to another user"));
    }
    if found.mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(|error| failed(path, &error.to_string()))?;
    }
    Ok(())
}

fn read_only(path: &Path, problem: &str, remedy: &str) -> Error {
    let path = path.display();
    Error::new(
        ErrorKind::Storage,
        format!("{path} {problem}; nothing is lost; {remedy} and run it again"),
    )
}

fn failed(path: &Path, problem: &str) -> Error {
    Error::new(
        ErrorKind::Database,
        format!("{}: {problem}", path.display()),
    )
}
