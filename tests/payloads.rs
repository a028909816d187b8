//! Bodies observed on the wire, field by field: those of `fixtures/payloads`.

use std::collections::BTreeSet;

use heymarket_api::types::{
    Acknowledgement, Channel, Contact, Conversation, ConversationStatus, CreateContactsResult,
    Inboxes, Memberships, Message, MessageStatus, ReadState, ScheduledMessage, SendMessage,
    SendResult, Template, WriteResult,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{project_root, time};

const FOLDER: &str = "tests/fixtures/payloads";

fn payload<T: DeserializeOwned>(name: &str) -> T {
    let path = project_root().join(FOLDER).join(format!("{name}.json"));
    let text = std::fs::read_to_string(path).expect("a payload");
    serde_json::from_str(&text).expect("the type that it is of")
}

/// Declares a test for each payload, and the list of them.
macro_rules! payloads {
    ($($name:ident: $check:expr,)*) => {
        const PAYLOADS: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                let check: fn(_) = $check;
                check(payload(stringify!($name)));
            }
        )*
    };
}

payloads! {
    batch_contacts_all_ok_response: |result: CreateContactsResult| {
        assert_eq!(result, CreateContactsResult::Done(Acknowledgement::Ok));
    },
    contact_create_response: |result: WriteResult| {
        assert_eq!((result.id, result.rev, result.uuid), (30_010_001, Some(1), None));
    },
    contact_get: |contact: Contact| {
        assert_eq!(contact.assigned_user_id, Some(50001.into()));
        assert_eq!(contact.created, Some(time("2026-05-01T09:00:00Z")));
        assert_eq!(contact.creator_id, Some(50002.into()));
        assert_eq!(contact.display_name.as_deref(), Some("Invented Person"));
        assert_eq!(contact.email.as_deref(), Some("person@example.com"));
        assert_eq!(contact.first.as_deref(), Some("Invented"));
        assert_eq!(contact.id, 30_010_001);
        assert_eq!(contact.last.as_deref(), Some("Person"));
        assert_eq!(contact.op.as_deref(), Some("u"));
        assert_eq!(contact.phone.as_deref(), Some("15550100101"));
        assert_eq!(contact.rev, Some(3));
        assert_eq!(contact.shared, Some(true));
        assert_eq!(contact.team_id, Some(6001.into()));
        assert_eq!(contact.updated, Some(time("2026-05-07T12:00:00.21Z")));
        assert_eq!((contact.custom, contact.tags, contact.is_opted_out), (None, None, None));
    },
    contact_set_status_response: |done: Acknowledgement| {
        assert_eq!(done, Acknowledgement::Success);
    },
    conversation_action_response: |done: Acknowledgement| {
        assert_eq!(done, Acknowledgement::Ok);
    },
    conversations_list: |conversations: Vec<Conversation>| {
        let [conversation] = &conversations[..] else {
            panic!("{conversations:?}");
        };
        assert_eq!(conversation.assigned, None);
        assert_eq!(conversation.blocked, Some(false));
        assert_eq!(conversation.channel, Some(Channel::Sms));
        assert_eq!(conversation.created, Some(time("2026-05-01T09:00:00.5Z")));
        assert_eq!(conversation.email_noti, Some(false));
        assert_eq!(conversation.id, 90_010_011);
        let inbox = conversation.inbox.as_ref().expect("an inbox");
        assert_eq!((inbox.id, inbox.name.as_deref()), (41001.into(), None));
        let local_id = "c0c0a0a0-0000-4000-8000-000000000001";
        assert_eq!(conversation.local_id.as_deref(), Some(local_id));
        let members = conversation.members.as_ref().expect("members");
        assert_eq!((members.len(), members[0].id), (1, Some(50001.into())));
        assert_eq!(members[0].name.as_deref(), Some("Invented Agent"));
        assert_eq!(conversation.muted, Some(false));
        assert_eq!(conversation.read, Some(ReadState::Number(0)));
        assert_eq!(conversation.replied, Some(false));
        assert_eq!(conversation.status, Some(ConversationStatus::Open));
        assert_eq!(conversation.super_, Some(0));
        assert_eq!(conversation.target.as_deref(), Some("15550100101"));
        assert_eq!(conversation.unread, Some(true));
        assert_eq!(conversation.updated, Some(time("2026-05-07T12:00:00.021462Z")));
        assert_eq!(conversation.last_msg.as_deref(), Some("Invented last message"));
        assert_eq!(conversation.op.as_deref(), Some("u"));
    },
    inboxes_list: |inboxes: Inboxes| {
        assert_eq!(inboxes.len(), 1);
        let inbox = &inboxes[0];
        assert_eq!(inbox.ai_agent_auto_assign, Some(false));
        assert_eq!(inbox.auto_assignable, Some(true));
        assert_eq!(inbox.auto_close, Some(false));
        assert_eq!(inbox.bco_chats, Some(false));
        let hours = inbox.business_hours.as_ref().expect("business hours");
        assert_eq!(hours.is_weekday_hours_set, Some(true));
        assert_eq!(hours.is_weekend_hours_set, Some(false));
        assert_eq!(hours.quiet_hours_enabled, Some(false));
        assert_eq!((hours.weekday_end_hour, hours.weekday_end_min), (Some(17), Some(0)));
        assert_eq!((hours.weekday_start_hour, hours.weekday_start_min), (Some(9), Some(0)));
        assert_eq!((hours.weekend_end_hour, hours.weekend_end_min), (Some(0), Some(0)));
        assert_eq!((hours.weekend_start_hour, hours.weekend_start_min), (Some(0), Some(0)));
        assert_eq!(inbox.created_at, Some(time("2026-01-01T00:00:00Z")));
        assert_eq!(inbox.email_on_inbound_idle, Some(false));
        assert_eq!(inbox.email_on_outbound_idle, Some(false));
        assert_eq!(inbox.force_assign, Some(false));
        assert_eq!(inbox.high_throughput, Some(false));
        assert_eq!(inbox.id, 41001);
        assert_eq!(inbox.ignore_inc_call_notif, Some(false));
        assert_eq!(inbox.is_bandwidth, Some(true));
        assert_eq!(inbox.is_business_hours, Some(true));
        assert_eq!(inbox.is_quiet_hours, Some(false));
        assert_eq!(inbox.ittc, Some(0));
        assert_eq!(inbox.members, Some(vec![50001.into(), 50002.into()]));
        assert_eq!(inbox.name.as_deref(), Some("Invented inbox"));
        assert_eq!(inbox.notify_after_inbound_idle, Some(0));
        assert_eq!(inbox.notify_after_outbound_idle, Some(0));
        assert_eq!(inbox.notify_all, Some(true));
        assert_eq!(inbox.notify_on_chat_assignment, Some(true));
        assert_eq!(inbox.notify_on_inbound_idle, Some(false));
        assert_eq!(inbox.notify_on_outbound_idle, Some(false));
        assert_eq!(inbox.promote_inbound_idle_to_top, Some(false));
        assert_eq!(inbox.promote_outbound_idle_to_top, Some(false));
        assert_eq!(inbox.rev, Some(5));
        assert_eq!(inbox.show_waiting_indicator, Some(false));
        assert_eq!(inbox.team_id, Some(6001.into()));
        assert_eq!(inbox.unassign_on_close, Some(false));
        assert_eq!(inbox.updated_at, Some(time("2026-05-07T12:00:00Z")));
        let widget = inbox.widget_settings.as_ref().expect("a widget");
        assert_eq!(widget.email_enabled, Some(false));
        assert_eq!(widget.email_required, Some(false));
        assert_eq!(widget.name_enabled, Some(true));
        assert_eq!(widget.name_required, Some(false));
        assert_eq!(widget.phone_enabled, Some(true));
        assert_eq!(widget.phone_optional, Some(false));
        assert_eq!(widget.sms_disabled, Some(false));
        assert_eq!(widget.webchat_enabled, Some(false));
    },
    message_send_request_private_note: |body: Value| {
        let request = SendMessage::new(41001.into(), 50001.into())
            .to_phone("15550100101")
            .text("Invented note")
            .private(true)
            .author("Invented Bot");
        assert_eq!(serde_json::to_value(&request).expect("JSON"), body);
    },
    message_send_response: |result: SendResult| {
        assert_eq!(result.id, 700_100_201);
        assert_eq!(result.conversation_id, Some(90_010_011.into()));
        assert_eq!(result.queued, Some(true));
        assert_eq!(result.date, Some(time("2026-05-07T12:00:00.021462Z")));
        assert_eq!(result.compliance_results, Some(json!({})));
    },
    messages_history_item: |messages: Vec<Message>| {
        let [message] = &messages[..] else {
            panic!("{messages:?}");
        };
        assert_eq!(message.channel, Some(Channel::Sms));
        let conversation = message.conversation.as_ref().expect("a conversation");
        assert_eq!(conversation.id, 90_010_011);
        assert_eq!(conversation.inbox.as_ref().map(|inbox| inbox.id), Some(41001.into()));
        assert_eq!(message.date, Some(time("2026-05-07T12:00:00.946Z")));
        assert_eq!(message.hidden, Some(false));
        assert_eq!(message.id, 700_100_203);
        let local_id = "c0c0a0a0-0000-4000-8000-000000000003";
        assert_eq!(message.local_id.as_deref(), Some(local_id));
        assert_eq!(message.raw_error.as_deref(), Some(""));
        assert_eq!(message.status, Some(MessageStatus::Sent));
        assert_eq!(message.super_, Some(0));
        assert_eq!(message.target.as_deref(), Some("15550100101"));
        assert!(message.target_errors.as_ref().expect("errors").is_empty());
        assert_eq!(message.text.as_deref(), Some("Invented body"));
        assert_eq!(message.type_.as_deref(), Some("text"));
        assert_eq!(message.updated, Some(time("2026-05-07T12:00:01Z")));
        assert_eq!(message.creator_id, Some(50001.into()));
    },
    schedule_create_response: |result: WriteResult| {
        assert_eq!((result.id, result.rev, result.uuid), (8_001_001, None, None));
    },
    schedule_get: |message: ScheduledMessage| {
        assert_eq!(message.created, Some(time("2026-05-07T12:00:00Z")));
        assert_eq!(message.execute_at, Some(time("2026-05-08T15:30:00Z")));
        assert_eq!(message.id, 8_001_001);
        assert_eq!(message.inbox_id, Some(41001.into()));
        let local_id = "c0c0a0a0-0000-4000-8000-000000000004";
        assert_eq!(message.local_id.as_deref(), Some(local_id));
        let content = message.meta.expect("meta").content.expect("content");
        assert_eq!(content.text.as_deref(), Some("Invented reminder"));
        assert_eq!(content.to.as_deref(), Some("15550100101"));
        assert_eq!((content.template, content.gallery), (None, None));
        assert_eq!(message.op.as_deref(), Some("c"));
        assert_eq!(message.team_id, Some(6001.into()));
        assert_eq!(message.updated, Some(time("2026-05-07T12:00:00Z")));
        assert_eq!(message.creator_id, Some(50001.into()));
    },
    template_create_response: |result: WriteResult| {
        assert_eq!((result.id, result.rev, result.uuid), (7001, Some(1), None));
    },
    template_get: |template: Template| {
        let content = template.content.expect("content");
        let text = "Hi {{first_name}}, invented template";
        assert_eq!(content.text.as_deref(), Some(text));
        assert_eq!(template.created, Some(time("2026-05-01T09:00:00Z")));
        assert_eq!(template.creator_id, Some(50002.into()));
        assert_eq!(template.id, 7001);
        let local_id = "c0c0a0a0-0000-4000-8000-000000000005";
        assert_eq!(template.local_id.as_deref(), Some(local_id));
        assert_eq!(template.name.as_deref(), Some("Invented template"));
        assert_eq!(template.op.as_deref(), Some("u"));
        assert_eq!(template.rev, Some(2));
        assert_eq!(template.shared, Some(true));
        assert_eq!(template.team_id, Some(6001.into()));
        assert_eq!(template.updated, Some(time("2026-05-07T12:00:00Z")));
    },
    users_get: |found: Memberships| {
        let memberships = found.memberships.expect("memberships");
        let [member] = &memberships[..] else {
            panic!("{memberships:?}");
        };
        assert_eq!(member.id, 50001);
        assert_eq!(member.phone.as_deref(), Some("15550100101"));
        assert_eq!(member.name.as_deref(), Some("Invented Agent"));
        assert_eq!(member.email.as_deref(), Some("agent@example.com"));
        assert_eq!(member.role_id, Some(1));
        assert_eq!(member.team_id, Some(6001.into()));
        assert_eq!(member.created_at, Some(time("2026-01-01T00:00:00Z")));
        assert_eq!(member.updated_at, Some(time("2026-05-07T12:00:00Z")));
        assert_eq!(member.user_created_at, Some(time("2026-01-01T00:00:00Z")));
        assert_eq!(member.user_updated_at, Some(time("2026-05-07T12:00:00Z")));
    },
    webhook_message_recieved: |event: Value| {
        assert_eq!(event["type"], "message_recieved");
        assert_eq!(event["id"], 321);
        assert_eq!(event["token"], "INVENTED_WEBHOOK_TOKEN");
        let message: Message =
            serde_json::from_value(event["event_data"].clone()).expect("a message");
        assert_eq!(message.id, 700_100_204);
        assert_eq!(message.text.as_deref(), Some("Invented inbound text"));
        assert_eq!(message.phone.as_deref(), Some("15550100101"));
        assert_eq!(message.target.as_deref(), Some("15550100101"));
        assert_eq!(message.date, Some(time("2026-05-07T12:00:00.021462Z")));
        assert_eq!(message.type_.as_deref(), Some("text"));
        assert_eq!(message.status, Some(MessageStatus::Received));
        let conversation = message.conversation.expect("a conversation");
        assert_eq!(conversation.id, 90_010_011);
        assert_eq!(conversation.inbox.map(|inbox| inbox.id), Some(41001.into()));
        assert_eq!(conversation.assigned, None);
        assert_eq!(conversation.read, Some(ReadState::Number(0)));
        assert_eq!(conversation.updated, Some(time("2026-05-07T12:00:00.021462Z")));
    },
}

#[test]
fn every_payload_is_checked() {
    let folder = std::fs::read_dir(project_root().join(FOLDER)).expect("the payloads");
    let found: BTreeSet<String> = folder
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    let checked: BTreeSet<String> = PAYLOADS.iter().map(|name| format!("{name}.json")).collect();
    assert_eq!(found, checked);
}
