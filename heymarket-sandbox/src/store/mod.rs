//! What the sandbox remembers. Nothing in here knows of HTTP or dialects.

mod contacts;
mod conversations;
mod demo;
mod fields;
mod records;
mod refusal;
mod sending;
mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(crate) use contacts::{Channels, ContactChange, NewChannel};
pub(crate) use demo::{demo, team};
pub(crate) use fields::{Field, Fields};
pub(crate) use records::*;
pub(crate) use refusal::Refusal;
pub(crate) use sending::{Content, Inbound, Outgoing, Sent};
pub(crate) use table::{Order, Paging, Part, Record, Table};

/// All that is remembered, and the indexes by which it is found.
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
    /// What was made with which `local_id`, by the hash of the kind and the
    /// `local_id`: it is kept for good, and a `local_id` may be of any length.
    local_ids: HashMap<String, Sent>,
    /// The next id of each kind.
    next_ids: BTreeMap<Kind, i64>,
    /// How many UUIDs were made, which is what the next one is made of.
    uuids: u64,

    /// Contacts by their addresses; two may share an e-mail address.
    #[serde(skip)]
    addresses: BTreeSet<(String, i64)>,
    #[serde(skip)]
    contact_uuids: HashMap<String, i64>,
    /// Conversations by inbox and target, or by a group's targets.
    #[serde(skip)]
    threads: HashMap<(i64, String), i64>,
    /// When scheduled messages are due.
    #[serde(skip)]
    due: BTreeSet<(Timestamp, i64)>,
    /// What happened that webhooks tell of.
    #[serde(skip)]
    events: Vec<Event>,
}

/// What ids are given to.
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
    /// Ids begin here: as large as those that were seen of the API.
    fn first_id(self) -> i64 {
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

/// What happened, as webhooks name it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) subject: Subject,
}

/// What an event is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Message(i64),
    Conversation(i64),
    Contact(i64),
}

impl Store {
    pub(crate) fn next_id(&mut self, kind: Kind) -> i64 {
        let next = self.next_ids.entry(kind).or_insert(kind.first_id());
        *next += 1;
        *next - 1
    }

    /// A UUID that is the same in every run.
    pub(crate) fn next_uuid(&mut self) -> String {
        self.uuids += 1;
        let mut bytes = [0; 16];
        fastrand::Rng::with_seed(self.uuids).fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes)
            .as_uuid()
            .to_string()
    }

    /// What was made of a kind with a `local_id`.
    pub(crate) fn made_with(&self, kind: &str, local_id: &str) -> Option<&Sent> {
        self.local_ids.get(&hash(kind, local_id))
    }

    pub(crate) fn note_made_with(&mut self, kind: &str, local_id: &str, sent: Sent) {
        self.local_ids.insert(hash(kind, local_id), sent);
    }

    pub(crate) fn tell(&mut self, kind: &'static str, subject: Subject) {
        self.events.push(Event { kind, subject });
    }

    /// What happened since it was asked last.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn inbox(&self, id: i64, field: &str) -> Result<&Inbox, Refusal> {
        self.inboxes
            .get(&id)
            .ok_or_else(|| Refusal::bad_data(field, "no inbox has this id"))
    }

    pub(crate) fn member(&self, id: i64, field: &str) -> Result<&Member, Refusal> {
        self.members
            .get(&id)
            .ok_or_else(|| Refusal::bad_data(field, "no team member has this id"))
    }

    /// A member who may answer in an inbox.
    pub(crate) fn inbox_member(&self, inbox: i64, id: i64, field: &str) -> Result<(), Refusal> {
        self.member(id, field)?;
        let is_member = self
            .inboxes
            .get(&inbox)
            .is_some_and(|inbox| inbox.members.contains(&id));
        if is_member {
            return Ok(());
        }
        Err(Refusal::denied(format!(
            "{field}: this team member is not a member of the inbox"
        )))
    }

    pub(crate) fn schedule(&mut self, message: ScheduledMessage) {
        self.unschedule(message.id);
        self.due.insert((message.execute, message.id));
        self.scheduled.insert(message);
    }

    pub(crate) fn unschedule(&mut self, id: i64) -> Option<ScheduledMessage> {
        let message = self.scheduled.remove(id)?;
        self.due.remove(&(message.execute, id));
        Some(message)
    }

    /// When the next scheduled message is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(time, _)| *time)
    }

    /// Rebuilds the indexes of what was read from a file.
    ///
    /// # Errors
    ///
    /// What refers to something that is not there.
    pub(crate) fn restore(&mut self) -> Result<(), String> {
        self.check_references()?;
        self.hash_local_ids();
        let contacts: Vec<_> = self.contacts.iter().cloned().collect();
        for contact in &contacts {
            self.index_contact(contact);
        }
        for conversation in self.conversations.iter() {
            let key = (conversation.inbox, conversation.address());
            self.threads.insert(key, conversation.id);
        }
        for message in self.scheduled.iter() {
            self.due.insert((message.execute, message.id));
        }
        Ok(())
    }

    /// Hashes what files of before have unhashed.
    fn hash_local_ids(&mut self) {
        let hashed = std::mem::take(&mut self.local_ids).into_iter();
        self.local_ids = hashed
            .map(|(key, sent)| match key.split_once(':') {
                Some((kind, local_id)) => (hash(kind, local_id), sent),
                None => (key, sent),
            })
            .collect();
    }

    fn check_references(&self) -> Result<(), String> {
        for conversation in self.conversations.iter() {
            if !self.inboxes.contains_key(&conversation.inbox) {
                return Err(format!(
                    "conversation {} is in inbox {}, which is not there",
                    conversation.id, conversation.inbox
                ));
            }
        }
        for message in self.messages.iter() {
            if self.conversations.get(message.conversation).is_none() {
                return Err(format!(
                    "message {} is in conversation {}, which is not there",
                    message.id, message.conversation
                ));
            }
        }
        for list in self.lists.iter() {
            if let Some(id) = list
                .contacts
                .iter()
                .find(|id| self.contacts.get(**id).is_none())
            {
                return Err(format!(
                    "list {} has contact {id}, which is not there",
                    list.id
                ));
            }
        }
        // An id that is given a second time would take the place of another.
        let largest = [
            (Kind::Contact, largest(&self.contacts)),
            (Kind::Conversation, largest(&self.conversations)),
            (Kind::List, largest(&self.lists)),
            (Kind::Message, largest(&self.messages)),
            (Kind::ScheduledMessage, largest(&self.scheduled)),
            (Kind::Tag, largest(&self.tags)),
            (Kind::Template, largest(&self.templates)),
        ];
        for (kind, largest) in largest {
            let next = self.next_ids.get(&kind).copied();
            let next = next.unwrap_or(kind.first_id());
            if largest.is_some_and(|largest| largest >= next) {
                return Err(format!(
                    "`next_ids` has {next} for {kind:?}, which is taken"
                ));
            }
        }
        Ok(())
    }
}

/// A key of `local_ids`.
fn hash(kind: &str, local_id: &str) -> String {
    let hash = Sha256::new_with_prefix(kind)
        .chain_update(":")
        .chain_update(local_id);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

fn largest<R: Record>(table: &Table<R>) -> Option<i64> {
    table.iter().map(Record::id).max()
}
