//! The recipients that a trial may send to.
//!
//! The check fails closed: a body with a member that is not known, twice the same name,
//! or a name in another case is refused, since the API might read it as a recipient. So
//! are a query and the conversation of a group.

use std::collections::BTreeSet;

use heymarket_api::types::Address;
use heymarket_api::{Client, Effect, Operation};
use serde_json::Value;

use crate::body::Members;
use crate::error::Error;
use crate::problem::Problem;

/// The recipients that callers may send to: phone numbers and email addresses. Sends to
/// lists are refused.
///
/// `Debug` shows none of them.
///
/// ```
/// use heymarket_gateway::Recipients;
///
/// let recipients = Recipients::new(["+1 (555) 010-0101", "ada@example.com"])?;
/// assert!(Recipients::new(["Ada"]).is_err());
/// # Ok::<(), heymarket_gateway::Error>(())
/// ```
#[derive(Clone)]
pub struct Recipients {
    known: BTreeSet<String>,
}

/// What a member of a request means for its recipients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// One address, or an array of them.
    Addresses,
    /// Addresses with the prefixes of email, several in one string.
    EmailAddresses,
    /// A conversation, whose address is looked up.
    Conversation,
    /// An object with content of a scheduled message.
    Content,
    /// None.
    Other,
}

use Meaning::{Addresses, Content, Conversation, EmailAddresses, Other};

const MESSAGE: &[(&str, Meaning)] = &[
    ("phone_number", Addresses),
    ("targets", Addresses),
    ("chat_id", Conversation),
    ("activity_id", Other),
    ("author", Other),
    ("channel", Other),
    ("conv_name", Other),
    ("creator_email", Other),
    ("creator_id", Other),
    ("inbox_id", Other),
    ("local_id", Other),
    ("media_url", Other),
    ("private", Other),
    ("survey_id", Other),
    ("template_id", Other),
    ("text", Other),
];

const EMAIL: &[(&str, Meaning)] = &[
    ("targets", EmailAddresses),
    ("convo_id", Conversation),
    ("conv_title", Other),
    ("creator_id", Other),
    ("inbox", Other),
    ("local_id", Other),
    ("raw_text", Other),
    ("text", Other),
];

const SCHEDULED: &[(&str, Meaning)] = &[
    ("phone_number", Addresses),
    ("targets", Addresses),
    ("conversation_id", Conversation),
    ("content", Content),
    ("execute_at", Other),
    ("inbox_id", Other),
    ("local_id", Other),
    ("user_id", Other),
];

const SCHEDULED_CONTENT: &[(&str, Meaning)] = &[
    ("to", Addresses),
    ("attachments", Other),
    ("gallery", Other),
    ("template", Other),
    ("text", Other),
];

impl Recipients {
    /// Creates a list of phone numbers in E.164, with or without `+` and punctuation, and
    /// email addresses.
    ///
    /// # Errors
    ///
    /// Returns an error if the list is empty, or if an address is neither a phone number nor an
    /// email address. The error gives its position, not its text.
    pub fn new<A: AsRef<str>>(addresses: impl IntoIterator<Item = A>) -> Result<Self, Error> {
        let mut known = BTreeSet::new();
        for (index, address) in addresses.into_iter().enumerate() {
            let address = normal(address.as_ref());
            let is_number = address.bytes().all(|byte| byte.is_ascii_digit());
            let is_valid = if is_number {
                (7..=15).contains(&address.len())
            } else {
                address.split_once('@').is_some_and(|(name, host)| {
                    !name.is_empty() && host.contains('.') && !address.contains([' ', ',', ':'])
                })
            };
            if !is_valid {
                return Err(Error::new(format!(
                    "recipient {} is neither a phone number with its country code nor an email \
                     address",
                    index + 1
                )));
            }
            known.insert(address);
        }
        if known.is_empty() {
            return Err(Error::new("the list of recipients is empty"));
        }
        Ok(Self { known })
    }

    /// Refuses a request that might send to someone else.
    pub(crate) async fn check(
        &self,
        client: &Client,
        operation: &Operation,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<(), Problem> {
        if operation.effect() != Effect::Sends {
            return Ok(());
        }
        if query.is_some() {
            return Err(refused(
                "the URL has a query, which might name a recipient; give every member in the body",
            ));
        }
        let members = match operation.id() {
            "send_message" => MESSAGE,
            "send_email" => EMAIL,
            "create_scheduled_message" | "update_scheduled_message" => SCHEDULED,
            _ => return Err(refused("the operation is not one that the list covers")),
        };
        let mut found = Found::default();
        found.read(body, members)?;
        for conversation in &found.conversations {
            let conversation = client.get_conversation(*conversation).await;
            let conversation =
                conversation.map_err(|_| refused("the conversation's recipient is not known"))?;
            let conversation = conversation.into_inner();
            if conversation
                .targets
                .is_some_and(|targets| !is_empty(&targets))
            {
                return Err(refused(
                    "the conversation is that of a group, whose participants are not known; name \
                     each recipient in `targets` or `phone_number` instead",
                ));
            }
            let target = conversation.target.map(Address::from);
            let target = target.ok_or_else(|| refused("the conversation has no one recipient"))?;
            found.addresses.push(target.as_str().to_owned());
        }
        if found.addresses.is_empty() {
            return Err(refused("the request names no recipient"));
        }
        if !found
            .addresses
            .iter()
            .all(|address| self.known.contains(&normal(address)))
        {
            return Err(refused("a recipient of the request is not on the list"));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Recipients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recipients({})", self.known.len())
    }
}

/// The recipients that a request names.
#[derive(Default)]
struct Found {
    addresses: Vec<String>,
    conversations: Vec<i64>,
}

impl Found {
    fn read(&mut self, body: &[u8], known: &[(&str, Meaning)]) -> Result<(), Problem> {
        let members =
            Members::parse(body).ok_or_else(|| refused("the body is not a JSON object"))?;
        let mut seen = BTreeSet::new();
        for (name, value) in &members.0 {
            let meaning = known.iter().find(|(own, _)| own == name);
            let Some((_, meaning)) = meaning else {
                return Err(refused(
                    "the body has a member that the list does not cover",
                ));
            };
            if !seen.insert(name) {
                return Err(refused("the body has a member twice"));
            }
            let value = value.get();
            if value == "null" || *meaning == Other {
                continue;
            }
            if *meaning == Content {
                self.read(value.as_bytes(), SCHEDULED_CONTENT)?;
                continue;
            }
            let value: Value =
                serde_json::from_str(value).map_err(|_| refused("the body is not JSON"))?;
            self.add(&value, *meaning)?;
        }
        Ok(())
    }

    fn add(&mut self, value: &Value, meaning: Meaning) -> Result<(), Problem> {
        let unclear = || refused("a recipient is written in a way that the list does not cover");
        match (meaning, value) {
            (Conversation, value) => {
                self.conversations.push(value.as_i64().ok_or_else(unclear)?);
            }
            (_, Value::Array(items)) => {
                for item in items {
                    // Only one level: the API has no nested targets.
                    if item.is_array() {
                        return Err(unclear());
                    }
                    self.add(item, meaning)?;
                }
            }
            (EmailAddresses, Value::String(text)) => {
                for address in text.split(',') {
                    let address = address.trim();
                    let bare = address
                        .strip_prefix("to:")
                        .or_else(|| address.strip_prefix("cc:"));
                    self.addresses.push(bare.unwrap_or(address).to_owned());
                }
            }
            (Addresses, Value::String(text)) => self.addresses.push(text.clone()),
            _ => return Err(unclear()),
        }
        Ok(())
    }
}

/// Returns whether the `targets` of a conversation name no one.
fn is_empty(targets: &Value) -> bool {
    match targets {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Returns an address as it is compared: a number as its digits, anything else in lower
/// case.
fn normal(address: &str) -> String {
    let address = address.trim();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')' | '.');
    if !address.is_empty() && address.chars().all(is_number) {
        return address.chars().filter(char::is_ascii_digit).collect();
    }
    address.to_lowercase()
}

fn refused(why: &str) -> Problem {
    Problem::forbidden(
        "recipients",
        format!("the gateway runs with a list of recipients: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use heymarket_api::{Credentials, operations};

    async fn check(operation: &Operation, body: &str) -> Result<(), String> {
        // Nothing listens there, so a conversation cannot be looked up.
        let client = Client::builder(Credentials::api_key("key"))
            .base_url("http://127.0.0.1:9")
            .build()
            .expect("a client")
            .with_options(|options| options.max_retries(0));
        let recipients =
            Recipients::new(["+1 (555) 010-0101", "Ada@example.com"]).expect("recipients");
        let checked = recipients
            .check(&client, operation, None, body.as_bytes())
            .await;
        checked.map_err(|problem| problem.detail)
    }

    #[tokio::test]
    async fn sends_to_the_listed_pass() {
        for (operation, body) in [
            (
                &operations::SEND_MESSAGE,
                r#"{"inbox_id":1,"phone_number":"15550100101"}"#,
            ),
            (
                &operations::SEND_MESSAGE,
                r#"{"targets":["+15550100101"],"chat_id":null}"#,
            ),
            (
                &operations::SEND_EMAIL,
                r#"{"targets":["to:ada@example.com, cc:ADA@example.com"]}"#,
            ),
            (
                &operations::CREATE_SCHEDULED_MESSAGE,
                r#"{"content":{"to":"15550100101"}}"#,
            ),
            (&operations::CLOSE_CONVERSATION, r#"{"conversation_id":1}"#),
        ] {
            assert_eq!(check(operation, body).await, Ok(()), "{body}");
        }
    }

    #[tokio::test]
    async fn sends_that_might_reach_others_are_refused() {
        for (operation, body) in [
            (
                &operations::SEND_MESSAGE,
                r#"{"phone_number":"15550100102"}"#,
            ),
            (
                &operations::SEND_MESSAGE,
                r#"{"phone_number":"15550100101","phone_number":"15550100102"}"#,
            ),
            (
                &operations::SEND_MESSAGE,
                r#"{"phone_number":"15550100101","Phone_Number":"15550100102"}"#,
            ),
            (
                &operations::SEND_MESSAGE,
                "{\"phone_number\":\"15550100101\",\"target\u{17f}\":[\"15550100102\"]}",
            ),
            (
                &operations::SEND_MESSAGE,
                r#"{"phone_number":"15550100101","list_id":7}"#,
            ),
            (&operations::SEND_MESSAGE, r#"{"list_id":7,"local_id":"x"}"#),
            (
                &operations::SEND_MESSAGE,
                r#"{"targets":["15550100101","15550100102"]}"#,
            ),
            (
                &operations::SEND_MESSAGE,
                r#"{"targets":[["15550100102"]]}"#,
            ),
            (&operations::SEND_MESSAGE, r#"{"phone_number":15550100101}"#),
            (&operations::SEND_MESSAGE, r#"{"chat_id":9920}"#),
            (&operations::SEND_MESSAGE, r#"{"text":"Hi"}"#),
            (&operations::SEND_MESSAGE, "[]"),
            (
                &operations::SEND_EMAIL,
                r#"{"targets":["to:ada@example.com,bob@example.com"]}"#,
            ),
            (
                &operations::SEND_EMAIL,
                r#"{"targets":["ada@example.com"],"convo_id":7}"#,
            ),
            (
                &operations::CREATE_SCHEDULED_MESSAGE,
                r#"{"content":{"to":"15550100102"}}"#,
            ),
            (
                &operations::CREATE_SCHEDULED_MESSAGE,
                r#"{"content":{},"list_id":1}"#,
            ),
            (
                &operations::UPDATE_SCHEDULED_MESSAGE,
                r#"{"targets":[{"phone":"15550100102"}]}"#,
            ),
        ] {
            let refused = check(operation, body).await.expect_err(body);
            assert!(!refused.contains("1555"), "{refused}");
        }
    }

    #[test]
    fn a_list_holds_addresses_alone() {
        assert!(Recipients::new(Vec::<String>::new()).is_err());
        for wrong in [
            "",
            "Ada",
            "12345",
            "a@b",
            "to:a@example.com",
            "a@example.com,b@example.com",
        ] {
            assert!(Recipients::new([wrong]).is_err(), "{wrong}");
        }
    }
}
