//! The file that holds the profiles.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use toml_edit::{Document, DocumentMut, Item, Table, TableLike, value};

use super::rights;
use super::secret::Secret;
use crate::connection::server::Server;
use crate::connection::variable;
use crate::failure::Failure;

/// The folder of the file, in place of the platform's.
const FOLDER_VARIABLE: &str = "HEYMARKET_CONFIG_DIR";
const NAME: &str = "config.toml";

const IN_USE: &str = "profile";
const PROFILES: &str = "profiles";

const HEADER: &str = "\
# The profiles of the heymarket command; see `heymarket auth`. They hold secrets:
# nobody but you may be able to read this file.

";

/// What a profile of the file holds.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) secret: Secret,
    /// Another server than production.
    pub(crate) base_url: Option<Server>,
}

impl Entry {
    /// The server that the secret is for.
    pub(crate) fn server(&self) -> Server {
        self.base_url.clone().unwrap_or_else(Server::production)
    }
}

/// The file, read and understood. A file that is not there is one without
/// profiles.
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// With the comments and the order of whoever wrote it.
    document: DocumentMut,
    in_use: Option<String>,
    profiles: BTreeMap<String, Entry>,
}

impl ConfigFile {
    /// Where the file is, or would be.
    pub(crate) fn path() -> Result<PathBuf, Failure> {
        if let Some(folder) = variable(FOLDER_VARIABLE)? {
            return Ok(Path::new(&folder).join(NAME));
        }
        let strategy = etcetera::choose_base_strategy().map_err(|_| {
            Failure::other(format!(
                "there is no home folder for the config file; set HOME or {FOLDER_VARIABLE}"
            ))
        })?;
        Ok(strategy.config_dir().join("heymarket").join(NAME))
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// When others can read or replace it, or it is not of its form; the message
    /// says where, and quotes nothing.
    pub(crate) fn load() -> Result<Self, Failure> {
        let path = Self::path()?;
        match read(&path)? {
            Some(text) => Self::parse(path, text),
            None => Ok(Self {
                path,
                document: DocumentMut::new(),
                in_use: None,
                profiles: BTreeMap::new(),
            }),
        }
    }

    fn parse(path: PathBuf, text: String) -> Result<Self, Failure> {
        let damaged = |start: Option<usize>, problem: &str| {
            let start = start.unwrap_or_default().min(text.len());
            let line = text.as_bytes()[..start]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            Failure::other(format!(
                "{}:{line}: {problem}; mend it or move it away, it is left as it is",
                path.display()
            ))
        };
        let document = Document::parse(text.as_str()).map_err(|error| {
            let problem = error.message().lines().next().unwrap_or("no valid TOML");
            damaged(error.span().map(|span| span.start), problem)
        })?;
        let (in_use, profiles) =
            understand(document.as_table()).map_err(|error| damaged(error.at, &error.problem))?;
        Ok(Self {
            document: document.into_mut(),
            path,
            in_use,
            profiles,
        })
    }

    /// The name of the profile that is in use.
    pub(crate) fn in_use(&self) -> Option<&str> {
        self.in_use.as_deref()
    }

    /// All profiles, by name.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let profiles = self.profiles.iter();
        profiles.map(|(name, entry)| (name.as_str(), entry))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.profiles.contains_key(name)
    }

    /// A profile, which must be there.
    pub(crate) fn entry(&self, name: &str) -> Result<&Entry, Failure> {
        self.profiles.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let known = match names.as_slice() {
                [] => "there are none".to_owned(),
                names => format!("there are: {}", names.join(", ")),
            };
            Failure::credentials(format!(
                "there is no profile {name:?}; {known}. `heymarket auth login {name}` makes it"
            ))
        })
    }

    /// Adds or replaces a profile.
    pub(crate) fn set(&mut self, name: &str, entry: Entry) {
        let profiles = self.document[PROFILES].or_insert(Item::Table(Table::new()));
        if let Some(profiles) = profiles.as_table_mut() {
            // Only the headers of the profiles are wanted.
            profiles.set_implicit(true);
        }
        if let Some(profiles) = profiles.as_table_like_mut() {
            let mut table = Table::new();
            match &entry.secret {
                Secret::Pair { id, key } => {
                    table["secret_id"] = value(id);
                    table["secret_key"] = value(key);
                }
                Secret::Legacy(key) => table["api_key"] = value(key),
                Secret::Command(command) => table["secret_command"] = value(command),
            }
            if let Some(base_url) = &entry.base_url {
                table["base_url"] = value(base_url.expose());
            }
            profiles.insert(name, Item::Table(table));
        }
        self.profiles.insert(name.to_owned(), entry);
    }

    /// Removes a profile, which is then not in use either.
    pub(crate) fn remove(&mut self, name: &str) {
        self.profiles.remove(name);
        let profiles = self.document.get_mut(PROFILES);
        if let Some(profiles) = profiles.and_then(Item::as_table_like_mut) {
            profiles.remove(name);
        }
        if self.in_use.as_deref() == Some(name) {
            self.in_use = None;
            self.forget_in_use();
        }
    }

    /// Takes out the line that names the profile in use, and leaves the comment
    /// above it: that may be of the whole file.
    fn forget_in_use(&mut self) {
        let key = self.document.key(IN_USE);
        let comment = key.and_then(|key| key.leaf_decor().prefix()?.as_str());
        let comment = comment.unwrap_or_default().to_owned();
        self.document.remove(IN_USE);
        if let Ok(document) = format!("{comment}{}", self.document).parse() {
            self.document = document;
        }
    }

    /// Puts a profile to use.
    pub(crate) fn put_to_use(&mut self, name: &str) {
        self.document[IN_USE] = value(name);
        self.in_use = Some(name.to_owned());
    }

    /// Writes it: whole or not at all, and for its owner only.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        // A link stays one.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let failed = |error: io::Error| Failure::other(format!("{}: {error}", path.display()));
        let folder = path.parent().unwrap_or(Path::new("."));
        rights::make_folder(folder).map_err(failed)?;
        let mut text = self.document.to_string();
        if !path.exists() {
            text.insert_str(0, HEADER);
        }
        // It is made with the rights of its owner alone.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// What is wrong with a file, and at which byte.
struct Damage {
    at: Option<usize>,
    problem: String,
}

impl Damage {
    fn at(item: &Item, problem: impl Into<String>) -> Self {
        Self {
            at: item.span().map(|span| span.start),
            problem: problem.into(),
        }
    }
}

/// Reads the members of the document.
fn understand(root: &Table) -> Result<(Option<String>, BTreeMap<String, Entry>), Damage> {
    let mut profiles = BTreeMap::new();
    for (member, item) in root.iter() {
        match member {
            IN_USE => {}
            PROFILES => {
                let tables = item
                    .as_table_like()
                    .ok_or_else(|| Damage::at(item, "`profiles` is no table"))?;
                for (name, item) in tables.iter() {
                    let table = item.as_table_like().ok_or_else(|| {
                        Damage::at(item, "a profile is a table, as in [profiles.work]")
                    })?;
                    profiles.insert(name.to_owned(), entry(item, table)?);
                }
            }
            _ => {
                let problem = "a member that is not known; known are `profile` and `profiles`";
                return Err(Damage::at(item, problem));
            }
        }
    }
    let in_use = match root.get(IN_USE) {
        None => None,
        Some(item) => match item.as_str() {
            Some(name) if profiles.contains_key(name) => Some(name.to_owned()),
            Some(_) => return Err(Damage::at(item, "the profile in use is not there")),
            None => return Err(Damage::at(item, "`profile` is no text")),
        },
    };
    Ok((in_use, profiles))
}

/// Reads a profile.
fn entry(item: &Item, table: &dyn TableLike) -> Result<Entry, Damage> {
    const MEMBERS: [&str; 5] = [
        "secret_id",
        "secret_key",
        "api_key",
        "secret_command",
        "base_url",
    ];
    if let Some((_, unknown)) = table.iter().find(|(name, _)| !MEMBERS.contains(name)) {
        let problem = format!(
            "a member of a profile that is not known; known are {}",
            MEMBERS.join(", ")
        );
        return Err(Damage::at(unknown, problem));
    }
    let text = |name: &str| match table.get(name) {
        None => Ok(None),
        Some(item) => match item.as_str() {
            Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
            Some(_) => Err(Damage::at(item, format!("`{name}` is empty"))),
            None => Err(Damage::at(item, format!("`{name}` is no text in quotes"))),
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
            let problem = "a profile has secret_id with secret_key, or api_key, or secret_command";
            return Err(Damage::at(item, problem));
        }
    };
    Ok(Entry {
        secret,
        base_url: text("base_url")?.map(Server::new),
    })
}

/// The text of the file, unless it is not there.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    let failed = |error: io::Error| Failure::other(format!("{}: {error}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    rights::check(path, &file)?;
    io::read_to_string(file).map(Some).map_err(failed)
}
