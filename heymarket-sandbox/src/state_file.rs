//! The file that a sandbox keeps its state in.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::error::{Error, Kind};
use crate::store::Store;
use crate::webhooks::Webhook;

/// Goes up when a file of before cannot be read any more.
const FORMAT: u32 = 1;

/// What is saved. The setting that the sandbox was started with are not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    format: u32,
    pub(crate) clock: Clock,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) store: Store,
}

#[derive(Serialize)]
pub(crate) struct StateRef<'a> {
    format: u32,
    clock: &'a Clock,
    webhooks: &'a [Webhook],
    store: &'a Store,
}

impl<'a> StateRef<'a> {
    pub(crate) fn new(clock: &'a Clock, webhooks: &'a [Webhook], store: &'a Store) -> Self {
        Self {
            format: FORMAT,
            clock,
            webhooks,
            store,
        }
    }
}

/// Reads a state, if the file is there.
pub(crate) fn load(path: &Path) -> Result<Option<State>, Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(Kind::ReadState { path, source }.into());
        }
    };
    let state = parse(&text).map_err(|problem| Kind::DamagedState {
        path: path.to_owned(),
        problem,
    })?;
    Ok(Some(state))
}

fn parse(text: &[u8]) -> Result<State, String> {
    /// Enough to tell a file of another format from a damaged one.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let head: Head = serde_json::from_slice(text).map_err(|error| place(&error))?;
    if head.format != FORMAT {
        return Err(format!(
            "it is of format {}, and this version reads format {FORMAT}",
            head.format
        ));
    }
    let mut state: State = serde_json::from_slice(text).map_err(|error| place(&error))?;
    debug_assert_eq!(state.format, FORMAT);
    state.store.restore()?;
    Ok(state)
}

/// Where it is damaged. The words of serde may hold a value, and are left out.
fn place(error: &serde_json::Error) -> String {
    let problem = match error.classify() {
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Eof => "it ends too early",
        _ => "a member is missing, unknown or of another type, or an id is there twice",
    };
    format!(
        "{problem} (line {} column {})",
        error.line(),
        error.column()
    )
}

/// Replaces the file as a whole: whoever is killed meanwhile leaves the old one.
pub(crate) fn save(path: &Path, text: &[u8]) -> Result<(), Error> {
    write(path, text).map_err(|source| {
        Kind::SaveState {
            path: path.to_owned(),
            source,
        }
        .into()
    })
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".heymarket-sandbox-")
        .tempfile_in(&folder)?;
    file.write_all(text)?;
    // Before the name is given to it, so that no crash leaves it empty.
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
