//! `Client::find_sent`: looks for a message whose send has an unknown outcome.

use jiff::{SignedDuration, Timestamp};

use super::walk::Walk;
use crate::clock::CLOCK_SKEW;
use crate::error::Error;
use crate::operations::SEND_MESSAGE;
use crate::runtime::Client;
use crate::types::{Address, ListTeamMessages, Message, SendMessage};

/// At least this many messages are searched, however old they are.
const DEPTH: usize = 500;

/// By default, messages this old are searched, however many there are. A send and
/// all its retries take far less.
const LOOKBACK: SignedDuration = SignedDuration::from_hours(1);

impl Client {
    /// Looks for a message by its `local_id`, after a `send_message` that
    /// [`may_have_been_sent`](Error::may_have_been_sent).
    ///
    /// The search goes through the messages of the phone number or conversation
    /// that the message was sent to; for a list or a group, through the messages of
    /// the team. It covers the latest hour and at least the latest 500 messages.
    /// After a longer time, use [`find_sent_since`](Self::find_sent_since).
    ///
    /// A message that is found may have failed: check its
    /// [`status`](Message::status). Where the client minted the `local_id`, the
    /// error has it:
    ///
    /// ```no_run
    /// # use heymarket_api::{Client, Error, types::{MessageStatus, SendMessage}};
    /// # async fn run(client: Client, message: SendMessage) -> Result<(), Error> {
    /// if let Err(error) = client.send_message(&message).await {
    ///     let Some(key) = error.local_id().filter(|_| error.may_have_been_sent()) else {
    ///         return Err(error);
    ///     };
    ///     match client.find_sent(&message.local_id(key)).await? {
    ///         Some(sent) if sent.status == Some(MessageStatus::Failed) => println!("it failed"),
    ///         Some(sent) => println!("it was sent: {}", sent.id),
    ///         None => println!("it was not found"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `None` does not prove that the message was not sent: a message may take a
    /// while to appear.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the message
    /// has no `local_id` or a blank one. Fails like
    /// [`list_messages`](Self::list_messages),
    /// [`get_conversation`](Self::get_conversation) and
    /// [`list_team_messages`](Self::list_team_messages).
    #[inline]
    pub async fn find_sent(&self, message: &SendMessage) -> Result<Option<Message>, Error> {
        let now = self.now();
        let since = now.saturating_sub(LOOKBACK).unwrap_or(now);
        self.find_sent_since(message, since).await
    }

    /// Looks for a message by its `local_id`, like [`find_sent`](Self::find_sent),
    /// among all messages since the time of the first attempt.
    ///
    /// At least the latest 500 messages are searched. `since` is a time of this
    /// machine's clock; 10 minutes more are searched in case the server's clock
    /// differs.
    ///
    /// # Errors
    ///
    /// Like [`find_sent`](Self::find_sent).
    #[inline]
    pub async fn find_sent_since(
        &self,
        message: &SendMessage,
        since: Timestamp,
    ) -> Result<Option<Message>, Error> {
        let key = message.local_id.as_deref().unwrap_or_default();
        if key.trim().is_empty() {
            return Err(Error::invalid_request(
                &SEND_MESSAGE,
                "local_id: it is missing or blank, and a message is found by it".to_owned(),
            ));
        }
        let since = since.saturating_sub(CLOCK_SKEW).unwrap_or(since);
        let mut sent = self.messages_with(message).await?;
        let mut count = 0;
        while let Some(found) = sent.next().await {
            let found = found?;
            if found.local_id.as_deref() == Some(key) {
                return Ok(Some(found));
            }
            count += 1;
            if count >= DEPTH && found.date.is_some_and(|date| date < since) {
                break;
            }
        }
        Ok(None)
    }

    /// Walks over the messages that include the one that was sent, latest first.
    #[inline]
    async fn messages_with(&self, message: &SendMessage) -> Result<Walk<Message>, Error> {
        if let Some(phone) = &message.phone_number {
            return Ok(self.messages(message.inbox_id, phone.clone()));
        }
        if let Some(conversation) = message.conversation_id {
            let conversation = self.get_conversation(conversation).await?.into_inner();
            let target = conversation.target.map(Address::from);
            let number = target.filter(|target| target.is_number());
            if let Some(number) = number {
                return Ok(self.messages(message.inbox_id, number.as_str()));
            }
        }
        Ok(self.latest_team_messages())
    }

    /// Walks over the messages of the team, latest first.
    #[inline]
    pub(crate) fn latest_team_messages(&self) -> Walk<Message> {
        let now = self.now();
        let before = now.saturating_add(CLOCK_SKEW).unwrap_or(now);
        self.team_messages(ListTeamMessages::new().created_at(before))
    }
}
