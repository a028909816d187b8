//! Writes the generated files, all or none, or compares them with the tree.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use similar::TextDiff;
use tempfile::NamedTempFile;

use crate::error::Error;
use crate::output::{FOLDERS, OutputFile};

/// Returns a unified diff for each file of the tree that differs from `files`.
///
/// # Errors
///
/// Returns an error when an existing file cannot be read.
pub fn diff(root: &Path, files: &[OutputFile]) -> Result<Vec<String>, Error> {
    let mut diffs = Vec::new();
    for file in files {
        let found = read(root, &file.path)?.unwrap_or_default();
        if found != file.text {
            diffs.push(unified(&file.path, &found, &file.text));
        }
    }
    for path in stale(root, files)? {
        let found = read(root, &path)?.unwrap_or_default();
        diffs.push(unified(&path, &found, ""));
    }
    Ok(diffs)
}

pub(crate) fn unified(path: &str, found: &str, wanted: &str) -> String {
    TextDiff::from_lines(found, wanted)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

/// Writes `files`, and deletes files that only an earlier run wrote. Returns the
/// paths that changed.
///
/// # Errors
///
/// Returns an error when a file cannot be written. All files are then restored.
pub fn write(root: &Path, files: &[OutputFile]) -> Result<Vec<String>, Error> {
    let mut prepared = Vec::new();
    for file in files {
        let before = read(root, &file.path)?;
        if before.as_ref() != Some(&file.text) {
            let temporary = prepare(root, file)?;
            prepared.push((file.path.clone(), before, Some(temporary)));
        }
    }
    for path in stale(root, files)? {
        let before = read(root, &path)?;
        prepared.push((path, before, None));
    }

    let mut done: Vec<(String, Option<String>)> = Vec::new();
    for (path, before, temporary) in prepared {
        let target = root.join(&path);
        let outcome = match temporary {
            Some(temporary) => temporary.persist(&target).map(drop).map_err(|e| e.error),
            None => fs::remove_file(&target),
        };
        if let Err(error) = outcome {
            return Err(restore(root, &done, &path, &error));
        }
        done.push((path, before));
    }
    Ok(done.into_iter().map(|(path, _)| path).collect())
}

/// Replaces one file as a whole, and no other.
pub(crate) fn replace_one(root: &Path, file: &OutputFile) -> Result<(), Error> {
    let temporary = prepare(root, file)?;
    let persisted = temporary.persist(root.join(&file.path));
    persisted.map(drop).map_err(|error| Error::Unwritable {
        path: PathBuf::from(&file.path),
        reason: error.error.to_string(),
    })
}

/// Writes a temporary file beside its target, so that a rename completes it.
fn prepare(root: &Path, file: &OutputFile) -> Result<NamedTempFile, Error> {
    let target = root.join(&file.path);
    let folder = target.parent().unwrap_or(root);
    let write = || {
        fs::create_dir_all(folder)?;
        let mut temporary = NamedTempFile::new_in(folder)?;
        temporary.write_all(file.text.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let permissions = fs::Permissions::from_mode(0o644);
            temporary.as_file().set_permissions(permissions)?;
        }
        Ok(temporary)
    };
    write().map_err(|error: std::io::Error| Error::Unwritable {
        path: PathBuf::from(&file.path),
        reason: error.to_string(),
    })
}

/// Restores the files that were already replaced.
fn restore(
    root: &Path,
    done: &[(String, Option<String>)],
    path: &str,
    error: &std::io::Error,
) -> Error {
    let mut unrestored = Vec::new();
    for (path, before) in done {
        let target = root.join(path);
        let outcome = match before {
            Some(text) => fs::write(target, text),
            None => fs::remove_file(target),
        };
        if outcome.is_err() {
            unrestored.push(path.clone());
        }
    }
    let path = PathBuf::from(path);
    let reason = error.to_string();
    if unrestored.is_empty() {
        Error::Unwritable { path, reason }
    } else {
        Error::HalfWritten {
            path,
            reason,
            unrestored: unrestored.join(", "),
        }
    }
}

/// Returns the text of a file; `None` if the file does not exist.
pub(crate) fn read(root: &Path, path: &str) -> Result<Option<String>, Error> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Unreadable {
            path: PathBuf::from(path),
            reason: error.to_string(),
        }),
    }
}

/// Returns the text of a file, which has to exist.
pub(crate) fn read_existing(root: &Path, path: &str) -> Result<String, Error> {
    read(root, path)?.ok_or_else(|| Error::Unreadable {
        path: PathBuf::from(path),
        reason: "the file does not exist".to_owned(),
    })
}

/// Returns the files of the generated folders that are no longer generated.
fn stale(root: &Path, files: &[OutputFile]) -> Result<Vec<String>, Error> {
    let mut stale = Vec::new();
    for folder in FOLDERS {
        let unreadable = |error: std::io::Error| Error::Unreadable {
            path: PathBuf::from(folder),
            reason: error.to_string(),
        };
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries {
            let name = entry.map_err(unreadable)?.file_name();
            let path = format!("{folder}/{}", name.to_string_lossy());
            if path.ends_with(".rs") && files.iter().all(|file| file.path != path) {
                stale.push(path);
            }
        }
    }
    stale.sort();
    Ok(stale)
}
