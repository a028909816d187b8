//! Loading a saved store: rebuilds its indexes and checks its references.

use super::data::{Kind, Store, hash};
use super::table::{Record, Table};

impl Store {
    /// Rebuilds the indexes after loading.
    ///
    /// # Errors
    ///
    /// Returns an error if a record refers to a missing one.
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

    /// Hashes the keys of files that older versions wrote.
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
        for message in self.messages.iter().chain(&self.held) {
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
        // Reusing an ID would overwrite another record.
        let largest = [
            (Kind::Contact, largest(&self.contacts)),
            (Kind::Conversation, largest(&self.conversations)),
            (Kind::List, largest(&self.lists)),
            (Kind::Message, largest(&self.messages)),
            (Kind::Message, self.held.iter().map(|held| held.id).max()),
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

fn largest<R: Record>(table: &Table<R>) -> Option<i64> {
    table.iter().map(Record::id).max()
}
