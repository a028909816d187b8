//! Completes values on the command line, from the names that are kept.

use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use jiff::Timestamp;

use crate::catalog::spec::Entity;
use crate::config::defaults::Key;
use crate::config::file::ConfigFile;
use crate::connection::server::Server;
use crate::connection::source::Source;
use crate::directory::cache::Cache;
use crate::environment::variable;
use crate::globals::Globals;

/// Returns the completer of an entity's names. It sends nothing: only names that
/// were looked up within a day complete.
pub(crate) fn of_entity(entity: Entity) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| names(entity, current))
}

/// Returns the completer of profiles.
pub(crate) fn of_profiles() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let Ok(file) = ConfigFile::load() else {
            return Vec::new();
        };
        let names = file.profiles().map(|(name, _)| name.to_owned());
        matching(names, current)
    })
}

/// Returns the completer of the keys of defaults.
pub(crate) fn of_keys() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        matching(Key::ALL.map(|key| key.name().to_owned()), current)
    })
}

fn matching(values: impl IntoIterator<Item = String>, current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy().to_lowercase();
    values
        .into_iter()
        .filter(|value| value.to_lowercase().starts_with(&current))
        .map(CompletionCandidate::new)
        .collect()
}

/// Returns the names and IDs that begin with a text.
fn names(entity: Entity, current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(cache) = cache() else {
        return Vec::new();
    };
    let entries = cache.get(entity, Timestamp::now()).unwrap_or_default();
    let current = current.to_string_lossy().to_lowercase();
    let mut candidates = Vec::new();
    for entry in entries {
        let id = entry.id.to_string();
        if entry.name.to_lowercase().starts_with(&current) {
            let help = entry.detail.clone();
            let help = Some(help).filter(|help| !help.is_empty()).unwrap_or(id);
            candidates.push(CompletionCandidate::new(quoted(&entry.name)).help(Some(help.into())));
        } else if !current.is_empty() && id.starts_with(&current) {
            let help = entry.name.clone();
            candidates.push(CompletionCandidate::new(id).help(Some(help.into())));
        } else if entry.detail.contains('@') && entry.detail.starts_with(&current) {
            candidates.push(CompletionCandidate::new(&entry.detail));
        }
    }
    candidates
}

/// Returns a word as the shell has to get it. Bash inserts candidates as they are.
fn quoted(word: &str) -> String {
    let is_bash = std::env::var_os("COMPLETE").is_some_and(|shell| shell == "bash");
    if !is_bash {
        return word.to_owned();
    }
    let mut quoted = String::new();
    for c in word.chars() {
        if !(c.is_alphanumeric() || "-_.,:/@+=".contains(c)) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// Returns the names of the selected account.
fn cache() -> Option<Cache> {
    let source = Source::select(&Globals::default()).ok()?;
    let server = match source.profile().ok()? {
        Some((_, server)) => server,
        None => variable("HEYMARKET_BASE_URL")
            .ok()?
            .map_or_else(Server::production, Server::new),
    };
    Cache::open(&source.fingerprint(&server).ok()??).ok()
}
