//! The options of an export, and its request.

use std::fmt;

use clap::ValueEnum;
use heymarket_api::{CLOCK_SKEW, Client, RawRequest, operations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::time;

/// Skips the check of who may see an inbox, as an example of the documentation does.
const ANYBODY: i64 = 0;

/// A kind of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Conversations,
    Messages,
    Contacts,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Messages => "messages",
            Self::Contacts => "contacts",
        }
    }

    /// Returns a number with the noun: `1 contact`.
    pub(super) fn counted(self, count: u64) -> String {
        let noun = self.name();
        match count {
            1 => format!("1 {}", noun.trim_end_matches('s')),
            count => format!("{count} {noun}"),
        }
    }

    /// Returns the request with a body.
    pub(super) fn raw_request(self, body: Value) -> RawRequest {
        let operation = match self {
            Self::Conversations => &operations::LIST_CONVERSATIONS,
            Self::Messages => &operations::LIST_TEAM_MESSAGES,
            Self::Contacts => &operations::LIST_CONTACTS,
        };
        RawRequest::of(operation).json(body)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The value of `--since`: the time, and the text that gave it.
#[derive(Clone)]
pub(super) struct Since {
    time: Timestamp,
    given: String,
}

impl Since {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        Ok(Self {
            time: time::past(text)?,
            given: text.to_owned(),
        })
    }
}

/// What is exported from where. An export is resumed only with the same options.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Options {
    pub(super) kind: Kind,
    server: String,
    /// The ID of the credentials' team, if they may see it.
    team: Option<i64>,
    pub(super) since: Option<Timestamp>,
    /// The text of `--since`. A relative time such as `2h ago` is the same text
    /// when the export resumes, but another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_given: Option<String>,
    /// The given inboxes; `None` means all.
    pub(super) inboxes: Option<Vec<i64>>,
    member: Option<i64>,
    page_size: Option<i64>,
}

impl Options {
    /// Creates options, without the server.
    ///
    /// # Errors
    ///
    /// Returns a usage error if inboxes or a member are given for a kind that has
    /// none.
    pub(super) fn new(
        kind: Kind,
        since: Option<&Since>,
        mut inboxes: Vec<i64>,
        member: Option<i64>,
        page_size: Option<i64>,
    ) -> Result<Self, Failure> {
        let of_conversations = member.is_some() || !inboxes.is_empty();
        if kind != Kind::Conversations && of_conversations {
            return Err(Failure::usage(format!(
                "--inbox and --member apply to conversations only; {kind} belong to the team"
            )));
        }
        inboxes.sort_unstable();
        inboxes.dedup();
        Ok(Self {
            kind,
            server: String::new(),
            team: None,
            since: since.map(|since| since.time),
            since_given: since.map(|since| since.given.clone()),
            inboxes: Some(inboxes).filter(|inboxes| !inboxes.is_empty()),
            member,
            page_size,
        })
    }

    /// Adds the server and its team. Returns the current time as well: the later of
    /// the server's clock and this machine's.
    ///
    /// The time is the upper bound of an export. A bound that is too late costs
    /// nothing; one that is too early leaves messages out. So neither a slow
    /// clock nor a `Date` from a cache can hide a message.
    pub(super) async fn of(
        mut self,
        connection: &Connection,
    ) -> Result<(Self, Timestamp), Failure> {
        self.server = connection.name();
        let answer = connection.client.get_team().await;
        let headers = match &answer {
            Ok(team) => Some(team.headers()),
            Err(error) => error.headers(),
        };
        let now = Timestamp::now();
        let now = headers
            .and_then(time::of_response)
            .map_or(now, |server| server.max(now));
        self.team = match answer {
            Ok(team) => Some(team.id.into()),
            Err(error) if error.is_forbidden() || error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        Ok((self, now))
    }

    /// Returns the given inboxes, else all. Kinds other than conversations need none.
    pub(super) async fn all_inboxes(&self, client: &Client) -> Result<Vec<i64>, Failure> {
        if self.kind != Kind::Conversations {
            return Ok(Vec::new());
        }
        if let Some(inboxes) = &self.inboxes {
            return Ok(inboxes.clone());
        }
        let inboxes = client.list_inboxes().await?;
        let mut ids: Vec<i64> = inboxes.iter().map(|inbox| inbox.id.into()).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Returns the request for the first page.
    pub(super) fn request(&self, inboxes: &[i64], now: Timestamp) -> RawRequest {
        let mut body = match self.kind {
            Kind::Conversations => json!({
                "id": self.member.unwrap_or(ANYBODY),
                "filters": {"inboxes": inboxes},
            }),
            Kind::Messages => {
                let before = now.saturating_add(CLOCK_SKEW).unwrap_or(now);
                json!({"created_at": before.to_string()})
            }
            Kind::Contacts => json!({}),
        };
        if let Some(size) = self.page_size {
            body["limit"] = size.into();
        }
        self.kind.raw_request(body)
    }

    /// Returns a usage error if the options of an unfinished export differ.
    pub(super) fn must_match(&self, begun: &Self) -> Result<(), Failure> {
        let mut differing = Vec::new();
        let mut differ = |is_same: bool, name: &str, value: String| {
            if !is_same {
                differing.push(format!("{name} {value}"));
            }
        };
        let number = |number: Option<i64>| number.map_or("none".to_owned(), |it| it.to_string());
        differ(self.kind == begun.kind, "the kind", begun.kind.to_string());
        differ(
            self.server == begun.server,
            "the server",
            begun.server.clone(),
        );
        differ(self.team == begun.team, "the team", number(begun.team));
        let since = begun
            .since
            .map_or("none".to_owned(), |time| time.to_string());
        let is_given_so = self.since_given.is_some() && self.since_given == begun.since_given;
        differ(is_given_so || self.since == begun.since, "--since", since);
        let inboxes = begun.inboxes.as_ref();
        let inboxes = inboxes.map_or("none".to_owned(), |ids| format!("{ids:?}"));
        differ(self.inboxes == begun.inboxes, "--inbox", inboxes);
        differ(
            self.member == begun.member,
            "--member",
            number(begun.member),
        );
        let size = number(begun.page_size);
        differ(self.page_size == begun.page_size, "--page-size", size);
        if differing.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "the unfinished export there has other options ({}); use them, choose another file, \
             or restart with --force",
            differing.join(", ")
        )))
    }
}
