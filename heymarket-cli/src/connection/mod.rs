//! Connects to the API: selects the server and the credentials.

pub(crate) mod sandbox;
pub(crate) mod server;
pub(crate) mod shared_limit;
pub(crate) mod source;

use heymarket_api::{Client, ClientBuilder, Credentials, RateLimit, Shapes};

use crate::context::Context;
use crate::environment::variable;
use crate::failure::Failure;
use crate::output::terminal::Terminal;
use sandbox::EmbeddedSandbox;
use server::Server;
use source::Source;

const BASE_URL_VARIABLE: &str = "HEYMARKET_BASE_URL";

/// A client and the server that it talks to.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) server: Server,
    /// Describes the source of the credentials: `the environment`.
    pub(crate) source: String,
    /// Identifies the account, to keep its names; `None` for the sandbox.
    pub(crate) fingerprint: Option<String>,
    credentials: Credentials,
    sandbox: Option<EmbeddedSandbox>,
}

impl Connection {
    /// Returns the name of the server. It is the same in each command.
    pub(crate) fn name(&self) -> String {
        match self.sandbox {
            // Its port differs in each command.
            Some(_) => "the sandbox".to_owned(),
            None => self.server.to_string(),
        }
    }

    /// Returns a client that records the shapes of responses.
    pub(crate) fn recording(&self, shapes: &Shapes) -> Result<Client, Failure> {
        let builder = match &self.sandbox {
            Some(sandbox) => Client::builder(sandbox.credentials()).base_url(sandbox.url()),
            None => builder(self.credentials.clone(), &self.server),
        };
        Ok(builder.observe_responses(shapes.clone()).build()?)
    }

    /// Returns a token for a request that another program sends.
    pub(crate) fn token(&self) -> Result<String, Failure> {
        Ok(self.client.token()?)
    }

    /// Closes the connection. A sandbox saves its state.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self.sandbox {
            Some(sandbox) => sandbox.stop().await,
            None => Ok(()),
        }
    }
}

/// Connects as the flags, the environment and the profiles say, in this order.
///
/// # Errors
///
/// Returns an error if there are no usable credentials, or if the sandbox does
/// not start. Sends nothing.
pub(crate) async fn open(context: &Context) -> Result<Connection, Failure> {
    open_with(context, RateLimit::default()).await
}

/// Connects as [`open`] does, with a rate limit that other processes may share. A
/// sandbox in this process has its own.
pub(crate) async fn open_with(
    context: &Context,
    rate_limit: RateLimit,
) -> Result<Connection, Failure> {
    let connection = connect(context, rate_limit).await?;
    if context.globals.debug {
        let Connection { server, source, .. } = &connection;
        context
            .terminal
            .notice(&format!("* {server}, with the credentials of {source}"));
    }
    Ok(connection)
}

async fn connect(context: &Context, rate_limit: RateLimit) -> Result<Connection, Failure> {
    let globals = &context.globals;
    if globals.sandbox {
        let sandbox = EmbeddedSandbox::start(globals.state.as_deref()).await?;
        return Ok(Connection {
            client: sandbox.client(),
            server: Server::new(sandbox.url()),
            source: "the sandbox".to_owned(),
            fingerprint: None,
            credentials: sandbox.credentials(),
            sandbox: Some(sandbox),
        });
    }
    if globals.state.is_some() {
        return Err(Failure::usage("--state requires --sandbox"));
    }
    let source = Source::select(globals)?;
    let credentials = source.credentials()?;
    let server = server_of(&source, context)?;
    let fingerprint = source.fingerprint(&server)?;
    Ok(Connection {
        client: limited_client(credentials.clone(), &server, rate_limit)?,
        credentials,
        server,
        source: source.description().unwrap_or_default(),
        fingerprint,
        sandbox: None,
    })
}

/// Creates a client for a server. Sends nothing.
pub(crate) fn client(credentials: Credentials, server: &Server) -> Result<Client, Failure> {
    limited_client(credentials, server, RateLimit::default())
}

fn limited_client(
    credentials: Credentials,
    server: &Server,
    rate_limit: RateLimit,
) -> Result<Client, Failure> {
    builder(credentials.clone(), server)
        .rate_limit(rate_limit)
        .build()
        .map_err(|error| {
            // Credentials that suit another server are not the problem.
            match Client::new(credentials) {
                Ok(_) => Failure::usage(error.to_string()),
                Err(_) => Failure::credentials(error.to_string()),
            }
        })
}

fn builder(credentials: Credentials, server: &Server) -> ClientBuilder {
    Client::builder(credentials)
        .base_url(server.expose())
        .user_agent(concat!("heymarket-cli/", env!("CARGO_PKG_VERSION")))
}

/// Returns the server that a request would go to. Needs no credentials.
///
/// # Errors
///
/// Returns an error if no client can use the URL, or if the profile does not exist.
pub(crate) fn server(context: &Context) -> Result<Server, Failure> {
    if context.globals.sandbox {
        return Ok(Server::new("http://127.0.0.1"));
    }
    // An unusable config file does not prevent a dry run.
    let source = Source::select(&context.globals).unwrap_or(Source::None);
    let server = server_of(&source, context)?;
    client(Credentials::api_key("none"), &server)?;
    Ok(server)
}

/// Returns the server to use: `--base-url`, else the profile's, else that of the
/// environment, else production. A profile's credentials never go to the server
/// of the environment.
pub(crate) fn server_of(source: &Source, context: &Context) -> Result<Server, Failure> {
    let profile = source.profile()?;
    if let Some(url) = &context.globals.base_url {
        return Ok(Server::new(url));
    }
    match profile {
        Some((name, server)) => {
            warn_of_ignored_variable(name, &server, &context.terminal)?;
            Ok(server)
        }
        None => Ok(variable(BASE_URL_VARIABLE)?.map_or_else(Server::production, Server::new)),
    }
}

/// Warns that the server of the environment is ignored, if it differs.
pub(crate) fn warn_of_ignored_variable(
    profile: &str,
    server: &Server,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let other = variable(BASE_URL_VARIABLE)?.map(Server::new);
    if other.is_some_and(|other| other.to_string() != server.to_string()) {
        terminal.notice(&format!(
            "{BASE_URL_VARIABLE} is ignored: the profile {profile} is for {server}; --base-url \
             overrides it"
        ));
    }
    Ok(())
}
