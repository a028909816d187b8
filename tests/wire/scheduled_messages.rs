//! The times are far ahead, since those that are not are refused.

use heymarket_api::types::{
    Acknowledgement, CreateScheduledMessage, Gallery, NewAttachment, NewGalleryEntry,
    NewScheduledContent, ScheduledContent, ScheduledMessage, TemplateReference, UndocumentedResult,
    UpdateScheduledMessage, WriteResult,
};
use serde_json::{Value, json};

use crate::support::time;

super::wire_tests! {
    create_scheduled_message {
        call: |client| async move {
            let content = NewScheduledContent::new()
                .text("Invented reminder")
                .to("15550100101")
                .template(7001)
                .attachments([
                    NewAttachment::new()
                        .name("invented.pdf")
                        .type_("application/pdf")
                        .url("https://example.com/invented.pdf"),
                    NewAttachment::new(),
                ])
                .gallery([NewGalleryEntry::new().url("https://example.com/one.png")]);
            let request = CreateScheduledMessage::new(41001, time("2126-05-08T17:30:00+02:00"), content)
                .phone_number("+15550100101")
                .local_id("c0c0a0a0-0000-4000-8000-000000000004")
                .creator_id(50001);
            client.create_scheduled_message(&request).await
        },
        sends: (
            "POST /v1/schedule",
            r#"{"content":{"attachments":[{"name":"invented.pdf","type":"application/pdf","url":"https://example.com/invented.pdf"},{}],"gallery":[{"url":"https://example.com/one.png"}],"template":7001,"text":"Invented reminder","to":"15550100101"},"execute_at":"2126-05-08T15:30:00Z","inbox_id":41001,"local_id":"c0c0a0a0-0000-4000-8000-000000000004","phone_number":"15550100101","user_id":50001}"#
        ),
        answers: r#"{"id": 8001001}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev, result.uuid), (8_001_001, None, None));
        },
    }
    delete_scheduled_message {
        call: |client| async move { client.delete_scheduled_message(8_001_001).await },
        sends: ("DELETE /v1/schedule/8001001", ""),
        answers: "\"success\"",
        reads: |result: UndocumentedResult| {
            assert_eq!(result.acknowledgement(), Some(Acknowledgement::Success));
        },
    }
    get_scheduled_message {
        call: |client| async move { client.get_scheduled_message(8_001_001).await },
        sends: ("GET /v1/schedule/8001001", ""),
        answers: r#"{
            "id": 8001001, "inbox_id": 41001, "execute": "2026-05-08T15:30:00Z",
            "local_id": "c0c0a0a0-0000-4000-8000-000000000004",
            "created": "2026-05-07T12:00:00Z", "updated": "2026-05-07T12:00:00.5Z",
            "op": "c", "rev": 1, "team_id": 6001, "user_id": 50001,
            "meta": {
                "campaign_id": 11, "campaign_step_id": 12, "campaign_target_phone": "15550100101",
                "conversation_id": 90010011, "list_id": 2000001,
                "content": {
                    "text": "Invented reminder", "to": "15550100101", "template": 7001,
                    "offset": -60, "local_day": 2, "local_time": "09:30",
                    "attachments": [{
                        "name": "invented.pdf", "type": "application/pdf",
                        "url": "https://example.com/invented.pdf"
                    }],
                    "gallery": [{"url": "https://example.com/one.png"}]
                }
            }
        }"#,
        reads: |message: ScheduledMessage| {
            assert_eq!(message.id, 8_001_001);
            assert_eq!(message.inbox_id, Some(41001.into()));
            assert_eq!(message.execute_at, Some(time("2026-05-08T15:30:00Z")));
            let local_id = "c0c0a0a0-0000-4000-8000-000000000004";
            assert_eq!(message.local_id.as_deref(), Some(local_id));
            assert_eq!(message.created, Some(time("2026-05-07T12:00:00Z")));
            assert_eq!(message.updated, Some(time("2026-05-07T12:00:00.5Z")));
            assert_eq!(message.op.as_deref(), Some("c"));
            assert_eq!(message.rev, Some(1));
            assert_eq!(message.team_id, Some(6001.into()));
            assert_eq!(message.creator_id, Some(50001.into()));
            let meta = message.meta.expect("meta");
            assert_eq!(meta.campaign_id, Some(11));
            assert_eq!(meta.campaign_step_id, Some(12));
            assert_eq!(meta.campaign_target_phone.as_deref(), Some("15550100101"));
            assert_eq!(meta.conversation_id, Some(90_010_011.into()));
            assert_eq!(meta.list_id, Some(2_000_001.into()));
            let content = meta.content.expect("content");
            assert_eq!(content.text.as_deref(), Some("Invented reminder"));
            assert_eq!(content.to.as_deref(), Some("15550100101"));
            assert_eq!(content.template, Some(TemplateReference::Id(7001.into())));
            assert_eq!(content.offset, Some(-60));
            assert_eq!(content.local_day, Some(2));
            assert_eq!(content.local_time.as_deref(), Some("09:30"));
            let attachments = content.attachments.expect("attachments");
            assert_eq!(attachments.len(), 1);
            assert_eq!(attachments[0].name.as_deref(), Some("invented.pdf"));
            assert_eq!(attachments[0].type_.as_deref(), Some("application/pdf"));
            let url = "https://example.com/invented.pdf";
            assert_eq!(attachments[0].url.as_deref(), Some(url));
            let gallery = content.gallery.expect("a gallery");
            assert_eq!(gallery.len(), 1);
            assert_eq!(gallery[0].url.as_deref(), Some("https://example.com/one.png"));
        },
    }
    update_scheduled_message {
        call: |client| async move {
            let Value::Object(template) = json!({ "name": "Invented", "id": 7001 }) else {
                unreachable!("it is an object");
            };
            let content = NewScheduledContent::new()
                .template(TemplateReference::Object(template))
                .attachments([])
                .gallery([]);
            let request = UpdateScheduledMessage::new(41001, time("2126-05-08T15:45:00Z"), content)
                .targets([json!({ "phone": "15550100101" }), json!({ "phone": "15550100102" })])
                .local_id("c0c0a0a0-0000-4000-8000-000000000004")
                .creator_id(50002);
            client.update_scheduled_message(8_001_001, &request).await
        },
        sends: (
            "PUT /v1/schedule/8001001",
            r#"{"content":{"attachments":[],"gallery":[],"template":{"id":7001,"name":"Invented"}},"execute_at":"2126-05-08T15:45:00Z","inbox_id":41001,"local_id":"c0c0a0a0-0000-4000-8000-000000000004","targets":[{"phone":"15550100101"},{"phone":"15550100102"}],"user_id":50002}"#
        ),
        answers: r#"{"id": 8001001, "rev": 2}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev, result.uuid), (8_001_001, Some(2), None));
        },
    }
}

/// The content of a scheduled message with one member.
fn content(member: &str, value: Value) -> ScheduledContent {
    let meta = json!({ "content": { member: value } });
    let message: ScheduledMessage =
        serde_json::from_value(json!({ "id": 1, "meta": meta })).expect("a scheduled message");
    let meta = message.meta.expect("meta");
    meta.content.expect("content")
}

#[test]
fn a_scheduled_template_is_an_id_an_object_or_absent() {
    let template = |value| content("template", value).template;
    let id = template(json!(7001)).expect("a template");
    assert_eq!(id, TemplateReference::Id(7001.into()));
    assert_eq!(id.id(), Some(7001.into()));
    let members = json!({ "id": 7002, "name": "Invented" });
    let object = template(members.clone()).expect("a template");
    assert_eq!(object.id(), Some(7002.into()));
    assert_eq!(serde_json::to_value(&object).expect("JSON"), members);
    let bare = template(json!({})).expect("a template");
    assert_eq!(bare.id(), None);
    assert_eq!(template(json!(0)), None);
    assert_eq!(template(json!(null)), None);
}

#[test]
fn a_scheduled_gallery_is_an_array_an_object_a_string_or_null() {
    let gallery = |value| content("gallery", value).gallery;
    let url = "https://example.com/one.png";
    for one in [json!([{ "url": url }]), json!({ "url": url }), json!(url)] {
        let gallery = gallery(one).expect("a gallery");
        assert_eq!((gallery.len(), gallery[0].url.as_deref()), (1, Some(url)));
    }
    for empty in [json!([]), json!({}), json!("")] {
        assert_eq!(gallery(empty.clone()), Some(Gallery(vec![])), "{empty}");
    }
    assert_eq!(gallery(json!(null)), None);
}

#[test]
fn a_scheduled_message_needs_no_more_than_its_id() {
    let nulls = json!({ "id": 1, "meta": null, "execute": "", "rev": null });
    for body in [json!({ "id": 1 }), nulls] {
        let message: ScheduledMessage = serde_json::from_value(body).expect("a scheduled message");
        assert_eq!(
            serde_json::to_value(message).expect("JSON"),
            json!({ "id": 1 })
        );
    }
}
