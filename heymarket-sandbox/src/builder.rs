//! The settings of a sandbox, and starting it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::{Client, Credentials};

use crate::control;
use crate::deduplication::Deduplication;
use crate::dialect::Dialect;
use crate::error::{self, Error};
use crate::faults::Rule;
use crate::http::{Context, Keys, Server, router};
use crate::journal::{Observer, RecordedRequest};
use crate::origins::Origins;
use crate::sandbox::{API_KEY, SECRET_ID, SECRET_KEY, Sandbox};
use crate::spec::Spec;
use crate::state::{Settings, Shared};
use crate::state_file::StateFile;
use crate::tasks;
use crate::webhooks::Webhook;

/// The default limit of a request body, in bytes.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How many requests the journal keeps by default.
const JOURNAL: usize = 1_000;

/// The largest time scale: a day is less than a second.
const MAX_TIME_SCALE: u32 = 100_000;

/// The default time for the head of a request, and then for its body, to
/// arrive.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest read timeout: a longer one could overflow the clock.
const MAX_READ_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The default time to wait for another sandbox to release the state file.
const STATE_WAIT: Duration = Duration::from_secs(10);

/// The settings of a [`Sandbox`], from [`Sandbox::builder`].
#[derive(Clone, Debug)]
pub struct SandboxBuilder {
    address: SocketAddr,
    settings: Settings,
    state_file: Option<PathBuf>,
    state_wait: Duration,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            settings: Settings {
                dialect: Dialect::Observed,
                deduplication: Deduplication::All,
                strict: false,
                journal: JOURNAL,
                time_scale: 1,
                observer: None,
                origins: Origins::default(),
                rate_limit: Spec::get().requests_per_minute(),
                demo: true,
                seed: 0,
                max_body_bytes: MAX_BODY_BYTES,
                read_timeout: READ_TIMEOUT,
                rules: Vec::new(),
                webhooks: Vec::new(),
            },
            state_file: None,
            state_wait: STATE_WAIT,
        }
    }
}

impl SandboxBuilder {
    /// Sets the port. The default, 0, is any free port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Sets the address to listen on, `127.0.0.1` by default. The endpoints
    /// under `/_sandbox/` need no credentials, so every program that reaches
    /// another address can control the sandbox. Web pages cannot.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address.set_ip(address);
        self
    }

    /// Starts without demo data: a team with its members and inboxes only.
    #[must_use]
    pub fn empty(mut self) -> Self {
        self.settings.demo = false;
        self
    }

    /// Sets the dialect of responses, [`Dialect::Observed`] by default. The
    /// header `X-Sandbox-Dialect` overrides it for one request.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// Seeds the random choices of [`Dialect::Mixed`], 0 by default. The same
    /// seed makes the same choices.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Sets which requests a repeated `local_id` makes idempotent,
    /// [`Deduplication::All`] by default.
    #[must_use]
    pub fn deduplication(mut self, deduplication: Deduplication) -> Self {
        self.settings.deduplication = deduplication;
        self
    }

    /// Rejects requests with members or query parameters that the spec does not
    /// have. By default they are accepted and named: in the header
    /// `X-Sandbox-Warning`, and in
    /// [`RecordedRequest::warnings`](crate::RecordedRequest::warnings).
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.settings.strict = true;
        self
    }

    /// Sets how many requests the journal keeps, 1,000 by default. It also keeps
    /// no more than about 32 MiB. 0 switches it off.
    #[must_use]
    pub fn journal(mut self, requests: usize) -> Self {
        self.settings.journal = requests;
        self
    }

    /// Calls a function with each request of an operation when it ends, for a log.
    /// It must not block.
    #[must_use]
    pub fn on_request(
        mut self,
        observe: impl Fn(&RecordedRequest) + Send + Sync + 'static,
    ) -> Self {
        self.settings.observer = Some(Observer(Arc::new(observe)));
        self
    }

    /// Allows web pages of an origin, such as `http://localhost:3000`, to use the
    /// operations and the control endpoints from a browser (CORS). `local` allows
    /// every page of this machine, on any port.
    ///
    /// # Errors
    ///
    /// Returns an error if it is neither an origin nor `local`.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, Error> {
        let origin = origin
            .parse()
            .map_err(|problem: String| Error::refused(problem))?;
        self.settings.origins.add(origin);
        Ok(self)
    }

    /// Runs the clock this many times faster than the machine's, 1 by default. The
    /// minute of the rate limit, the schedule, quiet hours and the history lag
    /// follow the clock. Tokens do not.
    #[must_use]
    pub fn time_scale(mut self, times: u32) -> Self {
        self.settings.time_scale = times.clamp(1, MAX_TIME_SCALE);
        self
    }

    /// Sets the limit in requests per minute for each key. By default, it is the
    /// limit of the API.
    /// `None` removes it.
    #[must_use]
    pub fn rate_limit(mut self, per_minute: impl Into<Option<u32>>) -> Self {
        self.settings.rate_limit = per_minute.into();
        self
    }

    /// Sets the limit of a request body in bytes, 8 MiB by default.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_body_bytes = bytes;
        self
    }

    /// Sets how long the head of a request, and then its body, may take to
    /// arrive: 30 seconds by default, a day at most. A slower request gets a
    /// 408. An idle connection is closed after the same time. A response, such
    /// as a [delayed](crate::Fault::Delay) one, may take longer.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.read_timeout = timeout.min(MAX_READ_TIMEOUT);
        self
    }

    /// Adds a rule from the start.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.settings.rules.push(rule);
        self
    }

    /// Adds a webhook from the start.
    #[must_use]
    pub fn webhook(mut self, webhook: Webhook) -> Self {
        self.settings.webhooks.push(webhook);
        self
    }

    /// Loads the state from a file if it exists, and saves every change to it:
    /// at once, or shortly after while much changes. Each save replaces the
    /// whole file. Only its owner can read it, and it cannot be a symbolic
    /// link.
    ///
    /// One sandbox at a time uses a file. It locks the empty file `FILE.lock`
    /// until it is stopped or dropped, or its process ends. The lock file
    /// stays; do not remove it while a sandbox runs.
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Sets how long [`start`](Self::start) waits for another sandbox to
    /// release the state file, 10 seconds by default.
    #[must_use]
    pub fn state_wait(mut self, wait: Duration) -> Self {
        self.state_wait = wait;
        self
    }

    /// Starts the sandbox on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the port is taken, if another sandbox uses the state
    /// file, if the file cannot be read or written, if it is not a state file
    /// (it is left unchanged), if a rule or webhook is invalid, or if the
    /// [client](Sandbox::client) cannot be built.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let has_file = self.state_file.is_some();
        let file = match self.state_file {
            Some(path) => Some(StateFile::open(path, self.state_wait).await?),
            None => None,
        };
        let read_timeout = self.settings.read_timeout;
        let shared = Arc::new(Shared::new(self.settings, file)?);
        let context = Context {
            shared: Arc::clone(&shared),
            keys: Arc::new(Keys {
                secret_id: SECRET_ID.to_owned(),
                secret_key: SECRET_KEY.to_owned(),
                api_key: API_KEY.to_owned(),
            }),
        };
        let server = Server::start(
            self.address,
            router(context, control::router(Arc::clone(&shared))),
            read_timeout,
        )
        .await?;
        let url = format!("http://{}", reachable(server.address()));
        let credentials = Credentials::api_secret(SECRET_ID, SECRET_KEY);
        // A non-loopback address was the caller's choice.
        let client = Client::builder(credentials)
            .base_url(&url)
            .allow_plain_http(true);
        let client = client.build().map_err(error::Kind::Client)?;
        let mut tasks = vec![tokio::spawn(tasks::deliver(Arc::clone(&shared)))];
        if has_file {
            tasks.push(tokio::spawn(tasks::save(Arc::clone(&shared))));
        }
        Ok(Sandbox {
            url,
            client,
            shared,
            server,
            tasks,
        })
    }
}

/// Returns the address that reaches a listener from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
