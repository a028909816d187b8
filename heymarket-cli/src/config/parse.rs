//! Parses the config file.

use std::collections::BTreeMap;

use toml_edit::{Item, Table, TableLike};

use super::defaults::{Defaults, Key};
use super::profile::Profile;
use super::secret::Secret;
use crate::connection::server::Server;

/// The member that names the active profile.
pub(super) const ACTIVE: &str = "profile";
/// The member that holds the profiles.
pub(super) const PROFILES: &str = "profiles";
/// The member that holds defaults, of the file or of a profile.
pub(super) const DEFAULTS: &str = "defaults";
/// The member that holds the aliases.
pub(super) const ALIASES: &str = "aliases";

/// The members of a profile.
const PROFILE_MEMBERS: [&str; 6] = [
    "secret_id",
    "secret_key",
    "api_key",
    "secret_command",
    "base_url",
    DEFAULTS,
];

/// The content of a config file.
#[derive(Default)]
pub(super) struct Content {
    pub(super) active: Option<String>,
    pub(super) profiles: BTreeMap<String, Profile>,
    pub(super) defaults: Defaults,
    pub(super) aliases: BTreeMap<String, String>,
}

/// A mistake in a file, with the byte at which it begins.
pub(super) struct Mistake {
    pub(super) at: Option<usize>,
    pub(super) problem: String,
}

impl Mistake {
    fn at(item: &Item, problem: impl Into<String>) -> Self {
        Self {
            at: item.span().map(|span| span.start),
            problem: problem.into(),
        }
    }
}

/// Parses a document. An error quotes no value: it may be a secret.
pub(super) fn parse(root: &Table) -> Result<Content, Mistake> {
    let mut content = Content::default();
    for (member, item) in root.iter() {
        match member {
            ACTIVE => {}
            PROFILES => {
                for (name, item) in table(item, PROFILES)?.iter() {
                    let members = item.as_table_like().ok_or_else(|| {
                        Mistake::at(item, "a profile must be a table, such as [profiles.work]")
                    })?;
                    content
                        .profiles
                        .insert(name.to_owned(), profile(item, members)?);
                }
            }
            DEFAULTS => content.defaults = defaults(item)?,
            ALIASES => {
                for (name, item) in table(item, ALIASES)?.iter() {
                    let words = item
                        .as_str()
                        .ok_or_else(|| Mistake::at(item, "an alias must be a string in quotes"))?;
                    content.aliases.insert(name.to_owned(), words.to_owned());
                }
            }
            _ => {
                return Err(Mistake::at(
                    item,
                    "unknown member; the file may have `profile`, `profiles`, `defaults` and \
                     `aliases`",
                ));
            }
        }
    }
    content.active = match root.get(ACTIVE) {
        None => None,
        Some(item) => match item.as_str() {
            Some(name) if content.profiles.contains_key(name) => Some(name.to_owned()),
            Some(_) => return Err(Mistake::at(item, "`profile` names no profile of the file")),
            None => return Err(Mistake::at(item, "`profile` must be a string in quotes")),
        },
    };
    Ok(content)
}

fn table<'a>(item: &'a Item, name: &str) -> Result<&'a dyn TableLike, Mistake> {
    item.as_table_like()
        .ok_or_else(|| Mistake::at(item, format!("`{name}` must be a table")))
}

fn defaults(item: &Item) -> Result<Defaults, Mistake> {
    let mut defaults = Defaults::default();
    for (name, item) in table(item, DEFAULTS)?.iter() {
        let Some(key) = Key::parse(name) else {
            let known = Key::ALL.map(Key::name).join(", ");
            return Err(Mistake::at(
                item,
                format!("unknown default; the defaults are {known}"),
            ));
        };
        let value = item
            .as_str()
            .map(str::to_owned)
            .or_else(|| item.as_integer().map(|id| id.to_string()));
        let value = value
            .ok_or_else(|| Mistake::at(item, format!("`{name}` must be a string in quotes")))?;
        defaults.set(key, Some(value));
    }
    Ok(defaults)
}

fn profile(item: &Item, members: &dyn TableLike) -> Result<Profile, Mistake> {
    let unknown = |(name, _): &(&str, &Item)| !PROFILE_MEMBERS.contains(name);
    if let Some((_, unknown)) = members.iter().find(unknown) {
        let problem = format!(
            "unknown member of a profile; a profile may have {}",
            PROFILE_MEMBERS.join(", ")
        );
        return Err(Mistake::at(unknown, problem));
    }
    let text = |name: &str| match members.get(name) {
        None => Ok(None),
        Some(item) => match item.as_str() {
            Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
            Some(_) => Err(Mistake::at(item, format!("`{name}` is empty"))),
            None => Err(Mistake::at(
                item,
                format!("`{name}` must be a string in quotes"),
            )),
        },
    };
    let secret = match (
        text("secret_id")?,
        text("secret_key")?,
        text("api_key")?,
        text("secret_command")?,
    ) {
        (Some(id), Some(key), None, None) => Secret::Pair { id, key },
        (None, None, Some(key), None) => Secret::Legacy(key),
        (None, None, None, Some(command)) => Secret::Command(command),
        _ => {
            return Err(Mistake::at(
                item,
                "a profile must have secret_id and secret_key, or api_key, or secret_command",
            ));
        }
    };
    Ok(Profile {
        secret,
        base_url: text("base_url")?.map(Server::new),
        defaults: members
            .get(DEFAULTS)
            .map(defaults)
            .transpose()?
            .unwrap_or_default(),
    })
}
