//! The way to the API: which server, with which credentials.

pub(crate) mod choice;
pub(crate) mod profile;
pub(crate) mod sandbox;
pub(crate) mod server;

use heymarket_api::{Client, Credentials};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::Terminal;
use choice::Choice;
use sandbox::Embedded;
use server::Server;

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
    no credentials; log in with `heymarket auth login`, set HEYMARKET_API_SECRET_ID and \
    HEYMARKET_API_SECRET_KEY, or add --sandbox to try the command with demo data";

/// A client, and what it talks to.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) server: Server,
    /// Where the credentials are from, for people: `the environment`.
    pub(crate) source: String,
    sandbox: Option<Embedded>,
}

impl Connection {
    /// Returns the name of the server, the same in each command.
    pub(crate) fn name(&self) -> String {
        match self.sandbox {
            // Its port differs in each command.
            Some(_) => "the sandbox".to_owned(),
            None => self.server.to_string(),
        }
    }

    /// Ends it; a sandbox then saves its state.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self.sandbox {
            Some(sandbox) => sandbox.stop().await,
            None => Ok(()),
        }
    }
}

/// Opens the way that the flags, the environment and the profiles describe.
pub(crate) async fn open(globals: &Globals, terminal: &Terminal) -> Result<Connection, Failure> {
    if globals.sandbox {
        let sandbox = Embedded::start(globals.state.as_deref()).await?;
        return Ok(Connection {
            client: sandbox.client(),
            server: Server::new(sandbox.url()),
            source: "the sandbox".to_owned(),
            sandbox: Some(sandbox),
        });
    }
    if globals.state.is_some() {
        return Err(Failure::usage("--state is the sandbox's; add --sandbox"));
    }
    let choice = Choice::of(globals)?;
    let credentials = choice.credentials()?;
    let server = server_of(&choice, globals, terminal)?;
    Ok(Connection {
        client: client(credentials, &server)?,
        server,
        source: choice.source().unwrap_or_default(),
        sandbox: None,
    })
}

/// A client of a server. Nothing is sent.
pub(crate) fn client(credentials: Credentials, server: &Server) -> Result<Client, Failure> {
    Client::builder(credentials.clone())
        .base_url(server.expose())
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

/// Returns the server that a request would go to. Needs no credentials.
///
/// # Errors
///
/// When no client can use the URL, or the profile does not exist.
pub(crate) fn server(globals: &Globals, terminal: &Terminal) -> Result<Server, Failure> {
    if globals.sandbox {
        return Ok(Server::new("http://127.0.0.1"));
    }
    // An unusable config file does not prevent a dry run.
    let choice = Choice::of(globals).unwrap_or(Choice::Nowhere);
    let server = server_of(&choice, globals, terminal)?;
    client(Credentials::api_key("none"), &server)?;
    Ok(server)
}

/// Returns the server to use: `--base-url`, else the profile's, else that of the
/// environment, else production. A profile's credentials never go to the server
/// of the environment.
pub(crate) fn server_of(
    choice: &Choice,
    globals: &Globals,
    terminal: &Terminal,
) -> Result<Server, Failure> {
    let profile = choice.profile()?;
    if let Some(url) = &globals.base_url {
        return Ok(Server::new(url));
    }
    match profile {
        Some((name, server)) => {
            warn_of_ignored_variable(name, &server, terminal)?;
            Ok(server)
        }
        None => Ok(variable(BASE_URL_VARIABLE)?.map_or_else(Server::production, Server::new)),
    }
}

/// Reports that the server of the environment is ignored, if it differs.
pub(crate) fn warn_of_ignored_variable(
    profile: &str,
    server: &Server,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let other = variable(BASE_URL_VARIABLE)?.map(Server::new);
    if other.is_some_and(|other| other.to_string() != server.to_string()) {
        terminal.say(&format!(
            "{BASE_URL_VARIABLE} is ignored: the profile {profile} is for {server}; --base-url \
             overrides it"
        ));
    }
    Ok(())
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
