//! A command's connection, opened when it is first needed, and the names and
//! defaults that its arguments may refer to.

use heymarket_api::Client;

use crate::catalog::spec::Entity;
use crate::config::defaults::{Defaults, Key};
use crate::config::file::ConfigFile;
use crate::connection::source::Source;
use crate::connection::{self, Connection};
use crate::context::Context;
use crate::directory::lookup::Directory;
use crate::failure::Failure;
use crate::globals::Globals;
use crate::phone::{self, Country};

/// A command's connection, opened when it is first needed.
///
/// A command whose arguments are all IDs needs no connection to build its request.
pub(crate) struct Session<'a> {
    pub(crate) context: &'a Context,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    directory: Directory,
}

impl<'a> Session<'a> {
    /// Creates a session. Connects to nothing.
    pub(crate) fn new(context: &'a Context) -> Self {
        Self {
            context,
            open: None,
        }
    }

    async fn open(&mut self) -> Result<&mut Open, Failure> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let connection = connection::open(self.context).await?;
                let directory = Directory::of(&connection);
                Open {
                    connection,
                    directory,
                }
            }
        };
        Ok(self.open.insert(open))
    }

    /// Returns the connection.
    pub(crate) async fn connection(&mut self) -> Result<&Connection, Failure> {
        Ok(&self.open().await?.connection)
    }

    /// Returns the client of the connection.
    pub(crate) async fn client(&mut self) -> Result<Client, Failure> {
        Ok(self.connection().await?.client.clone())
    }

    /// Returns the directory of names.
    pub(crate) async fn directory(&mut self) -> Result<&mut Directory, Failure> {
        Ok(&mut self.open().await?.directory)
    }

    /// Returns the ID that a text means: an ID as it is, or the ID of a name.
    ///
    /// # Errors
    ///
    /// Returns a usage error that lists the candidates if the name is unknown or
    /// ambiguous. An ID is not checked, and needs no connection.
    pub(crate) async fn id(&mut self, entity: Entity, text: &str) -> Result<i64, Failure> {
        match text.trim().parse() {
            Ok(id) => Ok(id),
            Err(_) => self.directory().await?.id(entity, text).await,
        }
    }

    /// Returns a phone number as the API takes it, by the country of `--country` or
    /// of the defaults.
    pub(crate) fn phone(&self, text: &str) -> Result<String, Failure> {
        phone::parse(text, self.country()?).map_err(Failure::usage)
    }

    /// Returns a phone number as [`Self::phone`] does, or an email address.
    pub(crate) fn address(&self, text: &str) -> Result<String, Failure> {
        phone::parse_address(text, self.country()?).map_err(Failure::usage)
    }

    /// Returns the country of phone numbers without a country code.
    pub(crate) fn country(&self) -> Result<Option<Country>, Failure> {
        let default = || Some(self.defaults().ok()?.get(Key::Country)?.to_owned());
        let code = self.context.globals.country.clone().or_else(default);
        let country = code.map(|code| Country::parse(&code));
        country.transpose().map_err(Failure::usage)
    }

    /// Returns the defaults of the selected profile, completed by those of the file.
    pub(crate) fn defaults(&self) -> Result<Defaults, Failure> {
        Ok(ConfigFile::load()?.defaults(selected_profile(&self.context.globals)?.as_deref()))
    }

    /// Closes the connection, if it was opened.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self.open {
            Some(open) => open.connection.close().await,
            None => Ok(()),
        }
    }
}

/// Returns the profile that the globals, the environment and the config file select.
pub(crate) fn selected_profile(globals: &Globals) -> Result<Option<String>, Failure> {
    if globals.sandbox {
        return Ok(None);
    }
    Ok(match Source::select(globals)? {
        Source::Profile { name, .. } => Some(name),
        Source::Command { profile, .. } => profile,
        Source::Environment | Source::None => None,
    })
}
