//! Looks up names, in the cache or at the API.

use heymarket_api::Client;
use jiff::Timestamp;

use super::cache::Cache;
use super::entry::Entry;
use super::fetch::fetch;
use super::resolve::{Unresolved, resolve};
use crate::catalog::spec::Entity;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::names::Names;

/// The directory of the account that a connection is for.
pub(crate) struct Directory {
    client: Client,
    /// Where names are kept. The sandbox is asked each time.
    cache: Option<Cache>,
}

impl Directory {
    /// Opens the directory of a connection. Sends nothing.
    pub(crate) fn of(connection: &Connection) -> Self {
        let fingerprint = connection.fingerprint.as_deref();
        Self {
            client: connection.client.clone(),
            cache: fingerprint.and_then(|fingerprint| Cache::open(fingerprint).ok()),
        }
    }

    /// Returns all entries of a kind, from the cache if it has them.
    pub(crate) async fn entries(&mut self, entity: Entity) -> Result<Vec<Entry>, Failure> {
        let cached = self.cache.as_ref();
        match cached.and_then(|cache| cache.get(entity, Timestamp::now())) {
            Some(entries) => Ok(entries.to_vec()),
            None => self.refresh(entity).await,
        }
    }

    async fn refresh(&mut self, entity: Entity) -> Result<Vec<Entry>, Failure> {
        let entries = fetch(&self.client, entity).await?;
        if let Some(cache) = &mut self.cache {
            cache.put(entity, &entries, Timestamp::now());
        }
        Ok(entries)
    }

    /// Returns the ID that a text means: an ID as it is, or the ID of a name.
    ///
    /// # Errors
    ///
    /// Returns a usage error that lists the candidates if the name is unknown or
    /// ambiguous. An unknown name is looked for at the API before it is refused.
    pub(crate) async fn id(&mut self, entity: Entity, text: &str) -> Result<i64, Failure> {
        match text.trim().parse() {
            Ok(id) => Ok(id),
            Err(_) => Ok(self.find(entity, text).await?.id),
        }
    }

    /// Returns the entry of a name.
    async fn find(&mut self, entity: Entity, text: &str) -> Result<Entry, Failure> {
        let cached = self.cache.as_ref();
        let cached = cached.and_then(|cache| cache.get(entity, Timestamp::now()));
        if let Some(Ok(entry)) = cached.map(|entries| resolve(entity, text, entries)) {
            return Ok(entry.clone());
        }
        let entries = self.refresh(entity).await?;
        match resolve(entity, text, &entries) {
            Ok(entry) => Ok(entry.clone()),
            Err(Unresolved::Unknown(problem) | Unresolved::Ambiguous(problem)) => {
                Err(Failure::usage(problem))
            }
        }
    }

    /// Returns the name of an ID, if it can be found.
    pub(crate) async fn name(&mut self, entity: Entity, id: i64) -> Option<String> {
        let entries = self.entries(entity).await.ok()?;
        let entry = entries.into_iter().find(|entry| entry.id == id)?;
        Some(entry.name).filter(|name| !name.is_empty())
    }

    /// Returns the names to show in place of the IDs of inboxes and members. A
    /// failed lookup leaves IDs.
    pub(crate) async fn names(&mut self) -> Names {
        let mut names = Names::default();
        for (entity, names) in [
            (Entity::Inbox, &mut names.inboxes),
            (Entity::Member, &mut names.members),
        ] {
            let entries = self.entries(entity).await.unwrap_or_default();
            let named = entries.into_iter().filter(|entry| !entry.name.is_empty());
            names.extend(named.map(|entry| (entry.id, entry.name)));
        }
        names
    }
}
