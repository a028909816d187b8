//! Names that were looked up within a day, kept beside the config file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::catalog::spec::Entity;
use crate::config;
use crate::failure::Failure;
use crate::files;

const VERSION: u32 = 1;

/// How long names are kept.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    kinds: BTreeMap<String, Kept>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    fetched: Timestamp,
    entries: Vec<Entry>,
}

/// The cache of an account. Its file has mode 0600, since names are personal.
pub(crate) struct Cache {
    path: PathBuf,
    content: Content,
}

impl Cache {
    /// Reads the cache of an account, which its fingerprint identifies. An
    /// unreadable cache is an empty one.
    ///
    /// # Errors
    ///
    /// Returns an error if no folder for it is known.
    pub(crate) fn open(fingerprint: &str) -> Result<Self, Failure> {
        let folder = config::file::folder()?;
        let path = folder.join(format!("names-{fingerprint}.json"));
        let text = files::read_private(&path).ok().flatten();
        let content = text.and_then(|text| serde_json::from_str::<Content>(&text).ok());
        let content = content.filter(|content| content.version == VERSION);
        Ok(Self {
            path,
            content: content.unwrap_or(Content {
                version: VERSION,
                kinds: BTreeMap::new(),
            }),
        })
    }

    /// Returns the entries of a kind, unless they are older than a day.
    pub(crate) fn get(&self, entity: Entity, now: Timestamp) -> Option<&[Entry]> {
        let kept = self.content.kinds.get(key(entity))?;
        let age = now.duration_since(kept.fetched);
        let is_fresh = !age.is_negative() && age < LIFETIME;
        is_fresh.then_some(kept.entries.as_slice())
    }

    /// Keeps the entries of a kind. A cache that cannot be written is not an error,
    /// since it only saves requests.
    pub(crate) fn put(&mut self, entity: Entity, entries: &[Entry], now: Timestamp) {
        let kept = Kept {
            fetched: now,
            entries: entries.to_vec(),
        };
        self.content.kinds.insert(key(entity).to_owned(), kept);
        let _ = self.save();
    }

    fn save(&self) -> Result<(), Failure> {
        let failed = |error| files::failed(&self.path, error);
        if let Some(folder) = self.path.parent() {
            config::permissions::make_folder(folder).map_err(failed)?;
        }
        let text = serde_json::to_vec(&self.content)
            .map_err(|error| Failure::other(format!("the names: {error}")))?;
        // Two commands at once each write a file of their own.
        let new = self
            .path
            .with_extension(format!("{}.new", std::process::id()));
        let mut file = files::create_private(&new)?;
        file.write_all(&text)
            .and_then(|()| fs::rename(&new, &self.path))
            .map_err(failed)
    }
}

fn key(entity: Entity) -> &'static str {
    match entity {
        Entity::Inbox => "inboxes",
        Entity::Member => "members",
        Entity::List => "lists",
        Entity::Template => "templates",
        Entity::Survey => "surveys",
        Entity::Tag => "tags",
    }
}
