//! Builds a gateway, and checks its settings.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::Client;
use heymarket_api::webhook::Verifier;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, watch};

use crate::allow::Allow;
use crate::error::Error;
use crate::gateway::{Gateway, background};
use crate::guard::Hosts;
use crate::in_flight::InFlight;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::recipients::Recipients;
use crate::report::RequestReport;
use crate::server::{Security, accept};
use crate::shared::{OnRequest, Shared};
use crate::token::Token;
use crate::webhooks::{Target, Webhooks};

/// A builder for a [`Gateway`].
#[must_use = "a builder does nothing until `start` is called"]
pub struct GatewayBuilder {
    client: Client,
    token: Token,
    hosts: Hosts,
    is_behind_proxy: bool,
    #[cfg(feature = "tls")]
    tls: Option<(PathBuf, PathBuf)>,
    allow: Allow,
    recipients: Option<Recipients>,
    ledger: Option<PathBuf>,
    account: Option<String>,
    webhooks: Option<(Verifier, String)>,
    limits: Limits,
    on_request: Option<OnRequest>,
}

impl GatewayBuilder {
    pub(crate) fn new(client: Client, token: Token) -> Self {
        Self {
            client,
            token,
            hosts: Hosts::default(),
            is_behind_proxy: false,
            #[cfg(feature = "tls")]
            tls: None,
            allow: Allow::everything(),
            recipients: None,
            ledger: None,
            account: None,
            webhooks: None,
            limits: Limits::default(),
            on_request: None,
        }
    }

    /// Sets the file of the ledger, a SQLite database that is created with mode 0600.
    /// Without one, requests with an `Idempotency-Key` are refused.
    ///
    /// A request with an `Idempotency-Key` is written to the ledger before it leaves, and
    /// its answer once it arrives. The same key again gets:
    ///
    /// - the recorded answer, if the API accepted the request (a 2xx)
    /// - a 409 while the first request is under way
    /// - a 422 if the [account](Self::account), the operation, the target or the body differs
    /// - what the message history shows, if the outcome of a `send_message` is unknown:
    ///   the message, or a 409 if it is not there. Operations that send nothing are sent
    ///   again if that has no second effect; all others get a 409
    ///
    /// A request of which nothing was done frees its key. The ledger holds hashes of
    /// requests, and the answers. One gateway uses a ledger at a time.
    pub fn ledger(mut self, path: impl Into<PathBuf>) -> Self {
        self.ledger = Some(path.into());
        self
    }

    /// Names the account and the server of the client. A key belongs to them: with another
    /// account, the same ledger takes it for another request, which gets a 422. Without a
    /// name, one ledger must not serve two accounts.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Sets how long keys are kept, from their first request; by default 24 hours, and at
    /// least 10 minutes.
    pub fn keep_keys(mut self, duration: Duration) -> Self {
        self.limits.keep_keys = duration;
        self
    }

    /// Receives webhooks at `/webhooks`, and forwards each event to a URL once it is verified
    /// and stored. This needs a [`ledger`](Self::ledger).
    ///
    /// A delivery gets its 200 once it is on the disk; a duplicate gets one without further
    /// effect. The body is forwarded unmodified, with an `Idempotency-Key` that is the same
    /// in every attempt. Until the receiver answers with a 2xx, it is tried again after 1
    /// second, then 2, 4 and so on up to 5 minutes, for 24 hours.
    pub fn webhooks(mut self, verifier: Verifier, forward_to: impl Into<String>) -> Self {
        self.webhooks = Some((verifier, forward_to.into()));
        self
    }

    /// Sets which operations callers may use; by default all.
    pub fn allow(mut self, allow: Allow) -> Self {
        self.allow = allow;
        self
    }

    /// Allows sends to these recipients only.
    pub fn recipients(mut self, recipients: Recipients) -> Self {
        self.recipients = Some(recipients);
        self
    }

    /// Adds a name that callers may reach the gateway by: a host name without a port. The
    /// address that it listens on, and on loopback every loopback name, are known.
    pub fn host(mut self, name: impl AsRef<str>) -> Self {
        self.hosts.names.push(name.as_ref().to_ascii_lowercase());
        self
    }

    /// Allows plain HTTP on an address that other machines reach, because a proxy
    /// terminates TLS. Callers reach the proxy by this host name.
    pub fn behind_proxy(mut self, name: impl AsRef<str>) -> Self {
        self.is_behind_proxy = true;
        self.host(name)
    }

    /// Serves TLS, with a certificate chain and a private key from PEM files.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls = Some((certificate.into(), key.into()));
        self
    }

    /// Sets the largest body of a request, in bytes; by default 2 MiB.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_body_bytes = bytes;
        self
    }

    /// Sets how many connections may be open; by default 1024. Further ones get a 503.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.max_connections = connections;
        self
    }

    /// Sets how long a head and how long a body may take to arrive, and how long an idle
    /// connection stays open; by default 15 seconds. On Linux, a caller that does not read
    /// its answers for this long is disconnected as well.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.limits.read_timeout = timeout;
        self
    }

    /// Sets how long a request may wait for the rate limit; by default 30 seconds. It then
    /// gets a 429.
    pub fn max_rate_limit_wait(mut self, wait: Duration) -> Self {
        self.limits.max_rate_limit_wait = wait;
        self
    }

    /// Calls a function with a report of each request, for a log. It runs on the task of
    /// the request and should not block.
    pub fn on_request(
        mut self,
        on_request: impl Fn(&RequestReport) + Send + Sync + 'static,
    ) -> Self {
        self.on_request = Some(Box::new(on_request));
        self
    }

    /// Starts the gateway. Port 0 picks a free one.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is reached by other machines without TLS or a
    /// proxy, if the address or the ledger cannot be used, or if a setting is not valid.
    pub async fn start(self, address: SocketAddr) -> Result<Gateway, Error> {
        self.check(address)?;
        let (security, scheme) = self.security()?;
        let ledger = self.ledger.as_deref().map(Ledger::open).transpose()?;
        let ledger = ledger.map(Arc::new);
        let (webhooks, target) = match self.webhooks {
            None => (None, None),
            Some((verifier, url)) => {
                let none = || Error::new("webhooks need a ledger");
                let ledger = ledger.as_ref().ok_or_else(none)?;
                let webhooks = Webhooks::new(verifier, Arc::clone(ledger));
                (Some(webhooks), Some(Target::parse(&url)?))
            }
        };
        let (listener, address) = listen(address).await?;
        let wait = self.limits.max_rate_limit_wait;
        let shared = Arc::new(Shared {
            client: self
                .client
                .with_options(|options| options.max_rate_limit_wait(wait)),
            token: self.token,
            hosts: self.hosts,
            allow: self.allow,
            recipients: self.recipients,
            ledger,
            account: self.account,
            webhooks,
            in_flight: InFlight::default(),
            metrics: Metrics::new()?,
            limits: self.limits,
            on_request: self.on_request,
            tasks: Arc::new(RwLock::new(())),
        });
        let (stop, stopped) = watch::channel(false);
        let serving = accept(listener, Arc::clone(&shared), security, stopped);
        Ok(Gateway {
            address,
            scheme,
            server: tokio::spawn(serving),
            background: background(&shared, target),
            shared,
            stop,
        })
    }

    fn check(&self, address: SocketAddr) -> Result<(), Error> {
        let is_secure = self.is_behind_proxy || self.has_tls();
        if !address.ip().to_canonical().is_loopback() && !is_secure {
            return Err(Error::new(format!(
                "other machines reach {address}, and tokens and messages would pass unencrypted; \
                 give a certificate and its key (--tls-cert, --tls-key), or name the proxy that \
                 terminates TLS (--behind-proxy)"
            )));
        }
        self.hosts.check_names()?;
        self.limits.check()
    }

    #[cfg(feature = "tls")]
    fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    #[cfg(not(feature = "tls"))]
    fn has_tls(&self) -> bool {
        false
    }

    fn security(&self) -> Result<(Security, &'static str), Error> {
        #[cfg(feature = "tls")]
        if let Some((certificate, key)) = &self.tls {
            let acceptor = crate::tls::acceptor(certificate, key)?;
            return Ok((Security::Tls(acceptor), "https"));
        }
        Ok((Security::Plain, "http"))
    }
}

/// Listens on an address, and returns the address with the port that was picked.
async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let listener = TcpListener::bind(address).await;
    let bound = listener.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| Error::new(format!("cannot listen on {address}: {error}")))
}

impl std::fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayBuilder").finish_non_exhaustive()
    }
}
