//! A running sandbox.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::types::{InboxId, MessageId};
use heymarket_api::{Client, Credentials};
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::builder::SandboxBuilder;
use crate::clock::Clock;
use crate::error::Error;
use crate::faults::Rule;
use crate::http::Server;
use crate::journal::{Filter, RecordedRequest};
use crate::state::Shared;
use crate::store::Inbound;
use crate::verification::{self, Contact, Message};
use crate::webhooks::Webhook;

/// The ID of the API secret that every sandbox accepts.
pub const SECRET_ID: &str = "5a9d0b0c-0000-4000-8000-000000000001";
/// The key of that secret.
pub const SECRET_KEY: &str = "sandboxkeysandboxkeysandboxkey00";
/// The legacy team API key that every sandbox accepts.
pub const API_KEY: &str = "sk_sandbox";

/// A server on this machine that behaves as the Heymarket API does, with state.
///
/// Dropping it stops it. [`stop`](Self::stop) waits for requests in flight, and
/// reports an error of saving the state.
///
/// ```
/// use heymarket_api::types::{InboxId, MemberId, SendMessage};
/// use heymarket_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::start().await?;
/// let client = sandbox.client();
///
/// let message = SendMessage::new(InboxId(41001), MemberId(50001))
///     .to_phone("15550107777")
///     .text("On its way.");
/// client.send_message(&message).await?;
///
/// let history = client.list_messages(41001, "15550107777", None).await?;
/// assert_eq!(history[0].text.as_deref(), Some("On its way."));
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
    pub(crate) server: Server,
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on a free port of this machine, with demo data.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is free.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Returns a builder, to change the settings.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Returns the base URL, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the credentials that it accepts.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials::api_secret(SECRET_ID, SECRET_KEY)
    }

    /// Returns a client with the defaults of
    /// [`Client::builder`](heymarket_api::Client::builder). All clients of a
    /// sandbox share one rate limiter.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Sends a message to an inbox as a customer, from a phone number (digits
    /// only) or an email address. Returns the ID of the message.
    ///
    /// # Errors
    ///
    /// Returns an error if the inbox does not exist.
    pub fn inbound(
        &self,
        inbox: impl Into<InboxId>,
        from: &str,
        text: &str,
    ) -> Result<MessageId, Error> {
        let inbound = Inbound {
            inbox: inbox.into().into(),
            from: from.to_owned(),
            text: text.to_owned(),
            media: String::new(),
        };
        let sent = self.shared.change(|state| state.receive(&inbound));
        let sent = sent.map_err(|rejection| Error::refused(rejection.message))?;
        Ok(sent.id.into())
    }

    /// Adds a rule. Returns its ID.
    ///
    /// # Errors
    ///
    /// Returns an error if the rule is invalid.
    pub fn add_rule(&self, rule: Rule) -> Result<u64, Error> {
        let text = rule.to_string();
        let added = self.shared.change(|state| state.rules.add(rule));
        added.map_err(|error| Error::rule(&text, &error.to_string()))
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.shared.change(|state| state.rules.clear());
    }

    /// Adds a webhook, which receives events from now on. Returns its ID.
    ///
    /// # Errors
    ///
    /// Returns an error if the webhook is invalid.
    pub fn add_webhook(&self, webhook: Webhook) -> Result<i64, Error> {
        let added = self.shared.change(|state| state.webhooks.add(webhook));
        added.map_err(Error::refused)
    }

    /// Returns the time of the sandbox.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.state().clock.now()
    }

    /// Sets the time, which continues from there, and sends what is scheduled
    /// until then. Tokens are still checked against the machine's time.
    pub fn set_time(&self, time: Timestamp) {
        self.shared.set_clock(|clock| clock.set(time, false));
    }

    /// Sets the time and freezes it.
    pub fn freeze(&self, time: Timestamp) {
        self.shared.set_clock(|clock| clock.set(time, true));
    }

    /// Advances the time, and sends what is scheduled until then.
    pub fn advance(&self, duration: Duration) {
        self.shared
            .set_clock(|clock: &mut Clock| clock.advance(duration));
    }

    /// Restores the demo data or the [empty](SandboxBuilder::empty) team, and
    /// the rules, webhooks and time of the start. What a state file held is
    /// discarded.
    ///
    /// # Errors
    ///
    /// Returns an error if the initial webhooks cannot be added again.
    pub fn reset(&self) -> Result<(), Error> {
        self.shared.reset()
    }

    /// Returns every record, as the state file has them, without the webhooks.
    ///
    /// # Errors
    ///
    /// Returns an error if a record cannot be serialized.
    pub fn state(&self) -> Result<Value, Error> {
        self.shared.state().shown()
    }

    /// Returns the requests in the [journal](SandboxBuilder::journal), oldest
    /// first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.journal.find(&Filter::default(), usize::MAX)
    }

    /// Returns all messages, by ID: those of the demo data too. See
    /// [`sent`](Self::sent) for those of a test.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.shared
            .look(|state| verification::messages(&state.store))
    }

    /// Returns the messages that went out to customers since the start or the
    /// last reset, by ID. Comments, failed messages and those that quiet hours
    /// hold are not among them.
    #[must_use]
    pub fn sent(&self) -> Vec<Message> {
        self.shared.look(|state| {
            let mut messages = verification::messages(&state.store);
            messages.retain(|message| message.id >= state.first_message && message.is_sent());
            messages
        })
    }

    /// Returns all contacts, by ID.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        self.shared
            .look(|state| verification::contacts(&state.store))
    }

    /// Asserts that exactly these messages were [sent](Self::sent), in any order.
    /// Each is the address of a customer and a text.
    ///
    /// ```
    /// # use heymarket_api::types::{InboxId, MemberId, SendMessage};
    /// # use heymarket_sandbox::Sandbox;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::start().await?;
    /// let message = SendMessage::new(InboxId(41001), MemberId(50001))
    ///     .to_phone("15550107777")
    ///     .text("On its way.");
    /// sandbox.client().send_message(&message).await?;
    /// sandbox.assert_sent([("15550107777", "On its way.")]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if they differ. The message is a diff from the expected messages to
    /// those that were sent.
    #[track_caller]
    pub fn assert_sent<A: Into<String>, T: Into<String>>(
        &self,
        expected: impl IntoIterator<Item = (A, T)>,
    ) {
        let expected = expected.into_iter();
        let expected: Vec<_> = expected
            .map(|(address, text)| (address.into(), text.into()))
            .collect();
        if let Err(difference) = verification::difference(&self.sent(), &expected) {
            panic!("{difference}");
        }
    }

    /// Saves the records and the clock as a named snapshot, in memory. It replaces a
    /// snapshot of the same name.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty or longer than 100 bytes, or if there
    /// are 32 other snapshots.
    pub fn save_snapshot(&self, name: &str) -> Result<(), Error> {
        let saved = self.shared.save_snapshot(name);
        saved.map_err(|rejection| Error::refused(rejection.message))
    }

    /// Restores the records and the clock of a snapshot. Rules and webhooks stay.
    ///
    /// # Errors
    ///
    /// Returns an error if no snapshot has this name.
    pub fn restore_snapshot(&self, name: &str) -> Result<(), Error> {
        let restored = self.shared.restore_snapshot(name);
        restored.map_err(|rejection| Error::refused(rejection.message))
    }

    /// Writes the state file now, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be written. The previous state is kept.
    pub fn save(&self) -> Result<(), Error> {
        self.shared.save()
    }

    /// Waits for requests in flight, saves the state, and stops.
    ///
    /// # Errors
    ///
    /// Returns an error if the state cannot be saved.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.shared
            .changes
            .count(|counters| counters.is_stopped = true);
        self.server.stop().await;
        self.shared.save()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // `stop` reports an error of the save.
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
