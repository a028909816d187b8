//! The config file on the disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use toml_edit::{Document, DocumentMut, Item, Table, TableLike, value};

use super::defaults::{Defaults, Key};
use super::edit::set_member;
use super::parse::{ACTIVE, ALIASES, Content, DEFAULTS, PROFILES, parse};
use super::permissions;
use super::profile::Profile;
use super::secret::Secret;
use crate::environment::variable;
use crate::failure::Failure;

/// Overrides the folder of the file.
const FOLDER_VARIABLE: &str = "HEYMARKET_CONFIG_DIR";
const NAME: &str = "config.toml";

const HEADER: &str = "\
# The config file of the heymarket command; see `heymarket auth` and
# `heymarket config`. It holds secrets: only you may be able to read it.

";

/// The parsed config file. A missing file is an empty one.
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// The document as it was written, with comments and order.
    document: DocumentMut,
    content: Content,
}

/// Returns the folder of the config file and of what is kept beside it.
///
/// # Errors
///
/// Returns an error if no home folder is known.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    if let Some(folder) = variable(FOLDER_VARIABLE)? {
        return Ok(PathBuf::from(folder));
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        Failure::other(format!(
            "no home folder for the config file; set HOME or {FOLDER_VARIABLE}"
        ))
    })?;
    Ok(strategy.config_dir().join("heymarket"))
}

impl ConfigFile {
    /// Returns the path of the file, whether or not it exists.
    pub(crate) fn path() -> Result<PathBuf, Failure> {
        Ok(folder()?.join(NAME))
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Returns an error if others can read or replace the file, or if it is
    /// malformed. The message gives the line and quotes no value.
    pub(crate) fn load() -> Result<Self, Failure> {
        let path = Self::path()?;
        match read(&path)? {
            Some(text) => Self::parse(path, &text),
            None => Ok(Self {
                path,
                document: DocumentMut::new(),
                content: Content::default(),
            }),
        }
    }

    fn parse(path: PathBuf, text: &str) -> Result<Self, Failure> {
        let malformed = |start: Option<usize>, problem: &str| {
            let start = start.unwrap_or_default().min(text.len());
            let before = text.as_bytes()[..start].iter();
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            Failure::other(format!(
                "{}:{line}: {problem}; fix the file or move it away",
                path.display()
            ))
        };
        let document = Document::parse(text).map_err(|error| {
            let problem = error.message().lines().next().unwrap_or("invalid TOML");
            malformed(error.span().map(|span| span.start), problem)
        })?;
        let content = parse(document.as_table())
            .map_err(|mistake| malformed(mistake.at, &mistake.problem))?;
        Ok(Self {
            document: document.into_mut(),
            path,
            content,
        })
    }

    /// Returns the name of the active profile.
    pub(crate) fn active(&self) -> Option<&str> {
        self.content.active.as_deref()
    }

    /// Returns all profiles, sorted by name.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = (&str, &Profile)> {
        let profiles = self.content.profiles.iter();
        profiles.map(|(name, profile)| (name.as_str(), profile))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.content.profiles.contains_key(name)
    }

    /// Returns a profile.
    ///
    /// # Errors
    ///
    /// Returns an error that lists the profiles if no profile has this name.
    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Failure> {
        self.content.profiles.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.profiles().map(|(name, _)| name).collect();
            let known = match names.as_slice() {
                [] => "no profiles exist".to_owned(),
                names => format!("profiles: {}", names.join(", ")),
            };
            Failure::credentials(format!(
                "no profile {name:?} ({known}); create it with 'heymarket auth login {name}'"
            ))
        })
    }

    /// Returns the defaults of a profile, completed by those of the file.
    pub(crate) fn defaults(&self, profile: Option<&str>) -> Defaults {
        let own = profile.and_then(|name| self.content.profiles.get(name));
        let own = own.map(|profile| profile.defaults.clone());
        own.unwrap_or_default().or(&self.content.defaults)
    }

    /// Returns all aliases, sorted by name.
    pub(crate) fn aliases(&self) -> &BTreeMap<String, String> {
        &self.content.aliases
    }

    /// Adds or replaces a profile. Defaults of a replaced profile stay.
    pub(crate) fn set(&mut self, name: &str, mut profile: Profile) {
        let profiles = self.document[PROFILES].or_insert(Item::Table(Table::new()));
        if let Some(profiles) = profiles.as_table_mut() {
            // Only the headers of the profiles are wanted.
            profiles.set_implicit(true);
        }
        if let Some(profiles) = profiles.as_table_like_mut() {
            let mut table = Table::new();
            match &profile.secret {
                Secret::Pair { id, key } => {
                    table["secret_id"] = value(id);
                    table["secret_key"] = value(key);
                }
                Secret::Legacy(key) => table["api_key"] = value(key),
                Secret::Command(command) => table["secret_command"] = value(command),
            }
            if let Some(base_url) = &profile.base_url {
                table["base_url"] = value(base_url.expose());
            }
            let old = profiles.get(name).and_then(Item::as_table_like);
            if let Some(defaults) = old.and_then(|old| old.get(DEFAULTS)) {
                table[DEFAULTS] = defaults.clone();
            }
            profiles.insert(name, Item::Table(table));
        }
        if let Some(old) = self.content.profiles.get(name) {
            profile.defaults = old.defaults.clone();
        }
        self.content.profiles.insert(name.to_owned(), profile);
    }

    /// Removes a profile. If it is active, no profile is active afterwards.
    pub(crate) fn remove(&mut self, name: &str) {
        self.content.profiles.remove(name);
        let profiles = self.document.get_mut(PROFILES);
        if let Some(profiles) = profiles.and_then(Item::as_table_like_mut) {
            profiles.remove(name);
        }
        if self.active() == Some(name) {
            self.content.active = None;
            self.remove_active();
        }
    }

    /// Removes the line that names the active profile, but keeps the comment
    /// above it, which may describe the whole file.
    fn remove_active(&mut self) {
        let key = self.document.key(ACTIVE);
        let comment = key.and_then(|key| key.leaf_decor().prefix()?.as_str());
        let comment = comment.unwrap_or_default().to_owned();
        self.document.remove(ACTIVE);
        if let Ok(document) = format!("{comment}{}", self.document).parse() {
            self.document = document;
        }
    }

    /// Makes a profile the active one.
    pub(crate) fn activate(&mut self, name: &str) {
        self.document[ACTIVE] = value(name);
        self.content.active = Some(name.to_owned());
    }

    /// Sets a default of a profile or, without one, of the file. `None` removes it.
    ///
    /// # Errors
    ///
    /// Returns an error if the profile does not exist.
    pub(crate) fn set_default(
        &mut self,
        profile: Option<&str>,
        key: Key,
        new: Option<&str>,
    ) -> Result<(), Failure> {
        if let Some(name) = profile {
            self.profile(name)?;
        }
        let own = profile.and_then(|name| self.content.profiles.get_mut(name));
        let defaults = own.map_or(&mut self.content.defaults, |own| &mut own.defaults);
        defaults.set(key, new.map(str::to_owned));
        let parent: Option<&mut dyn TableLike> = match profile {
            Some(name) => self.document[PROFILES][name].as_table_like_mut(),
            None => Some(self.document.as_table_mut()),
        };
        if let Some(parent) = parent {
            set_member(parent, DEFAULTS, key.name(), new);
        }
        Ok(())
    }

    /// Sets or removes an alias.
    pub(crate) fn set_alias(&mut self, name: &str, words: Option<&str>) {
        match words {
            Some(words) => {
                let aliases = &mut self.content.aliases;
                aliases.insert(name.to_owned(), words.to_owned());
            }
            None => {
                self.content.aliases.remove(name);
            }
        }
        set_member(self.document.as_table_mut(), ALIASES, name, words);
    }

    /// Replaces the file on the disk, whole or not at all, with mode 0600.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        // A symbolic link stays one.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let failed = |error: io::Error| crate::files::failed(&path, error);
        let folder = path.parent().unwrap_or(Path::new("."));
        permissions::make_folder(folder).map_err(failed)?;
        let mut text = self.document.to_string();
        if !path.exists() {
            text.insert_str(0, HEADER);
        }
        // Temporary files are created with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Reads the file, if it exists.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    let failed = |error| crate::files::failed(path, error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    permissions::check(path, &file)?;
    io::read_to_string(file).map(Some).map_err(failed)
}
