//! The requests and responses of the operations of messages.

use heymarket_api::types::{
    Channel, ConversationMembers, Count, CountTeamMessages, EmailRecipient, ListTeamMessages,
    Message, MessageStatus, SendEmail, SendMessage, SendResult, SortOrder,
};
use serde_json::{Value, json};

use crate::support::time;

super::wire_tests! {
    send_message {
        call: |client| async move {
            let request = SendMessage::new(41001.into(), 50001.into())
                .phone_number("+15550100101")
                .text("Hello \"Zoë\" 🙂\nsecond line")
                .media_url("https://example.com/picture.png?size=1&kind=a")
                .template_id(7001)
                .survey_id(8101)
                .local_id("c0c0a0a0-0000-4000-8000-000000000001")
                .activity_id("invented-activity")
                .private(false)
                .author("Invented Bot")
                .channel(Channel::Sms)
                .conv_name("Invented name")
                .creator_email("agent@example.com");
            client.send_message(&request).await
        },
        sends: (
            "POST /v1/message/send",
            r#"{"activity_id":"invented-activity","author":"Invented Bot","channel":"sms","conv_name":"Invented name","creator_email":"agent@example.com","creator_id":50001,"inbox_id":41001,"local_id":"c0c0a0a0-0000-4000-8000-000000000001","media_url":"https://example.com/picture.png?size=1&kind=a","phone_number":"15550100101","private":false,"survey_id":8101,"template_id":7001,"text":"Hello \"Zoë\" 🙂\nsecond line"}"#
        ),
        answers: r#"{
            "id": 700100201, "convo_id": 90010011, "queued": true,
            "date": "2026-05-07T12:00:00.021462Z",
            "compliance_results": {"invented_rule": {"passed": true}}
        }"#,
        reads: |result: SendResult| {
            assert_eq!(result.id, 700_100_201);
            assert_eq!(result.conversation_id, Some(90_010_011.into()));
            assert_eq!(result.queued, Some(true));
            assert_eq!(result.date, Some(time("2026-05-07T12:00:00.021462Z")));
            let compliance = json!({ "invented_rule": { "passed": true } });
            assert_eq!(result.compliance_results, Some(compliance));
            assert_eq!(result.gallery_url, None);
        },
    }
    send_email {
        call: |client| async move {
            let receivers = [
                EmailRecipient::to("one@example.com, two@example.com"),
                EmailRecipient::cc("three@example.com"),
            ];
            let request = SendEmail::new(41002.into(), 50001.into(), "<p class=\"a\">Hello</p>")
                .targets(receivers)
                .raw_text("Hello")
                .conv_title("Invented subject")
                .local_id("c0c0a0a0-0000-4000-8000-000000000002");
            client.send_email(&request).await
        },
        sends: (
            "POST /v1/email/send",
            r#"{"conv_title":"Invented subject","creator_id":50001,"inbox":41002,"local_id":"c0c0a0a0-0000-4000-8000-000000000002","raw_text":"Hello","targets":["to:one@example.com, two@example.com","cc:three@example.com"],"text":"<p class=\"a\">Hello</p>"}"#
        ),
        answers: r#"{
            "id": 700100202, "convo_id": 90010012, "queued": false,
            "date": "2026-05-07T12:00:00Z", "compliance_results": {}
        }"#,
        reads: |result: SendResult| {
            assert_eq!(result.id, 700_100_202);
            assert_eq!(result.conversation_id, Some(90_010_012.into()));
            assert_eq!(result.queued, Some(false));
            assert_eq!(result.date, Some(time("2026-05-07T12:00:00Z")));
            assert_eq!(result.compliance_results, Some(json!({})));
        },
    }
    list_messages {
        call: |client| async move {
            client.list_messages(41001, "+15550100101", Some(1_778_155_200)).await
        },
        sends: (
            "GET /v1/messages?inboxID=41001&phoneNumber=15550100101&timestamp=1778155200",
            ""
        ),
        answers: r#"[
            {
                "id": 6400000000001, "text": "Invented body", "type": "text", "status": "delivered",
                "date": "2026-05-07T12:00:00.946Z", "updated": "2026-05-07T12:00:01Z",
                "user": 50001, "target": "15550100101", "phone": "+15550100101",
                "local_id": "c0c0a0a0-0000-4000-8000-000000000003", "super": 4,
                "conversation": {"id": 90010011, "inbox": 41001, "assigned": 50001},
                "author": "Invented Bot", "media": "https://example.com/picture.png",
                "link_url": "https://example.com/page", "broadcast_id": 2000001,
                "flagged": true, "support": false,
                "custom": {"data": [1, 2, 255], "type": "invented"},
                "channel": "mms", "hidden": false, "raw_error": "invented error",
                "target_errors": {"15550100102": "invented failure"},
                "targets": ["15550100101", "15550100102"]
            },
            {"id": 1}
        ]"#,
        reads: |messages: Vec<Message>| {
            assert_eq!(messages.len(), 2);
            let message = &messages[0];
            assert_eq!(message.id, 6_400_000_000_001);
            assert_eq!(message.text.as_deref(), Some("Invented body"));
            assert_eq!(message.type_.as_deref(), Some("text"));
            assert_eq!(message.status, Some(MessageStatus::Delivered));
            assert_eq!(message.date, Some(time("2026-05-07T12:00:00.946Z")));
            assert_eq!(message.updated, Some(time("2026-05-07T12:00:01Z")));
            assert_eq!(message.creator_id, Some(50001.into()));
            assert_eq!(message.target.as_deref(), Some("15550100101"));
            assert_eq!(message.phone.as_deref(), Some("+15550100101"));
            let local_id = "c0c0a0a0-0000-4000-8000-000000000003";
            assert_eq!(message.local_id.as_deref(), Some(local_id));
            assert_eq!(message.super_, Some(4));
            let conversation = message.conversation.as_ref().expect("a conversation");
            assert_eq!(conversation.id, 90_010_011);
            assert_eq!(conversation.inbox.as_ref().map(|inbox| inbox.id), Some(41001.into()));
            assert_eq!(conversation.assigned.as_ref().map(|member| member.id), Some(50001.into()));
            assert_eq!(message.author.as_deref(), Some("Invented Bot"));
            assert_eq!(message.media.as_deref(), Some("https://example.com/picture.png"));
            assert_eq!(message.link_url.as_deref(), Some("https://example.com/page"));
            assert_eq!(message.broadcast_id, Some(2_000_001));
            assert_eq!(message.flagged, Some(true));
            assert_eq!(message.support, Some(false));
            let custom = json!({ "data": [1, 2, 255], "type": "invented" });
            assert_eq!(message.custom, Some(custom));
            assert_eq!(message.channel, Some(Channel::Mms));
            assert_eq!(message.hidden, Some(false));
            assert_eq!(message.raw_error.as_deref(), Some("invented error"));
            let errors = message.target_errors.as_ref().expect("errors");
            assert_eq!(errors.len(), 1);
            assert_eq!(errors["15550100102"], "invented failure");
            assert_eq!(message.targets, Some(json!(["15550100101", "15550100102"])));

            let bare = &messages[1];
            assert_eq!(bare.id, 1);
            assert_eq!(serde_json::to_value(bare).expect("JSON"), json!({ "id": 1 }));
        },
    }
    list_team_messages {
        call: |client| async move {
            let request = ListTeamMessages::new()
                .created_at(time("2026-05-07T12:00:00.021462Z"))
                .order(SortOrder::UpdatedAt)
                .ascending(false)
                .limit(200)
                .archived(true)
                .assigned(50001)
                .date(time("2026-05-07T14:30:00+02:30"))
                .filter("invented")
                .id(0)
                .page(2)
                .parent_id(12);
            client.list_team_messages(&request).await
        },
        sends: (
            "POST /v1/messages/all",
            r#"{"archived":true,"ascending":false,"assigned":50001,"created_at":"2026-05-07T12:00:00.021462Z","date":"2026-05-07T12:00:00Z","filter":"invented","id":0,"limit":200,"order":"updated_at","page":2,"parent_id":12}"#
        ),
        answers: r#"[{
            "id": 700100203, "status": "sent", "super": 0, "target": "15550100101",
            "targets": {}, "target_errors": {}, "raw_error": "",
            "conversation": {"id": 90010011, "members": {}, "targets": {}, "read": 0, "assigned": 0}
        }]"#,
        reads: |messages: Vec<Message>| {
            assert_eq!(messages.len(), 1);
            let message = &messages[0];
            assert_eq!(message.id, 700_100_203);
            assert_eq!(message.status, Some(MessageStatus::Sent));
            assert_eq!(message.super_, Some(0));
            assert_eq!(message.target.as_deref(), Some("15550100101"));
            assert_eq!(message.targets, Some(json!({})));
            assert!(message.target_errors.as_ref().expect("errors").is_empty());
            assert_eq!(message.raw_error.as_deref(), Some(""));
            let conversation = message.conversation.as_ref().expect("a conversation");
            assert_eq!(conversation.id, 90_010_011);
            assert_eq!(conversation.members, Some(ConversationMembers(vec![])));
            assert_eq!(conversation.targets, Some(json!({})));
            assert_eq!(conversation.read.map(|read| read.is_read()), Some(false));
            assert_eq!(conversation.assigned, None);
        },
    }
    count_team_messages {
        call: |client| async move {
            let request = CountTeamMessages::new()
                .archived(false)
                .ascending(true)
                .assigned(0)
                .date(time("2026-05-07T12:00:00.5Z"))
                .filter("")
                .id(50001)
                .limit(5)
                .order("created_at")
                .page(1)
                .parent_id(13);
            client.count_team_messages(&request).await
        },
        sends: (
            "POST /v1/messages/all/count",
            r#"{"archived":false,"ascending":true,"assigned":0,"date":"2026-05-07T12:00:00.5Z","filter":"","id":50001,"limit":5,"order":"created_at","page":1,"parent_id":13}"#
        ),
        answers: "\"1234\"",
        reads: |count: Count| {
            assert_eq!(count.value(), Some(1234));
            assert_eq!(count.raw(), "1234");
        },
    }
}

/// A message with one member more than its id.
fn message(member: &str, value: Value) -> Message {
    serde_json::from_value(json!({ "id": 1, member: value })).expect("a message")
}

#[tokio::test]
async fn the_documented_send_result_has_a_gallery_url_alone() {
    let answer =
        r#"{"id": 5, "date": "2026-05-07T12:00:00Z", "gallery_url": "https://example.com/g"}"#;
    let result: SendResult = super::exchange(
        "POST /v1/message/send",
        r#"{"chat_id":9920,"creator_id":50001,"inbox_id":41001,"private":true,"text":"Hello"}"#,
        answer,
        |client| async move {
            let request = SendMessage::new(41001.into(), 50001.into())
                .conversation_id(9920)
                .text("Hello")
                .private(true);
            client.send_message(&request).await
        },
    )
    .await;
    assert_eq!(result.id, 5);
    assert_eq!(result.date, Some(time("2026-05-07T12:00:00Z")));
    assert_eq!(result.gallery_url.as_deref(), Some("https://example.com/g"));
    assert_eq!((result.conversation_id, result.queued), (None, None));
    assert_eq!(result.compliance_results, None);
}

#[tokio::test]
async fn a_reply_by_email_goes_to_its_conversation() {
    let result: SendResult = super::exchange(
        "POST /v1/email/send",
        r#"{"convo_id":90010012,"creator_id":50001,"inbox":41002,"text":"<p>Yes</p>"}"#,
        r#"{"id": 6}"#,
        |client| async move {
            let request = SendEmail::new(41002.into(), 50001.into(), "<p>Yes</p>")
                .conversation_id(90_010_012);
            client.send_email(&request).await
        },
    )
    .await;
    assert_eq!((result.id, result.date), (6.into(), None));
}

#[tokio::test]
async fn the_latest_messages_are_asked_for_without_a_timestamp() {
    let messages: Vec<Message> = super::exchange(
        "GET /v1/messages?inboxID=41001&phoneNumber=15550100101",
        "",
        "[]",
        |client| async move { client.list_messages(41001, "15550100101", None).await },
    )
    .await;
    assert_eq!(messages, []);
}

#[tokio::test]
async fn a_count_of_messages_is_read_in_every_documented_shape() {
    for (answer, expected) in [
        ("1234", Some(1234)),
        ("\"1234\"", Some(1234)),
        (r#"{"count": 1234}"#, Some(1234)),
        (r#"{"count": "1234", "page": 1}"#, Some(1234)),
        (r#"{"a": 1, "b": 2}"#, None),
    ] {
        let count: Count = super::exchange(
            "POST /v1/messages/all/count",
            "{}",
            answer,
            |client| async move { client.count_team_messages(&CountTeamMessages::new()).await },
        )
        .await;
        assert_eq!(count.value(), expected, "{answer}");
        let raw: Value = serde_json::from_str(answer).expect("JSON");
        assert_eq!(count.raw(), &raw);
    }
}

#[test]
fn custom_of_a_message_is_any_json() {
    for custom in [
        json!({ "data": [1, 2, 255], "type": "invented" }),
        json!({ "data": "aW52ZW50ZWQ=", "type": "invented" }),
        json!({ "data": { "deep": [null, true] }, "type": null }),
        json!({}),
        json!([1, "a"]),
        json!("aW52ZW50ZWQ="),
        json!(7),
    ] {
        assert_eq!(message("custom", custom.clone()).custom, Some(custom));
    }
    assert_eq!(message("custom", json!(null)).custom, None);
}

#[test]
fn targets_of_a_message_are_an_array_an_object_or_null() {
    for targets in [
        json!({}),
        json!({ "15550100101": { "f": "Invented" } }),
        json!([]),
        json!(["15550100101", "15550100102"]),
    ] {
        assert_eq!(message("targets", targets.clone()).targets, Some(targets));
    }
    assert_eq!(message("targets", json!(null)).targets, None);
}

#[test]
fn errors_of_targets_go_by_their_phone_numbers() {
    let errors = |value| message("target_errors", value).target_errors;
    let two = json!({ "15550100101": "invented failure", "15550100102": "another" });
    let two = errors(two).expect("errors");
    assert_eq!(two.len(), 2);
    assert_eq!(two["15550100101"], "invented failure");
    assert_eq!(two["15550100102"], "another");
    assert!(errors(json!({})).expect("errors").is_empty());
    assert_eq!(errors(json!(null)), None);
}

#[test]
fn conversation_members_are_an_array_an_object_or_null() {
    let members = |value: Value| {
        let conversation = json!({ "id": 2, "members": value });
        let conversation = message("conversation", conversation).conversation;
        conversation.expect("a conversation").members
    };
    assert_eq!(members(json!({})), Some(ConversationMembers(vec![])));
    assert_eq!(members(json!(null)), None);
    let one = members(json!([{ "id": 50001, "name": "Invented Agent" }])).expect("members");
    assert_eq!((one.len(), one[0].id), (1, Some(50001.into())));
    assert_eq!(one[0].name.as_deref(), Some("Invented Agent"));
}

#[test]
fn a_phone_number_in_a_message_is_kept_with_and_without_a_plus() {
    for phone in ["15550100101", "+15550100101"] {
        assert_eq!(message("phone", json!(phone)).phone.as_deref(), Some(phone));
        let target = message("target", json!(phone)).target;
        assert_eq!(target.as_deref(), Some(phone));
    }
}

#[test]
fn status_and_type_of_a_message_are_open() {
    let status = |text: &str| message("status", json!(text)).status;
    assert_eq!(status("failed"), Some(MessageStatus::Failed));
    assert_eq!(status("received"), Some(MessageStatus::Received));
    let unknown = MessageStatus::Unknown("invented".to_owned());
    assert_eq!(status("invented"), Some(unknown));
    let type_ = message("type", json!("invented")).type_;
    assert_eq!(type_.as_deref(), Some("invented"));
}
