//! The file of an export, and what is beside it until it is whole.
//!
//! Data is on the disk before the checkpoint says so, and each checkpoint takes
//! the place of the one before at once. So whenever the program ends, what the
//! partial file holds beyond the checkpoint is of a page that comes again, and is
//! cut off.
//!
//! All of them are for their owner only, and none is a symbolic link: an export
//! holds what customers wrote.

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

/// What a checkpoint holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    pub(super) options: Options,
    /// The body of the request, which stays the same.
    pub(super) request: Value,
    /// How much of the partial file is good.
    pub(super) bytes: u64,
    pub(super) items: u64,
    /// Where the walk is; at its start, if it is nowhere.
    pub(super) walk: Option<Checkpoint>,
    /// Whether all is written, and only the name is to be changed.
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

/// What was found where an export is to go.
pub(super) enum Opened {
    /// Nothing: a new one begins.
    New(Store),
    /// One that was not finished.
    Begun(Store, Box<Saved>),
    /// One that lacked nothing but its name, which it has now.
    Finished,
}

/// The files of an export that nobody else works on.
pub(super) struct Store {
    paths: Paths,
    partial: File,
    bytes: u64,
}

struct Paths {
    whole: PathBuf,
    partial: PathBuf,
    checkpoint: PathBuf,
    /// A checkpoint that is being written.
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

    /// Refuses what an export cannot be written to.
    fn check(&self, force: bool) -> Result<(), Failure> {
        // Neither need be opened, which refuses a link.
        files::refuse_link(&self.whole)?;
        files::refuse_link(&self.checkpoint)?;
        let shown = self.whole.display();
        if !force && self.whole.exists() && !self.checkpoint.exists() {
            return Err(Failure::usage(format!(
                "{shown} is there already; --force replaces it"
            )));
        }
        if self.whole.is_dir() {
            return Err(Failure::usage(format!("{shown} is a folder")));
        }
        Ok(())
    }

    /// Opens the partial file, which nobody else may work on.
    fn lock(&self) -> Result<File, Failure> {
        let shown = self.whole.display();
        let partial = files::open_private(&self.partial)?;
        match FileExt::try_lock(&partial) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::usage(format!(
                    "another export writes to {shown} right now"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&self.partial, error)),
        }
        if !self.partial.exists() {
            // The lock is of a file that has got its name by now.
            return Err(Failure::usage(format!(
                "another export has just written {shown}"
            )));
        }
        Ok(partial)
    }

    /// Gives a file that is all written its name.
    fn finish(&self) -> Result<(), Failure> {
        match fs::rename(&self.partial, &self.whole) {
            Ok(()) => {}
            // It was killed after it was renamed.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.whole.exists() => {}
            Err(error) => return Err(failed(&self.whole, error)),
        }
        self.sync_folder()?;
        fs::remove_file(&self.checkpoint).map_err(|error| failed(&self.checkpoint, error))?;
        self.sync_folder()
    }

    /// Sees to it that the names are on the disk; elsewhere they are anyway.
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
            store.forget()?;
            return Ok(Opened::New(store));
        }
        match store.load()? {
            None if length > 0 => Err(Failure::usage(format!(
                "{} is there, and no export was begun that it belongs to; move it away, or replace \
                 it with --force",
                store.paths.partial.display()
            ))),
            None => Ok(Opened::New(store)),
            Some(saved) if saved.is_written => {
                if length == 0 && saved.bytes > 0 {
                    // It has its name already, and this one was just made.
                    let partial = &store.paths.partial;
                    fs::remove_file(partial).map_err(|error| failed(partial, error))?;
                }
                store.paths.finish()?;
                Ok(Opened::Finished)
            }
            Some(saved) if length < saved.bytes => Err(Failure::usage(format!(
                "{} has {length} bytes and should have {} at least: it was changed; begin anew \
                 with --force",
                store.paths.partial.display(),
                saved.bytes
            ))),
            Some(saved) => {
                store.cut(saved.bytes)?;
                Ok(Opened::Begun(store, Box::new(saved)))
            }
        }
    }

    /// Begins with nothing. What has the name stays until it is replaced.
    fn forget(&mut self) -> Result<(), Failure> {
        let path = &self.paths.checkpoint;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(path, error));
            }
            _ => {}
        }
        self.cut(0)
    }

    /// Cuts off what is beyond so many bytes.
    fn cut(&mut self, bytes: u64) -> Result<(), Failure> {
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
                "{}: {problem}; begin anew with --force",
                path.display()
            ))
        };
        let saved: Saved = serde_json::from_str(&text)
            .map_err(|error| damaged(&format!("it is damaged, in line {}", error.line())))?;
        if saved.version != VERSION {
            return Err(damaged("it is of another version of this program"));
        }
        Ok(Some(saved))
    }

    /// Adds to the partial file; gives how long it is then.
    pub(super) fn append(&mut self, data: &[u8]) -> Result<u64, Failure> {
        self.partial
            .write_all(data)
            .and_then(|()| self.partial.sync_data())
            .map_err(|error| failed(&self.paths.partial, error))?;
        self.bytes += data.len() as u64;
        Ok(self.bytes)
    }

    /// Writes a checkpoint in the place of the last one.
    pub(super) fn note(&self, saved: &Saved) -> Result<(), Failure> {
        let path = &self.paths.next_checkpoint;
        let text = serde_json::to_vec(saved)
            .map_err(|error| Failure::other(format!("the checkpoint: {error}")))?;
        let mut file = files::create_private(path)?;
        file.write_all(&text)
            .and_then(|()| file.sync_data())
            .and_then(|()| fs::rename(path, &self.paths.checkpoint))
            .map_err(|error| failed(path, error))
    }

    /// Leaves nothing behind of an export that never began.
    pub(super) fn abandon(self) {
        if !self.paths.checkpoint.exists() {
            // It is empty, and harms nobody if it stays.
            let _ = fs::remove_file(&self.paths.partial);
        }
    }

    /// Gives the file its name; what was beside it is gone then.
    pub(super) fn finish(self) -> Result<PathBuf, Failure> {
        self.partial
            .sync_all()
            .map_err(|error| failed(&self.paths.partial, error))?;
        self.paths.finish()?;
        Ok(self.paths.whole)
    }
}
