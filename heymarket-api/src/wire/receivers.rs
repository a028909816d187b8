//! Setters of a message's recipient, whose member has different names in different
//! requests.

use crate::types::{
    ConversationId, CreateScheduledMessage, ListId, Phone, SendMessage, UpdateScheduledMessage,
};

impl SendMessage {
    /// Sends it to a phone number.
    #[must_use]
    pub fn to_phone(self, phone: impl Into<Phone>) -> Self {
        self.phone_number(phone)
    }

    /// Sends it to a conversation.
    #[must_use]
    pub fn to_conversation(self, id: impl Into<ConversationId>) -> Self {
        self.conversation_id(id)
    }

    /// Sends it to a list. The API requires a `local_id` that is unique for the
    /// broadcast.
    #[must_use]
    pub fn to_list(self, id: impl Into<ListId>, local_id: impl Into<String>) -> Self {
        self.list_id(id).local_id(local_id)
    }

    /// Sends it to a group, whose members see each other. Toll-free numbers cannot send
    /// to groups.
    #[must_use]
    pub fn to_group(self, phones: impl IntoIterator<Item = impl Into<Phone>>) -> Self {
        self.targets(phones)
    }
}

macro_rules! scheduled {
    ($($name:ident),*) => {$(
        impl $name {
            /// Sends it to a phone number.
            #[must_use]
            pub fn to_phone(self, phone: impl Into<Phone>) -> Self {
                self.phone_number(phone)
            }

            /// Sends it to a conversation.
            #[must_use]
            pub fn to_conversation(self, id: impl Into<ConversationId>) -> Self {
                self.conversation_id(id)
            }

            /// Sends it to a list.
            #[must_use]
            pub fn to_list(self, id: impl Into<ListId>) -> Self {
                self.list_id(id)
            }
        }
    )*};
}

scheduled!(CreateScheduledMessage, UpdateScheduledMessage);
