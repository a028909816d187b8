//! What is exported, and by which request.

use std::fmt;

use clap::ValueEnum;
use heymarket_api::{CLOCK_SKEW, Client, RawRequest, operations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Arguments;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::time;

/// No check of who may see an inbox, as an example of the documentation has it.
const ANYBODY: i64 = 0;

/// What can be exported.
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

    /// The request with this body.
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

/// What was asked for, and of whom. Who goes on with an export has to ask for
/// the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Options {
    pub(super) kind: Kind,
    server: String,
    /// The id of the team that the credentials are of, if they may see it.
    team: Option<i64>,
    pub(super) since: Option<Timestamp>,
    /// The text of `--since`. A relative time such as `2h ago` is the same text
    /// when the export resumes, but another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_given: Option<String>,
    /// As they were given; all, if none is.
    pub(super) inboxes: Option<Vec<i64>>,
    member: Option<i64>,
    page_size: Option<i64>,
}

impl Options {
    pub(super) fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let kind = arguments.kind;
        let of_conversations = arguments.member.is_some() || !arguments.inbox.is_empty();
        if kind != Kind::Conversations && of_conversations {
            return Err(Failure::usage(format!(
                "--inbox and --member choose conversations; {kind} are the team's"
            )));
        }
        let mut inboxes = arguments.inbox.clone();
        inboxes.sort_unstable();
        inboxes.dedup();
        Ok(Self {
            kind,
            server: String::new(),
            team: None,
            since: arguments.since.as_ref().map(|since| since.time),
            since_given: arguments.since.as_ref().map(|since| since.given.clone()),
            inboxes: Some(inboxes).filter(|inboxes| !inboxes.is_empty()),
            member: arguments.member,
            page_size: arguments.page_size,
        })
    }

    /// Adds the server and its team, and returns the current time: the later of
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
            .and_then(time::of_server)
            .map_or(now, |server| server.max(now));
        self.team = match answer {
            Ok(team) => Some(team.id),
            Err(error) if error.is_forbidden() || error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        Ok((self, now))
    }

    /// The inboxes that were given, or else all; of other kinds none is needed.
    pub(super) async fn all_inboxes(&self, client: &Client) -> Result<Vec<i64>, Failure> {
        if self.kind != Kind::Conversations {
            return Ok(Vec::new());
        }
        if let Some(inboxes) = &self.inboxes {
            return Ok(inboxes.clone());
        }
        let inboxes = client.list_inboxes().await?;
        let mut ids: Vec<i64> = inboxes.iter().map(|inbox| inbox.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The request for the first page.
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

    /// Refuses to mix what two exports are about.
    pub(super) fn must_be_those_of(&self, begun: &Self) -> Result<(), Failure> {
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
            "the export that was begun there is another one, with {}; go on with that, choose \
             another file, or begin anew with --force",
            differing.join(", ")
        )))
    }
}
