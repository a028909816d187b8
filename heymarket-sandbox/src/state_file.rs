//! The state file, and the lock that keeps other sandboxes out of it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs4::{FileExt, TryLockError};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::error::{Error, Kind};
use crate::store::Store;
use crate::webhooks::Webhook;

/// The format of the file. It increases when older files can no longer be read.
const FORMAT: u32 = 1;

/// How often a waiting sandbox tries to take the lock.
const LOCK_INTERVAL: Duration = Duration::from_millis(10);

/// The name of a temporary file: this prefix, random characters, `-`, and the
/// name of the state file.
const TEMPORARY: &str = ".heymarket-sandbox-";
const RANDOM: usize = 6;

/// The saved state. The settings of the start are not saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedState {
    format: u32,
    pub(crate) clock: Clock,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) store: Store,
}

#[derive(Serialize)]
pub(crate) struct SavedStateRef<'a> {
    format: u32,
    clock: &'a Clock,
    webhooks: &'a [Webhook],
    store: &'a Store,
}

impl<'a> SavedStateRef<'a> {
    pub(crate) fn new(clock: &'a Clock, webhooks: &'a [Webhook], store: &'a Store) -> Self {
        Self {
            format: FORMAT,
            clock,
            webhooks,
            store,
        }
    }
}

/// A state file, locked until this is dropped or the process ends.
///
/// The lock is on a separate file, `FILE.lock`, since a save replaces the state
/// file and would leave its lock behind. The lock file stays: removing it would
/// take it from a sandbox that waits.
pub(crate) struct StateFile {
    path: PathBuf,
    /// Held for its lock.
    _lock: File,
}

impl StateFile {
    /// Locks the file. Waits up to `wait` for another sandbox to release it.
    pub(crate) async fn open(path: PathBuf, wait: Duration) -> Result<Self, Error> {
        let lock = Self::lock(&path, wait).await?;
        remove_leftovers(&path);
        Ok(Self { path, _lock: lock })
    }

    async fn lock(path: &Path, wait: Duration) -> Result<File, Error> {
        // No lock file is created beside a path that cannot be a state file.
        check_regular(path).map_err(|source| Kind::ReadState {
            path: path.to_owned(),
            source,
        })?;
        let mut lock_path = OsString::from(path);
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let failed = |source| Kind::LockState {
            path: lock_path.clone(),
            source,
        };
        let lock = open_or_create(&lock_path).map_err(failed)?;
        let start = Instant::now();
        loop {
            match FileExt::try_lock(&lock) {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(source)) => return Err(failed(source).into()),
                Err(TryLockError::WouldBlock) if start.elapsed() >= wait => {
                    let path = path.to_owned();
                    return Err(Kind::StateInUse { path, wait }.into());
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_INTERVAL).await,
            }
        }
    }

    /// Reads the state. Returns `None` if the file does not exist.
    pub(crate) fn load(&self) -> Result<Option<SavedState>, Error> {
        let text = match read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                let path = self.path.clone();
                return Err(Kind::ReadState { path, source }.into());
            }
        };
        let state = parse(&text).map_err(|problem| Kind::DamagedState {
            path: self.path.clone(),
            problem,
        })?;
        Ok(Some(state))
    }

    /// Replaces the whole file. A process that is killed meanwhile leaves the
    /// old one.
    pub(crate) fn save(&self, text: &[u8]) -> Result<(), Error> {
        replace(&self.path, text).map_err(|source| {
            let path = self.path.clone();
            Kind::SaveState { path, source }.into()
        })
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .rand_bytes(RANDOM)
        .suffix(&suffix(path))
        .tempfile_in(folder(path))?;
    file.write_all(text)?;
    // Synced before the rename, so that no crash leaves an empty file.
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(path);
    Ok(())
}

/// Returns the suffix of every temporary file of a state file.
fn suffix(path: &Path) -> OsString {
    let mut suffix = OsString::from("-");
    suffix.push(path.file_name().unwrap_or_default());
    suffix
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Removes the temporary files of processes that were killed during a save.
/// Only the owner of the lock may do so, since only it writes them.
fn remove_leftovers(path: &Path) {
    let suffix = suffix(path);
    let suffix = suffix.as_encoded_bytes();
    let is_leftover = |name: &[u8]| {
        // With exactly `RANDOM` characters between, the name belongs to this
        // state file.
        let rest = name.strip_prefix(TEMPORARY.as_bytes());
        rest.and_then(|rest| rest.get(RANDOM..)) == Some(suffix)
    };
    let entries = fs::read_dir(folder(path)).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_leftover(entry.file_name().as_encoded_bytes())) {
        // A leftover that cannot be removed does no harm.
        let _ = fs::remove_file(entry.path());
    }
}

/// Returns an error if the path exists and is not a regular file. A symbolic
/// link is not followed: a save would replace the link, not its target.
fn check_regular(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            Err(io::Error::other("it is a symbolic link; name its target"))
        }
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens an existing regular file.
fn open_regular(path: &Path, options: &OpenOptions) -> io::Result<File> {
    check_regular(path)?;
    let file = options.open(path)?;
    // A link may have replaced the file after the check.
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (opened, named) = (file.metadata()?, fs::symlink_metadata(path)?);
        if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
            return Err(io::Error::other("it was replaced while it was opened"));
        }
    }
    Ok(file)
}

/// Opens the lock file, creating it if needed.
fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Creating a file follows no link.
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            open_regular(path, File::options().read(true).write(true))
        }
        created => created,
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    open_regular(path, File::options().read(true))?.read_to_end(&mut text)?;
    Ok(text)
}

/// Writes the rename to the disk. Where a folder cannot be synced, a crash of
/// the machine may bring back the previous state.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    {
        let folder = File::open(folder(path));
        let _ = folder.and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

pub(crate) fn parse(text: &[u8]) -> Result<SavedState, String> {
    /// Enough to tell another format from a damaged file.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let head: Head = serde_json::from_slice(text).map_err(|error| place(&error))?;
    if head.format != FORMAT {
        return Err(format!(
            "its format is {}, and this version reads format {FORMAT}",
            head.format
        ));
    }
    let mut state: SavedState = serde_json::from_slice(text).map_err(|error| place(&error))?;
    debug_assert_eq!(state.format, FORMAT);
    state.store.restore()?;
    Ok(state)
}

/// Returns where the file is damaged. serde's message is left out, since it may
/// quote a value.
fn place(error: &serde_json::Error) -> String {
    let problem = match error.classify() {
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Eof => "it ends too early",
        _ => "a member is missing, unknown or of another type, or an id occurs twice",
    };
    format!(
        "{problem} (line {} column {})",
        error.line(),
        error.column()
    )
}
