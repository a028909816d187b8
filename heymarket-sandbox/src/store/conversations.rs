//! Conversations: lookup, creation and changes.

use jiff::Timestamp;

use super::data::{Kind, Store, Subject};
use super::records::Conversation;
use super::rejection::Rejection;
use super::table::Part;

impl Conversation {
    /// Returns the key of the conversation within its inbox.
    pub(super) fn address(&self) -> String {
        if self.targets.is_empty() {
            self.target.clone()
        } else {
            group_address(&self.targets)
        }
    }

    fn is_text(&self) -> bool {
        matches!(self.channel.as_str(), "sms" | "mms")
    }
}

/// Returns the key of a group: its members, sorted.
fn group_address(targets: &[String]) -> String {
    let mut targets = targets.to_vec();
    targets.sort();
    targets.dedup();
    targets.join(",")
}

impl Store {
    /// Returns the conversation with an address in an inbox.
    pub(crate) fn conversation_with(&self, inbox: i64, address: &str) -> Option<&Conversation> {
        let id = self.threads.get(&(inbox, address.to_owned()))?;
        self.conversations.get(*id)
    }

    /// Returns the conversation with a group in an inbox.
    pub(crate) fn conversation_with_group(
        &self,
        inbox: i64,
        targets: &[String],
    ) -> Option<&Conversation> {
        self.conversation_with(inbox, &group_address(targets))
    }

    /// Returns the conversation with a contact in an inbox, and creates it if
    /// needed.
    pub(crate) fn conversation_for(
        &mut self,
        inbox: i64,
        channel: &str,
        target: &str,
        creator: i64,
        now: Timestamp,
    ) -> i64 {
        match self.conversation_with(inbox, target) {
            Some(conversation) => conversation.id,
            None => self.new_conversation(inbox, channel, target, &[], creator, now),
        }
    }

    /// Returns the conversation with a group in an inbox, and creates it if
    /// needed.
    pub(super) fn group_conversation_for(
        &mut self,
        inbox: i64,
        targets: &[String],
        creator: i64,
        now: Timestamp,
    ) -> i64 {
        match self.conversation_with_group(inbox, targets) {
            Some(conversation) => conversation.id,
            None => self.new_conversation(inbox, "mms", "", targets, creator, now),
        }
    }

    fn new_conversation(
        &mut self,
        inbox: i64,
        channel: &str,
        target: &str,
        targets: &[String],
        creator: i64,
        now: Timestamp,
    ) -> i64 {
        let id = self.next_id(Kind::Conversation);
        let local_id = self.next_uuid();
        let mut targets = targets.to_vec();
        targets.sort();
        targets.dedup();
        self.put_conversation(Conversation {
            id,
            inbox,
            target: target.to_owned(),
            targets,
            channel: channel.to_owned(),
            name: String::new(),
            local_id,
            assigned: 0,
            creator,
            members: Vec::new(),
            closed: false,
            replied: false,
            unread_users: Vec::new(),
            read_at: None,
            last_inbound: None,
            last_text: String::new(),
            created: now,
            updated: now,
        });
        id
    }

    pub(super) fn put_conversation(&mut self, conversation: Conversation) {
        let key = (conversation.inbox, conversation.address());
        self.threads.insert(key, conversation.id);
        self.conversations.insert(conversation);
    }

    pub(crate) fn set_closed(&mut self, id: i64, closed: bool, now: Timestamp) {
        self.conversations.change(id, |conversation| {
            conversation.closed = closed;
            conversation.updated = now;
        });
        let kind = if closed { "chat_closed" } else { "chat_opened" };
        self.emit(kind, Subject::Conversation(id));
    }

    /// Marks a conversation as read or unread for a member. This is not
    /// activity, so the conversation keeps its place in lists.
    pub(crate) fn set_read(&mut self, id: i64, user: i64, read: bool, now: Timestamp) {
        self.conversations.change(id, |conversation| {
            conversation.unread_users.retain(|other| *other != user);
            if read {
                conversation.read_at = Some(now);
            } else {
                conversation.unread_users.push(user);
            }
        });
    }

    pub(crate) fn reassign(&mut self, id: i64, to: i64, now: Timestamp) {
        self.conversations.change(id, |conversation| {
            conversation.assigned = to;
            conversation.join(to);
            conversation.updated = now;
        });
        self.emit("chat_reassigned", Subject::Conversation(id));
    }

    /// Moves a conversation to another inbox.
    pub(crate) fn transfer(&mut self, id: i64, to: i64, now: Timestamp) -> Result<(), Rejection> {
        let conversation = self
            .conversations
            .get(id)
            .ok_or_else(|| Rejection::not_found("no conversation has this id"))?;
        if !conversation.is_text() {
            return Err(Rejection::bad_data(
                "conversation_id",
                "only text conversations can be transferred",
            ));
        }
        if self
            .conversation_with(to, &conversation.address())
            .is_some()
        {
            return Err(Rejection::bad_data(
                "transfer_inbox_id",
                "the conversation exists in that inbox already",
            ));
        }
        let old = (conversation.inbox, conversation.address());
        let new = (to, conversation.address());
        self.threads.remove(&old);
        self.threads.insert(new, id);
        self.conversations.change(id, |conversation| {
            conversation.inbox = to;
            conversation.assigned = 0;
            conversation.updated = now;
        });
        self.emit("chat_transferred", Subject::Conversation(id));
        Ok(())
    }

    /// Deletes a conversation with its messages.
    pub(super) fn remove_conversation(&mut self, id: i64) {
        let Some(conversation) = self.conversations.remove(id) else {
            return;
        };
        let key = (conversation.inbox, conversation.address());
        self.threads.remove(&key);
        self.held.retain(|message| message.conversation != id);
        for message in self.messages.ids(Part::Conversation(id)) {
            self.messages.remove(message);
        }
    }
}

impl Conversation {
    /// Adds a member to the participants.
    pub(super) fn join(&mut self, member: i64) {
        if !self.members.contains(&member) {
            self.members.push(member);
        }
    }
}
