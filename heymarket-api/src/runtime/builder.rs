//! Builds a client, and checks its settings.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderValue;
use reqwest::Url;

use super::build::Headers;
use super::client::{Client, Observers};
use super::http_client::{follows_redirects, http_client, is_loopback};
use super::outcome::{OperationObserver, ResponseObserver, Unknowns};
use super::send::{Core, Endpoint, HttpClient, RetryBudget, Transport};
use crate::auth::{Credentials, Signer};
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::policy::{Options, RetryPolicy};
use crate::rate_limit::{Admissions, RateLimit};
use crate::server::BASE_URL;

const USER_AGENT: &str = concat!("heymarket-api/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Load balancers commonly close idle connections after 60 seconds. The outcome of a
/// request on a connection that is being closed is unknown.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(50);
const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

/// A builder for a [`Client`] with settings other than the defaults.
///
/// ```
/// # fn run() -> Result<(), heymarket_api::Error> {
/// use std::time::Duration;
///
/// use heymarket_api::{Client, Credentials, RateLimit};
///
/// let client = Client::builder(Credentials::api_secret("secret id", "secret key"))
///     .base_url("http://127.0.0.1:8080")
///     .timeout(Duration::from_secs(10))
///     .rate_limit(RateLimit::per_minute(250))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    credentials: Credentials,
    base_url: String,
    allow_plain_http: bool,
    connect_timeout: Option<Duration>,
    pool_idle_timeout: Option<Duration>,
    options: Options,
    rate_limit: RateLimit,
    random_seed: Option<u64>,
    observers: Observers,
    max_response_bytes: usize,
    check_requests: bool,
    user_agent: String,
    http_client: Option<reqwest::Client>,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
}

impl ClientBuilder {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            base_url: BASE_URL.to_owned(),
            allow_plain_http: false,
            connect_timeout: None,
            pool_idle_timeout: None,
            options: Options::default(),
            rate_limit: RateLimit::default(),
            random_seed: None,
            observers: Observers::default(),
            max_response_bytes: MAX_RESPONSE_BYTES,
            check_requests: true,
            user_agent: USER_AGENT.to_owned(),
            http_client: None,
            transport: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets the server; by default `https://api.heymarket.com`. A path in the URL
    /// precedes the paths of the operations.
    ///
    /// `http://` is refused unless the host is this machine or
    /// [`allow_plain_http`](Self::allow_plain_http) is set.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Allows a base URL with `http://` on another machine. Tokens, phone numbers and
    /// messages are then sent unencrypted.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// Sets how long connecting may take; by default 10 seconds. It cannot be combined
    /// with [`http_client`](Self::http_client), which has its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sets how long an idle connection is reused; by default 50 seconds, since load
    /// balancers commonly close it after 60. It cannot be combined with
    /// [`http_client`](Self::http_client), which has its own.
    ///
    /// A connection that stays idle is closed after at most twice this time.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = Some(timeout);
        self
    }

    /// Sets how long one attempt may take, from connecting to the end of the body; by
    /// default 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options = self.options.timeout(timeout);
        self
    }

    /// Sets how long an operation may take, with all its attempts and the waits between
    /// them; by default 2 minutes. Waiting for the rate limit does not count. See
    /// [`Options::deadline`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options = self.options.deadline(deadline);
        self
    }

    /// Sets when a request is retried, and the retry budget of the client.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options = self.options.retry(policy);
        self
    }

    /// Sets how long an operation may wait for the rate limit; by default without a
    /// bound. See [`Options::max_rate_limit_wait`].
    pub fn max_rate_limit_wait(mut self, wait: Duration) -> Self {
        self.options = self.options.max_rate_limit_wait(wait);
        self
    }

    /// Sets the rate limit; by default
    /// [`REQUESTS_PER_MINUTE`](crate::server::REQUESTS_PER_MINUTE) in any 60 seconds.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// Sets an observer that receives a report of each operation that ends, for metrics.
    pub fn observe_operations(mut self, observer: impl OperationObserver) -> Self {
        self.observers.operations = Some(Box::new(observer));
        self
    }

    /// Sets an observer that receives members and enum values of responses that this
    /// version does not know, each once. Responses then take longer to decode.
    pub fn observe_responses(mut self, observer: impl ResponseObserver) -> Self {
        self.observers.responses = Some(Unknowns::new(Box::new(observer)));
        self
    }

    /// Seeds the jitter of waits, so that they are the same in every run.
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.random_seed = Some(seed);
        self
    }

    /// Sets the largest response body that is read, in bytes after decompression; by
    /// default 32 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Sets whether requests are checked before they are sent; by default they are.
    ///
    /// The checks are those that the API documents: the form of phone numbers and
    /// e-mail recipients, the times of scheduled messages, the number of tags, and
    /// that exactly one recipient is set. Without them, the server decides.
    pub fn check_requests(mut self, check: bool) -> Self {
        self.check_requests = check;
        self
    }

    /// Sets the `User-Agent` header; by default this crate's name and version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets the HTTP client, for proxies, certificates and the like.
    ///
    /// Build it with `redirect(reqwest::redirect::Policy::none())`. With a client that
    /// follows redirects, the response to a redirected request is an error, and a
    /// request that must not have a second effect is not retried after a 401 or a 429:
    /// a redirect to the same URL leaves no trace, so the server may already have
    /// acted. The HTTP client gets bodies that it cannot send a second time.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sets a transport in place of the HTTP client, for middleware, another TLS stack or
    /// recorded responses. It cannot be combined with the settings of the HTTP client.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the source of time; by default [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// Returns [`Configuration`](crate::ErrorKind::Configuration) if a setting is not
    /// valid; the message names it.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = self.checked_base_url()?;
        self.check_durations()?;
        let user_agent = HeaderValue::from_str(&self.user_agent).map_err(|_| {
            Error::configuration("the user agent has a character that is not valid in a header")
        })?;
        let is_own = self.http_client.is_some();
        let may_redirect = self.http_client.as_ref().is_some_and(follows_redirects);
        let http = match (self.transport, self.http_client) {
            (Some(transport), _) => HttpClient::Transport(transport),
            (None, Some(client)) => HttpClient::Reqwest(client),
            (None, None) => HttpClient::Reqwest(http_client(
                &base_url,
                self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
                self.pool_idle_timeout.unwrap_or(POOL_IDLE_TIMEOUT),
            )?),
        };
        let headers = Headers::new(user_agent);
        let signer = Signer::new(self.credentials, headers, Arc::clone(&self.clock))?;
        let random = match self.random_seed {
            Some(seed) => fastrand::Rng::with_seed(seed),
            None => fastrand::Rng::new(),
        };
        let core = Core {
            endpoint: Endpoint {
                http,
                may_redirect,
                may_resend: is_own,
                host: base_url.host_str().unwrap_or_default().to_owned(),
                base_path: base_url.path().trim_end_matches('/').to_owned(),
                base_url,
                max_response_bytes: self.max_response_bytes,
            },
            signer,
            admissions: Admissions::new(self.rate_limit, Arc::clone(&self.clock)),
            connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            budget: RetryBudget::new(self.options.retry.budget),
            random: Mutex::new(random),
            clock: self.clock,
            check_requests: self.check_requests,
        };
        Ok(Client {
            core: Arc::new(core),
            options: Arc::new(self.options),
            observers: Arc::new(self.observers),
        })
    }

    fn check_durations(&self) -> Result<(), Error> {
        let of_http_client = [
            ("connect timeout", self.connect_timeout),
            ("pool idle timeout", self.pool_idle_timeout),
        ];
        for (name, duration) in of_http_client {
            let is_custom = self.http_client.is_some() || self.transport.is_some();
            if is_custom && duration.is_some() {
                return Err(Error::configuration(format!(
                    "the {name} cannot be combined with an HTTP client of your own; set it there"
                )));
            }
        }
        if self.http_client.is_some() && self.transport.is_some() {
            return Err(Error::configuration(
                "an HTTP client cannot be combined with a transport; set one of them",
            ));
        }
        for (name, duration) in [
            ("timeout", Some(self.options.timeout)),
            ("deadline", Some(self.options.deadline)),
            ("pool idle timeout", self.pool_idle_timeout),
        ] {
            if duration == Some(Duration::ZERO) {
                return Err(Error::configuration(format!("the {name} is zero")));
            }
        }
        Ok(())
    }

    fn checked_base_url(&self) -> Result<Url, Error> {
        // The message leaves out the URL, which may hold a password.
        let refuse = |problem: &str| {
            Err(Error::configuration(format!(
                "the base URL {problem}; write it like {BASE_URL}"
            )))
        };
        let Ok(url) = self.base_url.parse::<Url>() else {
            return refuse("is not a URL");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("is neither https nor http");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("has a user name or a password, which the client does not use");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("has a query or a fragment");
        }
        if url.scheme() == "http" && !self.allow_plain_http && !is_loopback(&url) {
            return Err(Error::configuration(
                "the base URL is http, so tokens, phone numbers and messages would be sent \
                 unencrypted; use https, or `allow_plain_http` if you are sure",
            ));
        }
        Ok(url)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("options", &self.options)
            .field("rate_limit", &self.rate_limit)
            .field("max_response_bytes", &self.max_response_bytes)
            .finish_non_exhaustive()
    }
}
