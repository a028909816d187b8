//! Requests that follow from a response: a reply to a message, a new assignee of a
//! conversation.

use serde_json::Value;

use super::Phone;
use crate::types::{Conversation, MemberId, Message, ReassignConversation, SendMessage};

impl Message {
    /// Creates a reply in the conversation of the message, from the team member
    /// `creator_id`. Returns `None` if the message does not say which conversation and
    /// inbox it belongs to.
    ///
    /// ```
    /// use heymarket_api::types::{ConversationId, Message};
    ///
    /// let message = r#"{"id": 7, "conversation": {"id": 9920, "inbox": 41001}}"#;
    /// let message: Message = serde_json::from_str(message)?;
    /// let reply = message.reply(50001).expect("a conversation").text("On its way.");
    /// assert_eq!(reply.conversation_id, Some(ConversationId(9920)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn reply(&self, creator_id: impl Into<MemberId>) -> Option<SendMessage> {
        let conversation = self.conversation.as_ref()?;
        let inbox = conversation.inbox.as_ref()?;
        let is_known = conversation.id != 0;
        is_known
            .then(|| SendMessage::new(inbox.id, creator_id.into()).to_conversation(conversation.id))
    }
}

impl Conversation {
    /// Creates the request that assigns the conversation to the team member `to`.
    /// Returns `None` if the conversation does not say which inbox and contact it
    /// belongs to.
    ///
    /// The API requires the ID of the current assignee. For an unassigned conversation
    /// the request has the ID of the new one instead; no source shows this case, so it
    /// is inferred.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let conversation = client.get_conversation(9920).await?;
    /// let request = conversation.reassign(50002).ok_or("a conversation without a contact")?;
    /// client.reassign_conversation(&request).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reassign(&self, to: impl Into<MemberId>) -> Option<ReassignConversation> {
        let to = to.into();
        let inbox = self.inbox.as_ref()?;
        let current = self.assigned.as_ref().map_or(to, |member| member.id);
        let request = ReassignConversation::new(inbox.id, current).assignee_id(to);
        if let Some(target) = self.target.as_deref().filter(|target| !target.is_empty()) {
            return Some(request.target(target));
        }
        let targets: Option<Vec<Phone>> = self.targets.as_ref()?.as_array().map(|targets| {
            let targets = targets.iter().filter_map(Value::as_str);
            targets.map(Phone::from).collect()
        });
        let targets = targets.filter(|targets| !targets.is_empty())?;
        Some(request.targets(targets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn conversation(value: Value) -> Conversation {
        serde_json::from_value(value).expect("a conversation")
    }

    #[test]
    fn an_assigned_conversation_leaves_its_assignee() {
        let assigned = conversation(json!({
            "id": 9920, "inbox": 41001, "assigned": 50001, "target": "15550100101",
        }));
        let expected = ReassignConversation::new(41001.into(), 50001.into())
            .assignee_id(50002)
            .target("15550100101");
        assert!(assigned.reassign(50002) == Some(expected));
    }

    #[test]
    fn an_unassigned_conversation_names_the_new_assignee_twice() {
        let unassigned = conversation(json!({
            "id": 9920, "inbox": 41001, "assigned": 0, "targets": ["15550100101", "15550100102"],
        }));
        let expected = ReassignConversation::new(41001.into(), 50002.into()).assignee_id(50002);
        let expected = expected.targets(["15550100101", "15550100102"]);
        assert!(unassigned.reassign(50002) == Some(expected));
    }

    #[test]
    fn a_follow_up_needs_an_inbox_and_a_contact() {
        for value in [
            json!({"id": 9920}),
            json!({"id": 9920, "inbox": 41001}),
            json!({"id": 9920, "inbox": 41001, "target": ""}),
            json!({"id": 9920, "inbox": 41001, "targets": []}),
        ] {
            assert!(
                conversation(value.clone()).reassign(50002).is_none(),
                "{value}"
            );
        }
        for value in [
            json!({"id": 7}),
            json!({"id": 7, "conversation": {"id": 9920}}),
            json!({"id": 7, "conversation": {"id": 0, "inbox": 41001}}),
        ] {
            let message: Message = serde_json::from_value(value.clone()).expect("a message");
            assert!(message.reply(50001).is_none(), "{value}");
        }
    }
}
