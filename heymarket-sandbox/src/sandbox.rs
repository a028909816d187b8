use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use heymarket_api::{Client, Credentials};
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::http::{Keys, Server, router};
use crate::state_file::StateFile;
use crate::store::Inbound;
use crate::trouble::Rule;
use crate::webhooks::Webhook;
use crate::world::{Settings, Shared};

/// The id of the API secret that a sandbox takes; it is the same in all.
pub const SECRET_ID: &str = "5a9d0b0c-0000-4000-8000-000000000001";
/// The key of that secret.
pub const SECRET_KEY: &str = "sandboxkeysandboxkeysandboxkey00";
/// The legacy team API key that a sandbox takes.
pub const API_KEY: &str = "sk_sandbox";

/// The requests a minute for each key, as the API documents them.
const RATE_LIMIT: u32 = 500;

/// What no request is longer than, by default.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How long a request's head, and then its body, may take to arrive.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest read timeout: a longer one could overflow the clock.
const MAX_READ_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a start waits for another sandbox that has the state file.
const STATE_WAIT: Duration = Duration::from_secs(10);

/// The least time between two saves, and how many times longer than a save it
/// is at least: a large state is not written all the time.
const SAVE_PAUSE: Duration = Duration::from_millis(50);
const SAVE_SHARE: u32 = 4;

/// A server on this machine that behaves as the Heymarket API does and
/// remembers what it was told.
///
/// It stops when it is dropped; [`stop`](Self::stop) waits for it, and says if
/// its state could not be saved.
///
/// ```
/// use heymarket_api::types::SendMessage;
/// use heymarket_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let client = sandbox.client();
///
/// let message = SendMessage::new(41001, 50001).to_phone("15550107777").text("On its way.");
/// client.send_message(&message).await?;
///
/// let history = client.list_messages(41001, "15550107777", None).await?;
/// assert_eq!(history[0].text.as_deref(), Some("On its way."));
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    shared: Arc<Shared>,
    server: Server,
    url: String,
    client: Client,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// A sandbox on a free port of this machine, with demo data.
    ///
    /// # Errors
    ///
    /// That no port could be listened on.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// For what is not as it is by default.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Where it is, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it lets in.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials::api_secret(SECRET_ID, SECRET_KEY)
    }

    /// A client of it, with the defaults of
    /// [`Client::builder`](heymarket_api::Client::builder). All clients of a
    /// sandbox keep the rate limit together.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// A customer writes to an inbox: from a phone number, digits only, or an
    /// e-mail address. Gives the id of the message.
    ///
    /// # Errors
    ///
    /// That there is no such inbox.
    pub fn inbound(&self, inbox: i64, from: &str, text: &str) -> Result<i64, Error> {
        let inbound = Inbound {
            inbox,
            from: from.to_owned(),
            text: text.to_owned(),
            media: String::new(),
        };
        let sent = self.shared.change(|world| world.receive(&inbound));
        let sent = sent.map_err(|refusal| Error::refused(refusal.message))?;
        Ok(sent.id)
    }

    /// Makes trouble from now on. Gives the rule's id.
    ///
    /// # Errors
    ///
    /// What about the rule makes no sense.
    pub fn add_rule(&self, rule: Rule) -> Result<u64, Error> {
        let text = rule.to_string();
        let added = self.shared.change(|world| world.rules.add(rule));
        added.map_err(|error| Error::rule(&text, &error.to_string()))
    }

    /// Makes no more trouble.
    pub fn clear_rules(&self) {
        self.shared.change(|world| world.rules.clear());
    }

    /// Tells a receiver of what happens from now on. Gives the webhook's id.
    ///
    /// # Errors
    ///
    /// What about the webhook makes no sense.
    pub fn add_webhook(&self, webhook: Webhook) -> Result<i64, Error> {
        let added = self.shared.change(|world| world.webhooks.add(webhook));
        added.map_err(Error::refused)
    }

    /// The time that the sandbox lives in.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.world().clock.now()
    }

    /// Sets the time, which goes on from there, and sends what is scheduled
    /// until then. Tokens are checked against the machine's time all the same.
    pub fn set_time(&self, time: Timestamp) {
        self.shared.set_clock(|clock| clock.set(time, false));
    }

    /// Sets the time and holds it there.
    pub fn freeze(&self, time: Timestamp) {
        self.shared.set_clock(|clock| clock.set(time, true));
    }

    /// Moves the time on, and sends what is scheduled until then.
    pub fn advance(&self, duration: Duration) {
        self.shared
            .set_clock(|clock: &mut Clock| clock.advance(duration));
    }

    /// Back to the demo data, or to the [empty](SandboxBuilder::empty) team,
    /// whatever a state file held, and to the rules, webhooks and time of the
    /// start.
    ///
    /// # Errors
    ///
    /// That the webhooks it was started with cannot be set up again.
    pub fn reset(&self) -> Result<(), Error> {
        self.shared.reset()
    }

    /// Everything that is remembered, but for the webhooks, as the state file
    /// has it.
    ///
    /// # Errors
    ///
    /// That it cannot be made JSON of.
    pub fn state(&self) -> Result<Value, Error> {
        self.shared.world().shown()
    }

    /// Writes the state file now, if there is one.
    ///
    /// # Errors
    ///
    /// Why it cannot be written; what was saved before is kept.
    pub fn save(&self) -> Result<(), Error> {
        self.shared.save()
    }

    /// Lets what is on its way end, saves, and is gone.
    ///
    /// # Errors
    ///
    /// Why the state cannot be saved.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.server.stop().await;
        self.shared.save()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // Whoever wants to know calls `stop`.
        let _ = self.shared.save();
        self.shared.release();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// What a [`Sandbox`] is to be like.
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
                deduplicate_local_ids: true,
                rate_limit: Some(RATE_LIMIT),
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
    /// The port; 0, which is the default, is a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The address to listen on, `127.0.0.1` by default. The endpoints under
    /// `/_sandbox/` need no credentials: every program that reaches another
    /// address can control the sandbox. Web pages cannot.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address.set_ip(address);
        self
    }

    /// No demo data: a team with its members and inboxes alone.
    #[must_use]
    pub fn empty(mut self) -> Self {
        self.settings.demo = false;
        self
    }

    /// How answers are put, by default as they were observed. A request has its
    /// own way with the header `X-Sandbox-Dialect`.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// What chance begins with in [`Dialect::Mixed`]; the same by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Whether a `local_id` that came already has no further effect. The
    /// sources disagree; the default, yes, is what the older documentation
    /// says.
    #[must_use]
    pub fn deduplicate_local_ids(mut self, deduplicate: bool) -> Self {
        self.settings.deduplicate_local_ids = deduplicate;
        self
    }

    /// The requests a minute for each key, 500 by default; `None` for no limit.
    #[must_use]
    pub fn rate_limit(mut self, per_minute: impl Into<Option<u32>>) -> Self {
        self.settings.rate_limit = per_minute.into();
        self
    }

    /// How many bytes a request's body may have, 8 MiB by default.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_body_bytes = bytes;
        self
    }

    /// Gives each request this long to arrive, 30 seconds by default and a day at
    /// most: its head, and then its body. A slower one is answered with 408. A
    /// connection without a request is closed after the same time. Answers, such
    /// as a [delayed](crate::Trouble::Delay) one, may take longer.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.read_timeout = timeout.min(MAX_READ_TIMEOUT);
        self
    }

    /// Makes trouble from the start.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.settings.rules.push(rule);
        self
    }

    /// Tells a receiver of what happens from the start.
    #[must_use]
    pub fn webhook(mut self, webhook: Webhook) -> Self {
        self.settings.webhooks.push(webhook);
        self
    }

    /// Begins with what a file holds, if it exists, and saves what changes, at
    /// once or, where much changes, soon after. Each save replaces the file as a
    /// whole. Only its owner can read it, and it cannot be a symbolic link.
    ///
    /// One sandbox at a time uses a file: it locks the empty file `FILE.lock`
    /// until it is stopped or dropped, or its process ends in any other way.
    /// The lock file stays; do not remove it while a sandbox runs.
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Waits this long for another sandbox to release the state file, 10 seconds
    /// by default. After that, [`start`](Self::start) fails.
    #[must_use]
    pub fn state_wait(mut self, wait: Duration) -> Self {
        self.state_wait = wait;
        self
    }

    /// Starts it, on the tokio runtime that this is called in.
    ///
    /// # Errors
    ///
    /// That the port is taken; that another sandbox has the state file; that the
    /// file cannot be read or written, or is not one, in which case it is left
    /// as it is; that a rule or webhook makes no sense; that no
    /// [client](Sandbox::client) can be built.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let has_file = self.state_file.is_some();
        let file = match self.state_file {
            Some(path) => Some(StateFile::open(path, self.state_wait).await?),
            None => None,
        };
        let read_timeout = self.settings.read_timeout;
        let shared = Arc::new(Shared::new(self.settings, file)?);
        let context = crate::http::Context {
            shared: Arc::clone(&shared),
            keys: Arc::new(Keys {
                secret_id: SECRET_ID.to_owned(),
                secret_key: SECRET_KEY.to_owned(),
                api_key: API_KEY.to_owned(),
            }),
        };
        let server = Server::start(self.address, router(context), read_timeout).await?;
        let url = format!("http://{}", reachable(server.address()));
        let credentials = Credentials::api_secret(SECRET_ID, SECRET_KEY);
        // An address that is not this machine's own is one that was asked for.
        let client = Client::builder(credentials)
            .base_url(&url)
            .allow_plain_http(true);
        let client = client.build().map_err(crate::error::Kind::Client)?;
        let mut tasks = vec![tokio::spawn(deliver(Arc::clone(&shared)))];
        if has_file {
            tasks.push(tokio::spawn(save(Arc::clone(&shared))));
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

/// The address by which this machine reaches a listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Sends scheduled messages when their time comes.
async fn deliver(shared: Arc<Shared>) {
    loop {
        let wait = {
            let world = shared.world();
            let due = world.store.next_due().filter(|_| !world.clock.is_frozen());
            due.map(|due| due.duration_since(world.clock.now()))
        };
        let rescheduled = shared.rescheduled.notified();
        match wait {
            None => rescheduled.await,
            Some(wait) => {
                let wait = Duration::try_from(wait).unwrap_or_default();
                tokio::select! {
                    () = rescheduled => continue,
                    () = tokio::time::sleep(wait) => {}
                }
                shared.change(|_| {});
            }
        }
    }
}

/// Saves what changed: the first change at once, then some at a time. That it fails is told when the
/// sandbox stops, and it is tried again with the next change.
async fn save(shared: Arc<Shared>) {
    loop {
        shared.changed.notified().await;
        let start = Instant::now();
        let saving = Arc::clone(&shared);
        let _ = tokio::task::spawn_blocking(move || saving.save()).await;
        let pause = start.elapsed().saturating_mul(SAVE_SHARE);
        tokio::time::sleep(pause.max(SAVE_PAUSE)).await;
    }
}
