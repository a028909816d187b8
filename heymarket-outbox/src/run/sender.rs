//! What the messages of a batch have in common.

use std::sync::Arc;

use heymarket_api::Client;
use heymarket_api::types::{GetContactStatus, SendMessage};
use sha2::{Digest as _, Sha256};

use super::noted::{Failed, noted};
use super::stop::Stop;
use crate::engine::Engine;
use crate::settings::{Content, Settings};
use crate::state::{Reason, State};
use crate::store::{Candidate, Ending, Hash, shortened};

/// What the messages of a batch have in common.
pub(super) struct Sender {
    pub(super) engine: Engine,
    pub(super) client: Client,
    pub(super) batch: i64,
    pub(super) settings: Settings,
    pub(super) salt: Hash,
    pub(super) stop: Arc<Stop>,
}

impl Sender {
    /// The message to a recipient, the same each time.
    pub(super) fn message(&self, candidate: &Candidate) -> SendMessage {
        let message = self.content(candidate.text.as_deref());
        message
            .phone_number(candidate.phone.as_str())
            .local_id(candidate.local_id.to_string())
    }

    /// Returns a message without a recipient.
    pub(super) fn content(&self, own_text: Option<&str>) -> SendMessage {
        let settings = &self.settings;
        let mut message = SendMessage::new(settings.inbox, settings.creator);
        message = match (own_text, &settings.content) {
            (Some(text), _) => message.text(text),
            (None, Content::Text(text)) => message.text(text.as_str()),
            (None, Content::Template(id)) => message.template_id(*id),
            (None, Content::Nothing) => message,
        };
        match &settings.media {
            Some(url) => message.media_url(url.as_str()),
            None => message,
        }
    }

    pub(super) fn hash(&self, message: &SendMessage) -> Hash {
        let mut hash = Sha256::new();
        hash.update(self.salt);
        // What a request is made of can always be written.
        hash.update(serde_json::to_vec(message).unwrap_or_default());
        shortened(hash)
    }

    /// Asks for the status of a recipient.
    pub(super) async fn check_status(
        &self,
        candidate: &Candidate,
    ) -> Result<Option<Reason>, Failed> {
        let request = GetContactStatus::new().phone(candidate.phone.as_str());
        let status = noted(&self.engine, &self.client, &self.stop, async |client| {
            client.get_contact_status(&request).await
        });
        match status.await {
            Ok(status) if status.unsubscribed == Some(true) => Ok(Some(Reason::OptedOut)),
            Ok(status) if status.blocked == Some(true) => Ok(Some(Reason::Blocked)),
            Ok(_) => Ok(None),
            // The contact is new.
            Err(Failed::Api(error)) if error.is_not_found() => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    pub(super) fn ending(
        &self,
        candidate: &Candidate,
        state: State,
        reason: Option<Reason>,
    ) -> Ending {
        Ending {
            state,
            reason,
            ..Ending::planned(self.batch, candidate.position, self.engine.millis())
        }
    }
}
