//! Looks up members of the team.

use crate::error::Error;
use crate::runtime::Client;
use crate::types::{FindUsers, Membership};

/// A lookup of team members, from [`Client::members`].
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(&'a Client);

impl Client {
    /// Returns a lookup of team members, for the IDs that requests need.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use heymarket_api::types::{InboxId, SendMessage};
    ///
    /// let sender = client.members().by_email("agent@example.com").await?;
    /// let sender = sender.ok_or("no such member")?;
    /// let message = SendMessage::new(InboxId(41001), sender.id).to_phone("15550100101").text("Hello");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn members(&self) -> Members<'_> {
        Members(self)
    }
}

impl Members<'_> {
    /// Returns the member with an e-mail address, in any case.
    ///
    /// This sends [`find_users`](Client::find_users), whose filter is the body of a GET
    /// request. A proxy that drops such a body makes the server return other members,
    /// which are ignored.
    ///
    /// # Errors
    ///
    /// Like [`find_users`](Client::find_users).
    #[inline]
    pub async fn by_email(&self, email: &str) -> Result<Option<Membership>, Error> {
        let email = email.trim();
        let request = FindUsers::new().email([email]);
        let found = self.0.find_users(&request).await?.into_inner();
        let is_same = |address: &str| address.eq_ignore_ascii_case(email);
        let mut members = found.memberships.into_iter().flatten();
        Ok(members.find(|member| member.email.as_deref().is_some_and(is_same)))
    }
}
