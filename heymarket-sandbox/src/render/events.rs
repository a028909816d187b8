//! The data of webhook events.

use serde_json::{Value, json};

use super::conversations::View;
use super::renderer::{Renderer, time};
use crate::store::{Event, Subject};

impl Renderer<'_> {
    /// Renders the data of an event.
    pub(crate) fn event_data(&mut self, event: &Event) -> Option<Value> {
        Some(match event.subject {
            Subject::Message(id) => self.message(self.store.messages.get(id)?),
            Subject::Conversation(id) => {
                self.conversation(self.store.conversations.get(id)?, View::Embedded)
            }
            // Inferred: no source shows these fields.
            Subject::Contact(id) => {
                let contact = self.store.contacts.get(id)?;
                let address = if contact.phone().is_empty() {
                    contact.email()
                } else {
                    contact.phone()
                };
                json!({
                    "id": contact.id,
                    "phone": contact.phone(),
                    "target": address,
                    "created": time(contact.updated),
                    "updated": time(contact.updated),
                })
            }
        })
    }
}
