use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderValue;
use reqwest::Url;

use super::budget::Budget;
use super::client::{Client, Observers};
use super::error::Error;
use super::send::Core;
use super::telemetry::OperationObserver;
use super::transport::Transport;
use super::unknown::{ResponseObserver, Unknowns};
use crate::auth::{Clock, Credentials, Signer, SystemClock};
use crate::policy::{Options, RetryPolicy};
use crate::rate_limit::{Admissions, RateLimit};

const BASE_URL: &str = "https://api.heymarket.com";
const USER_AGENT: &str = concat!("heymarket-api/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Load balancers commonly close an idle connection after 60 seconds. A request
/// on one that is just being closed is lost, and it is unknown whether it was
/// processed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(50);
const MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

/// Builds a [`Client`] with something other than the defaults.
#[must_use]
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
            clock: Arc::new(SystemClock),
        }
    }

    /// Another server; by default `https://api.heymarket.com`. A path in it
    /// comes before those of the operations.
    ///
    /// `http://` is refused unless the host is this machine or
    /// [`allow_plain_http`](Self::allow_plain_http) is set.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Allows a base URL with `http://` on another machine. Tokens, phone
    /// numbers and messages can then be read on the way.
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    /// How long connecting may take; by default 10 seconds. It cannot be
    /// combined with [`http_client`](Self::http_client), which has its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sets how long a connection may be idle and still be used again; by default
    /// 50 seconds, since load balancers commonly close it after 60. It cannot be
    /// combined with [`http_client`](Self::http_client), which has its own.
    ///
    /// A connection that was idle for longer is closed within the same time again.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = Some(timeout);
        self
    }

    /// How long one attempt may take, from connecting to the end of the body;
    /// by default 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options = self.options.timeout(timeout);
        self
    }

    /// Sets how long an operation may take, with all its attempts and the waits
    /// between them; by default 2 minutes. Waiting for the rate limit does not
    /// count.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options = self.options.deadline(deadline);
        self
    }

    /// When a request is sent again, and how many retries there are in hand.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options = self.options.retry(policy);
        self
    }

    /// Sets how long an operation may wait for the rate limit; by default as long
    /// as it takes. See [`Options::max_rate_limit_wait`].
    pub fn max_rate_limit_wait(mut self, wait: Duration) -> Self {
        self.options = self.options.max_rate_limit_wait(wait);
        self
    }

    /// How many requests are sent in a minute; by default 500.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// Tells an observer of each operation when it is over, for metrics.
    pub fn observe_operations(mut self, observer: impl OperationObserver) -> Self {
        self.observers.operations = Some(Box::new(observer));
        self
    }

    /// Tells an observer, once each, of members and enum values of answers that
    /// this version does not know. Answers then take longer to decode.
    pub fn observe_responses(mut self, observer: impl ResponseObserver) -> Self {
        self.observers.responses = Some(Unknowns::new(Box::new(observer)));
        self
    }

    /// Makes the random waits between attempts the same in every run.
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.random_seed = Some(seed);
        self
    }

    /// The largest body of an answer that is read, in bytes after
    /// decompression; by default 32 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Whether requests are checked before they are sent; by default they are.
    ///
    /// What is checked is what the documentation says of requests: the form of
    /// phone numbers and e-mail receivers, the times of scheduled messages, how
    /// many tags there are, and that exactly one receiver is given. Switched
    /// off, the server's word is the last.
    pub fn check_requests(mut self, check: bool) -> Self {
        self.check_requests = check;
        self
    }

    /// The `User-Agent` header; by default this crate's name and version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// An HTTP client of one's own, for proxies, certificates and the like.
    ///
    /// Build it with `redirect(reqwest::redirect::Policy::none())`. With one that
    /// follows redirects, the answer to a redirected request is an error, and
    /// what must not have an effect twice is not sent again after a 401 or a 429:
    /// a redirect to the same URL shows in nothing, so that the server may have
    /// acted before. Such a client gets bodies that it cannot send a second time,
    /// for a redirect or a retry of its own.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Where to take the time from; by default the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) when a setting
    /// cannot be right; the message names it.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = self.checked_base_url()?;
        self.check_durations()?;
        let user_agent = HeaderValue::from_str(&self.user_agent).map_err(|_| {
            Error::configuration("the user agent has a character that no header can hold")
        })?;
        let is_own = self.http_client.is_some();
        let may_redirect = self.http_client.as_ref().is_some_and(follows_redirects);
        let http = match self.http_client {
            Some(client) => client,
            None => http_client(
                &base_url,
                self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
                self.pool_idle_timeout.unwrap_or(POOL_IDLE_TIMEOUT),
            )?,
        };
        let signer = Signer::new(self.credentials, user_agent, Arc::clone(&self.clock))?;
        let random = match self.random_seed {
            Some(seed) => fastrand::Rng::with_seed(seed),
            None => fastrand::Rng::new(),
        };
        let core = Core {
            transport: Transport {
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
            budget: Budget::new(self.options.retry.budget),
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
            if self.http_client.is_some() && duration.is_some() {
                return Err(Error::configuration(format!(
                    "a {name} has no effect on an HTTP client of one's own; set it there"
                )));
            }
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
        // The URL itself is not shown: it may hold a password.
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
            return refuse("holds a user name or a password, which the client would not use");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("has a query or a fragment");
        }
        if url.scheme() == "http" && !self.allow_plain_http && !is_loopback(&url) {
            return Err(Error::configuration(
                "the base URL is http, and tokens, phone numbers and messages could be read on \
                 the way; use https, or `allow_plain_http` if you are sure",
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

fn http_client(
    base_url: &Url,
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
) -> Result<reqwest::Client, Error> {
    // Otherwise it would fail with each request, as if there were no server.
    let has_tls = cfg!(any(feature = "rustls", feature = "native-tls"));
    if base_url.scheme() == "https" && !has_tls {
        return Err(Error::configuration(
            "heymarket-api was built without TLS; turn on its feature `rustls` or `native-tls`",
        ));
    }
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(pool_idle_timeout);
    if !cfg!(feature = "http2") {
        // What reqwest sends again by itself is what an HTTP/2 server says it has
        // not looked at. With HTTP/1 there is none, and each request would be
        // copied for it.
        builder = builder
            .http1_only()
            .retry(reqwest::retry::never().max_retries_per_request(0));
    }
    if is_loopback(base_url) {
        // A proxy of the environment would carry off what stays on this machine.
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| Error::configuration(format!("the HTTP client: {}", error.without_url())))
}

/// Whether a client may follow redirects. reqwest has no accessor for its policy,
/// but `Debug` names it. If that text ever changes, the client is taken to follow
/// them, which is the safe side.
fn follows_redirects(client: &reqwest::Client) -> bool {
    !format!("{client:?}").contains(r#"redirect_policy: "Policy(None)""#)
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use reqwest::redirect::Policy;

    use super::follows_redirects;

    #[test]
    fn a_client_without_redirects_is_known_by_its_debug_text() {
        let client = |policy| {
            let builder = reqwest::Client::builder().redirect(policy);
            builder.build().expect("an HTTP client")
        };
        assert!(!follows_redirects(&client(Policy::none())));
        for policy in [Policy::default(), Policy::limited(1)] {
            assert!(follows_redirects(&client(policy)));
        }
        let custom = Policy::custom(|attempt| attempt.stop());
        assert!(follows_redirects(&client(custom)), "nobody knows");
    }
}
