//! The file of an export, with the partial file and the checkpoint beside it.
//!
//! Data is on the disk before its checkpoint, and each checkpoint replaces the one
//! before atomically. So whenever the process ends, the partial file may exceed the
//! checkpoint only by a page that will be read again; it is truncated.
//!
//! The files have mode 0600 and are no symbolic links, since an export holds what
//! customers wrote.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use heymarket_api::{Checkpoint, RawRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::Options;
use crate::failure::Failure;
use crate::files::{self, failed};

const VERSION: u32 = 1;

/// The content of a checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    pub(super) options: Options,
    /// The body of the request.
    pub(super) request: Value,
    /// The valid length of the partial file.
    pub(super) bytes: u64,
    pub(super) items: u64,
    /// The position of the walk; `None` at its start.
    pub(super) walk: Option<Checkpoint>,
    /// Whether everything is written, and only the rename is left.
    pub(super) is_written: bool,
}

impl Saved {
    pub(super) fn new(options: &Options, request: &RawRequest) -> Self {
        Self {
            version: VERSION,
            options: options.clone(),
            request: request.body().cloned().unwrap_or_default(),
            bytes: 0,
            items: 0,
            walk: None,
            is_written: false,
        }
    }
}

/// The state of an export's files.
pub(super) enum Opened {
    /// No export: a new one begins.
    New(Store),
    /// An unfinished export.
    Unfinished(Store, Box<Saved>),
    /// An export that lacked only the rename, which is done now.
    Finished,
}

/// The files of an export, locked against other processes.
pub(super) struct Store {
    paths: Paths,
    partial: File,
    bytes: u64,
}

struct Paths {
    whole: PathBuf,
    partial: PathBuf,
    checkpoint: PathBuf,
    /// The checkpoint that is being written.
    next_checkpoint: PathBuf,
}

impl Paths {
    fn new(whole: &Path) -> Self {
        let beside = |suffix: &str| {
            let mut name = OsString::from(whole);
            name.push(suffix);
            PathBuf::from(name)
        };
        Self {
            whole: whole.to_owned(),
            partial: beside(".partial"),
            checkpoint: beside(".checkpoint"),
            next_checkpoint: beside(".checkpoint.new"),
        }
    }

    /// Rejects paths that an export cannot be written to.
    fn check(&self, force: bool) -> Result<(), Failure> {
        // Neither may be opened later, which would reject a link.
        files::refuse_link(&self.whole)?;
        files::refuse_link(&self.checkpoint)?;
        let shown = self.whole.display();
        if !force && self.whole.exists() && !self.checkpoint.exists() {
            return Err(Failure::usage(format!(
                "{shown} exists; replace it with --force"
            )));
        }
        if self.whole.is_dir() {
            return Err(Failure::usage(format!("{shown} is a folder")));
        }
        Ok(())
    }

    /// Opens and locks the partial file.
    fn lock(&self) -> Result<File, Failure> {
        let shown = self.whole.display();
        let partial = files::open_private(&self.partial)?;
        match FileExt::try_lock(&partial) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::usage(format!("another export is writing {shown}")));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&self.partial, error)),
        }
        if !self.partial.exists() {
            // The locked file was renamed meanwhile.
            return Err(Failure::usage(format!(
                "another export has just written {shown}"
            )));
        }
        Ok(partial)
    }

    /// Renames a complete file.
    fn finish(&self) -> Result<(), Failure> {
        match fs::rename(&self.partial, &self.whole) {
            Ok(()) => {}
            // The process was killed after the rename.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.whole.exists() => {}
            Err(error) => return Err(failed(&self.whole, error)),
        }
        self.sync_folder()?;
        fs::remove_file(&self.checkpoint).map_err(|error| failed(&self.checkpoint, error))?;
        self.sync_folder()
    }

    /// Syncs the names of the files to the disk, where the platform needs it.
    fn sync_folder(&self) -> Result<(), Failure> {
        #[cfg(unix)]
        {
            let folder = match self.whole.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| failed(folder, error))?;
        }
        Ok(())
    }
}

impl Store {
    /// Opens the files of an export.
    ///
    /// # Errors
    ///
    /// Returns an error if the file exists, belongs to another export, or was changed.
    pub(super) fn open(whole: &Path, force: bool) -> Result<Opened, Failure> {
        let paths = Paths::new(whole);
        paths.check(force)?;
        let partial = paths.lock()?;
        let in_partial = |error| failed(&paths.partial, error);
        let length = partial.metadata().map_err(in_partial)?.len();
        let mut store = Self {
            paths,
            partial,
            bytes: 0,
        };
        if force {
            store.reset()?;
            return Ok(Opened::New(store));
        }
        match store.load()? {
            None if length > 0 => Err(Failure::usage(format!(
                "{} exists without a checkpoint; move it away, or replace it with --force",
                store.paths.partial.display()
            ))),
            None => Ok(Opened::New(store)),
            Some(saved) if saved.is_written => {
                if length == 0 && saved.bytes > 0 {
                    // The complete file is renamed; this one is new.
                    let partial = &store.paths.partial;
                    fs::remove_file(partial).map_err(|error| failed(partial, error))?;
                }
                store.paths.finish()?;
                Ok(Opened::Finished)
            }
            Some(saved) if length < saved.bytes => Err(Failure::usage(format!(
                "{} was changed: it has {length} bytes instead of at least {}; restart with --force",
                store.paths.partial.display(),
                saved.bytes
            ))),
            Some(saved) => {
                store.truncate(saved.bytes)?;
                Ok(Opened::Unfinished(store, Box::new(saved)))
            }
        }
    }

    /// Restarts the export. The complete file of an earlier one stays until then.
    fn reset(&mut self) -> Result<(), Failure> {
        let path = &self.paths.checkpoint;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(path, error));
            }
            _ => {}
        }
        self.truncate(0)
    }

    /// Truncates the partial file.
    fn truncate(&mut self, bytes: u64) -> Result<(), Failure> {
        self.bytes = bytes;
        self.partial
            .set_len(bytes)
            .and_then(|()| self.partial.seek(SeekFrom::Start(bytes)))
            .map_err(|error| failed(&self.paths.partial, error))?;
        Ok(())
    }

    fn load(&self) -> Result<Option<Saved>, Failure> {
        let path = &self.paths.checkpoint;
        let Some(text) = files::read_private(path)? else {
            return Ok(None);
        };
        let damaged = |problem: &str| {
            Failure::other(format!(
                "{}: {problem}; restart with --force",
                path.display()
            ))
        };
        let saved: Saved = serde_json::from_str(&text)
            .map_err(|error| damaged(&format!("malformed in line {}", error.line())))?;
        if saved.version != VERSION {
            return Err(damaged("written by another version of this program"));
        }
        Ok(Some(saved))
    }

    /// Appends to the partial file, and returns its length.
    pub(super) fn append(&mut self, data: &[u8]) -> Result<u64, Failure> {
        self.partial
            .write_all(data)
            .and_then(|()| self.partial.sync_data())
            .map_err(|error| failed(&self.paths.partial, error))?;
        self.bytes += data.len() as u64;
        Ok(self.bytes)
    }

    /// Replaces the checkpoint.
    pub(super) fn save(&self, saved: &Saved) -> Result<(), Failure> {
        let path = &self.paths.next_checkpoint;
        let text = serde_json::to_vec(saved)
            .map_err(|error| Failure::other(format!("the checkpoint: {error}")))?;
        let mut file = files::create_private(path)?;
        file.write_all(&text)
            .and_then(|()| file.sync_data())
            .and_then(|()| fs::rename(path, &self.paths.checkpoint))
            .map_err(|error| failed(path, error))
    }

    /// Removes the partial file of an export that never began.
    pub(super) fn abandon(self) {
        if !self.paths.checkpoint.exists() {
            // It is empty and harmless if it stays.
            let _ = fs::remove_file(&self.paths.partial);
        }
    }

    /// Renames the complete file, and removes the others.
    pub(super) fn finish(self) -> Result<PathBuf, Failure> {
        self.partial
            .sync_all()
            .map_err(|error| failed(&self.paths.partial, error))?;
        self.paths.finish()?;
        Ok(self.paths.whole)
    }
}
