use jiff::SignedDuration;

use super::client::Client;
use super::error::Error;
use crate::operations::SEND_MESSAGE;
use crate::paging::Walk;
use crate::types::{Address, ListTeamMessages, Message, SendMessage};

/// How many messages are looked through.
const DEPTH: usize = 500;

/// The server's clock may be ahead by so much.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);

impl Client {
    /// Finds out whether a message was sent, after a `send_message` that
    /// [`may_have_been_sent`](Error::may_have_been_sent): looks for its
    /// `local_id` among the latest 500 messages, of the phone number or the
    /// conversation that it went to, or, for a list or a group, of the team.
    ///
    /// Where the client minted the `local_id`, the error has it:
    ///
    /// ```no_run
    /// # use heymarket_api::{Client, Error, types::SendMessage};
    /// # async fn run(client: Client, message: SendMessage) -> Result<(), Error> {
    /// if let Err(error) = client.send_message(&message).await {
    ///     let Some(key) = error.local_id().filter(|_| error.may_have_been_sent()) else {
    ///         return Err(error);
    ///     };
    ///     match client.find_sent(&message.local_id(key)).await? {
    ///         Some(sent) => println!("it was sent: {}", sent.id),
    ///         None => println!("it was not found"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `None` is no proof that it was not sent: a message may take a while to
    /// appear.
    ///
    /// # Errors
    ///
    /// As of [`list_messages`](Self::list_messages),
    /// [`get_conversation`](Self::get_conversation) and
    /// [`list_team_messages`](Self::list_team_messages);
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the message has
    /// no `local_id`.
    #[inline]
    pub async fn find_sent(&self, message: &SendMessage) -> Result<Option<Message>, Error> {
        let Some(key) = &message.local_id else {
            return Err(Error::invalid_request(
                &SEND_MESSAGE,
                "local_id: a message can only be found by it".to_owned(),
            ));
        };
        let mut sent = self.messages_with(message).await?;
        for _ in 0..DEPTH {
            match sent.next().await {
                Some(found) => {
                    let found = found?;
                    if found.local_id.as_ref() == Some(key) {
                        return Ok(Some(found));
                    }
                }
                None => break,
            }
        }
        Ok(None)
    }

    /// The messages among which one must be.
    #[inline]
    async fn messages_with(&self, message: &SendMessage) -> Result<Walk<Message>, Error> {
        if let Some(phone) = &message.phone_number {
            return Ok(self.messages(message.inbox_id, phone.clone()));
        }
        if let Some(conversation) = message.chat_id {
            let conversation = self.get_conversation(conversation).await?.into_inner();
            let target = conversation.target.map(Address::from);
            let number = target.filter(|target| target.is_number());
            if let Some(number) = number {
                return Ok(self.messages(message.inbox_id, number.as_str()));
            }
        }
        let now = self.now();
        let before = now.saturating_add(CLOCK_SKEW).unwrap_or(now);
        Ok(self.team_messages(ListTeamMessages::new().created_at(before)))
    }
}
