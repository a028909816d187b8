//! Files that the command writes: private files without symbolic links, and files
//! that are replaced atomically.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::failure::Failure;

/// Returns a usage error for a symbolic link.
pub(crate) fn refuse_link(path: &Path) -> Result<(), Failure> {
    if path.is_symlink() {
        return Err(Failure::usage(format!(
            "{} is a symbolic link, which is not followed; name the file itself",
            path.display()
        )));
    }
    Ok(())
}

/// Opens a private file for reading and writing, and creates it if it does not exist.
///
/// # Errors
///
/// Returns an error if the path is not a regular file, or if another user owns it.
pub(crate) fn open_private(path: &Path) -> Result<File, Failure> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => return created.map_err(|error| failed(path, error)),
    }
    let file = open_existing(path, File::options().read(true).write(true))?;
    close_to_others(&file).map_err(|error| failed(path, error))?;
    Ok(file)
}

/// Reads a private file, and closes it to others. Returns `None` if it does not exist.
///
/// # Errors
///
/// Returns an error as [`open_private`] does.
pub(crate) fn read_private(path: &Path) -> Result<Option<String>, Failure> {
    // A dangling link exists, and is rejected below.
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let file = open_existing(path, File::options().read(true))?;
    close_to_others(&file).map_err(|error| failed(path, error))?;
    let text = io::read_to_string(file).map_err(|error| failed(path, error))?;
    Ok(Some(text))
}

/// Reads a private file. If it does not exist or is blank, creates it with a text. Of
/// processes that do so at the same time, one writes its text, and all return it.
///
/// # Errors
///
/// Returns an error as [`open_private`] does.
pub(crate) fn read_or_create_private(
    path: &Path,
    create: impl FnOnce() -> String,
) -> Result<String, Failure> {
    if let Some(text) = read_private(path)?
        && !text.trim().is_empty()
    {
        return Ok(text);
    }
    let failed = |error| failed(path, error);
    let mut file = open_private(path)?;
    file.lock().map_err(failed)?;
    let text = io::read_to_string(&file).map_err(failed)?;
    if !text.trim().is_empty() {
        return Ok(text);
    }
    let text = create();
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    Ok(text)
}

/// Creates a private file in place of any other.
pub(crate) fn create_private(path: &Path) -> Result<File, Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path, error)),
        _ => {}
    }
    create_new(path).map_err(|error| failed(path, error))
}

/// Replaces a public file atomically.
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

/// Returns the failure of an operation on a file.
pub(crate) fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::other(format!("{}: {error}", path.display()))
}

/// Creates a file with mode 0600. A link exists, so it is not followed.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create_new(true).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a regular file that the user owns.
fn open_existing(path: &Path, options: &mut OpenOptions) -> Result<File, Failure> {
    refuse_link(path)?;
    let refuse = |problem: &str| Failure::usage(format!("{} {problem}", path.display()));
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // The path may be a link by now, or a pipe without a writer.
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

/// Removes the permissions of other users, which older versions left.
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

/// Returns the effective user ID.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn all_who_create_a_private_file_read_one_text() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        // As a process leaves it that dies before it writes.
        fs::write(&path, "").expect("a file");
        let threads: Vec<_> = (0..16)
            .map(|number: u32| {
                let path = path.clone();
                std::thread::spawn(move || read_or_create_private(&path, || number.to_string()))
            })
            .collect();
        for thread in threads {
            let text = thread.join().expect("a thread").expect("a text");
            assert_eq!(text, fs::read_to_string(&path).expect("a file"));
        }
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_file_that_is_read_is_closed_to_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        fs::write(&path, "text").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
        assert_eq!(read_private(&path).ok(), Some(Some("text".to_owned())));
        assert_eq!(mode(&path), 0o600);
    }
}
