//! The way to the API: which server, with which credentials.

pub(crate) mod choice;
pub(crate) mod profile;
pub(crate) mod sandbox;

use heymarket_api::{Client, Credentials};

use crate::cli::Globals;
use crate::failure::Failure;
use choice::Choice;
use sandbox::Embedded;

/// Where the API is.
pub(crate) const PRODUCTION: &str = "https://api.heymarket.com";

/// The variables that hold credentials.
const CREDENTIAL_VARIABLES: [&str; 3] = [
    "HEYMARKET_API_SECRET_ID",
    "HEYMARKET_API_SECRET_KEY",
    "HEYMARKET_API_KEY",
];
const BASE_URL_VARIABLE: &str = "HEYMARKET_BASE_URL";
const PROFILE_VARIABLE: &str = "HEYMARKET_PROFILE";

pub(crate) const NO_CREDENTIALS: &str = "\
there are no credentials. Either
  - log in with `heymarket auth login`, or set HEYMARKET_API_SECRET_ID and \
HEYMARKET_API_SECRET_KEY, or
  - add --sandbox to the command, to try it out with demo data";

/// A client, and what it talks to.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) base_url: String,
    /// Where the credentials are from, for people: `the environment`.
    pub(crate) source: String,
    sandbox: Option<Embedded>,
}

impl Connection {
    /// Ends it; a sandbox then saves its state.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self.sandbox {
            Some(sandbox) => sandbox.stop().await,
            None => Ok(()),
        }
    }
}

/// Who is asked, as far as that is known without asking.
struct Settings {
    credentials: Credentials,
    base_url: Option<String>,
    source: String,
}

/// Opens the way that the flags, the environment and the profiles describe.
pub(crate) async fn open(globals: &Globals) -> Result<Connection, Failure> {
    if globals.sandbox {
        let sandbox = Embedded::start(globals.state.as_deref()).await?;
        return Ok(Connection {
            client: sandbox.client(),
            base_url: sandbox.url().to_owned(),
            source: "the sandbox".to_owned(),
            sandbox: Some(sandbox),
        });
    }
    if globals.state.is_some() {
        return Err(Failure::usage("--state is the sandbox's; add --sandbox"));
    }
    let settings = settings(globals)?;
    let base_url = base_url(globals, settings.base_url)?;
    let client = client(settings.credentials, &base_url)?;
    Ok(Connection {
        client,
        base_url,
        source: settings.source,
        sandbox: None,
    })
}

/// A client of a server. Nothing is sent.
pub(crate) fn client(credentials: Credentials, base_url: &str) -> Result<Client, Failure> {
    Client::builder(credentials.clone())
        .base_url(base_url)
        .user_agent(concat!("heymarket-cli/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| {
            // Credentials that are fit for another server are fit.
            match Client::new(credentials) {
                Ok(_) => Failure::usage(error.to_string()),
                Err(_) => Failure::credentials(error.to_string()),
            }
        })
}

/// A server that is named, or else that of the environment, or production.
pub(crate) fn base_url_or(named: Option<&str>) -> Result<String, Failure> {
    match named {
        Some(url) => Ok(url.to_owned()),
        None => Ok(variable(BASE_URL_VARIABLE)?.unwrap_or_else(|| PRODUCTION.to_owned())),
    }
}

/// The server that would be asked, whether or not there are credentials.
pub(crate) fn server(globals: &Globals) -> Result<String, Failure> {
    if globals.sandbox {
        return Ok("http://127.0.0.1".to_owned());
    }
    let of_profile = Choice::of(globals).and_then(|choice| choice.base_url());
    base_url(globals, of_profile.ok().flatten())
}

fn settings(globals: &Globals) -> Result<Settings, Failure> {
    match Choice::of(globals)? {
        Choice::Command { profile } => {
            let command = globals.secret_command.as_deref().unwrap_or_default();
            profile::of_command(command, profile.as_deref()).map(Settings::from)
        }
        Choice::Profile { name, .. } => profile::of_name(&name).map(Settings::from),
        Choice::Environment => Ok(Settings {
            credentials: Credentials::from_env()
                .map_err(|error| Failure::credentials(error.to_string()))?,
            base_url: None,
            source: "the environment".to_owned(),
        }),
        Choice::Nowhere => Err(Failure::credentials(NO_CREDENTIALS)),
    }
}

fn base_url(globals: &Globals, of_profile: Option<String>) -> Result<String, Failure> {
    if let Some(url) = &globals.base_url {
        return Ok(url.clone());
    }
    Ok(variable(BASE_URL_VARIABLE)?
        .or(of_profile)
        .unwrap_or_else(|| PRODUCTION.to_owned()))
}

/// A variable of the environment; an empty one is none.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{name} is not valid UTF-8")))
        }
    }
}

impl From<profile::Profile> for Settings {
    fn from(profile: profile::Profile) -> Self {
        Self {
            credentials: profile.credentials,
            base_url: profile.base_url,
            source: profile.source,
        }
    }
}
