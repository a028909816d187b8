//! The store: every record, and the indexes that find them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::fields::Fields;
use super::records::{
    Contact, Conversation, Inbox, List, Member, Message, ScheduledMessage, Sent, Survey, Tag, Team,
    Template,
};
use super::rejection::Rejection;
use super::table::Table;

/// All records, and the indexes that find them.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) team: Team,
    pub(crate) members: BTreeMap<i64, Member>,
    pub(crate) inboxes: BTreeMap<i64, Inbox>,
    pub(crate) contacts: Table<Contact>,
    pub(crate) conversations: Table<Conversation>,
    pub(crate) messages: Table<Message>,
    pub(crate) lists: Table<List>,
    pub(crate) templates: Table<Template>,
    pub(crate) tags: Table<Tag>,
    pub(crate) surveys: Table<Survey>,
    pub(crate) scheduled: Table<ScheduledMessage>,
    pub(crate) fields: Fields,
    /// Messages that quiet hours hold, by the time at which they are sent.
    #[serde(default)]
    pub(super) held: Vec<Message>,
    /// Results by the hash of kind and `local_id`. They are kept forever, and a
    /// `local_id` may have any length.
    pub(super) local_ids: HashMap<String, Sent>,
    /// The next ID of each kind.
    pub(super) next_ids: BTreeMap<Kind, i64>,
    /// How many UUIDs were generated. It seeds the next one.
    pub(super) uuids: u64,

    /// Contacts by address. Several contacts may share an email address.
    #[serde(skip)]
    pub(super) addresses: BTreeSet<(String, i64)>,
    #[serde(skip)]
    pub(super) contact_uuids: HashMap<String, i64>,
    /// Conversations by inbox and target, or by the targets of a group.
    #[serde(skip)]
    pub(super) threads: HashMap<(i64, String), i64>,
    /// The due times of scheduled messages.
    #[serde(skip)]
    pub(super) due: BTreeSet<(Timestamp, i64)>,
    /// Events that were not dispatched yet.
    #[serde(skip)]
    pub(super) events: Vec<Event>,
}

/// The kinds of records that have IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Broadcast,
    Channel,
    Contact,
    Conversation,
    Field,
    List,
    Message,
    ScheduledMessage,
    Tag,
    Template,
}

impl Kind {
    /// Returns the first ID, as large as those in the samples.
    pub(super) fn first_id(self) -> i64 {
        match self {
            Self::Broadcast => 1_500_001,
            Self::Channel => 40_000_001,
            Self::Contact => 30_010_001,
            Self::Conversation => 90_010_001,
            Self::Field => 3_001,
            Self::List => 1_000_001,
            Self::Message => 700_100_001,
            Self::ScheduledMessage => 8_001_001,
            Self::Tag => 60_001,
            Self::Template => 7_001,
        }
    }
}

/// An event, with its webhook type.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) subject: Subject,
}

/// The record that an event is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Message(i64),
    Conversation(i64),
    Contact(i64),
}

impl Store {
    /// Returns the ID that the next record of a kind gets.
    pub(crate) fn peek_id(&self, kind: Kind) -> i64 {
        let next = self.next_ids.get(&kind);
        next.copied().unwrap_or(kind.first_id())
    }

    pub(crate) fn next_id(&mut self, kind: Kind) -> i64 {
        let next = self.next_ids.entry(kind).or_insert(kind.first_id());
        *next += 1;
        *next - 1
    }

    /// Returns a UUID that is the same in every run.
    pub(crate) fn next_uuid(&mut self) -> String {
        self.uuids += 1;
        let mut bytes = [0; 16];
        fastrand::Rng::with_seed(self.uuids).fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes)
            .as_uuid()
            .to_string()
    }

    /// Returns the result of an earlier request with this `local_id`.
    pub(crate) fn result_of_local_id(&self, kind: &str, local_id: &str) -> Option<&Sent> {
        self.local_ids.get(&hash(kind, local_id))
    }

    pub(crate) fn record_local_id(&mut self, kind: &str, local_id: &str, sent: Sent) {
        self.local_ids.insert(hash(kind, local_id), sent);
    }

    pub(crate) fn emit(&mut self, kind: &'static str, subject: Subject) {
        self.events.push(Event { kind, subject });
    }

    /// Returns the events since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn inbox(&self, id: i64, field: &str) -> Result<&Inbox, Rejection> {
        self.inboxes
            .get(&id)
            .ok_or_else(|| Rejection::bad_data(field, "no inbox has this id"))
    }

    pub(crate) fn member(&self, id: i64, field: &str) -> Result<&Member, Rejection> {
        self.members
            .get(&id)
            .ok_or_else(|| Rejection::bad_data(field, "no team member has this id"))
    }

    /// Checks that a member belongs to an inbox.
    pub(crate) fn inbox_member(&self, inbox: i64, id: i64, field: &str) -> Result<(), Rejection> {
        self.member(id, field)?;
        let is_member = self
            .inboxes
            .get(&inbox)
            .is_some_and(|inbox| inbox.members.contains(&id));
        if is_member {
            return Ok(());
        }
        Err(Rejection::denied(format!(
            "{field}: this team member is not a member of the inbox"
        )))
    }
}

/// Returns a key of `local_ids`.
pub(super) fn hash(kind: &str, local_id: &str) -> String {
    let hash = Sha256::new_with_prefix(kind)
        .chain_update(":")
        .chain_update(local_id);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}
