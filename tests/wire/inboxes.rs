//! The requests and responses of the operations of inboxes.

use heymarket_api::types::{Inbox, Inboxes, Invited, WidgetSettings};
use heymarket_api::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::support::{Answer, Server, client, time};

super::wire_tests! {
    list_inboxes {
        call: |client| async move { client.list_inboxes().await },
        sends: ("GET /v1/inboxes", ""),
        answers: r#"[
            {
                "id": 41001, "name": "Invented inbox", "team": 6001, "op": "u", "rev": 5,
                "members": [50001, 50002], "phone": "15550100101",
                "phones": ["15550100101", "+15550100102"], "forward_number": "15550100103",
                "allowed_domains": ["example.com"], "auto_assignable": true, "bco_chats": false,
                "invited": ["agent@example.com"], "widget_code": "invented-code",
                "widget_settings": {"name": "Invented widget", "position": 1},
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-05-07T12:00:00.5Z"
            },
            {"id": 41002}
        ]"#,
        reads: |inboxes: Inboxes| {
            assert_eq!(inboxes.len(), 2);
            let inbox = &inboxes[0];
            assert_eq!(inbox.id, 41001);
            assert_eq!(inbox.name.as_deref(), Some("Invented inbox"));
            assert_eq!(inbox.team_id, Some(6001.into()));
            assert_eq!(inbox.op.as_deref(), Some("u"));
            assert_eq!(inbox.rev, Some(5));
            assert_eq!(inbox.members, Some(vec![50001.into(), 50002.into()]));
            assert_eq!(inbox.phone.as_deref(), Some("15550100101"));
            let phones = vec!["15550100101".to_owned(), "+15550100102".to_owned()];
            assert_eq!(inbox.phones, Some(phones));
            assert_eq!(inbox.forward_number.as_deref(), Some("15550100103"));
            assert_eq!(inbox.allowed_domains, Some(vec!["example.com".to_owned()]));
            assert_eq!(inbox.auto_assignable, Some(true));
            assert_eq!(inbox.bco_chats, Some(false));
            let invited = Invited::List(vec!["agent@example.com".to_owned()]);
            assert_eq!(inbox.invited, Some(invited));
            assert_eq!(inbox.widget_code.as_deref(), Some("invented-code"));
            let widget = inbox.widget_settings.as_ref().expect("a widget");
            assert_eq!(widget.name.as_deref(), Some("Invented widget"));
            assert_eq!(widget.position, Some(1));
            assert_eq!(inbox.created_at, Some(time("2026-01-01T00:00:00Z")));
            assert_eq!(inbox.updated_at, Some(time("2026-05-07T12:00:00.5Z")));
            assert_eq!(serde_json::to_value(&inboxes[1]).expect("JSON"), json!({ "id": 41002 }));
        },
    }
}

/// An inbox with one member more than its id.
fn inbox(member: &str, value: Value) -> Inbox {
    serde_json::from_value(json!({ "id": 1, member: value })).expect("an inbox")
}

async fn failure(answer: &str) -> Error {
    let server = Server::answering(Answer::new(200, answer)).await;
    let outcome = client(&server.url()).list_inboxes().await;
    outcome.expect_err("a failure")
}

#[tokio::test]
async fn inboxes_are_an_array_or_in_an_object() {
    for answer in [
        r#"[{"id": 41001}, {"id": 41002}]"#,
        r#"{"inboxes": [{"id": 41001}, {"id": 41002}]}"#,
        r#"{"page": {"next": 2}, "data": [{"id": 41001}, {"id": 41002}], "total": 2}"#,
    ] {
        let inboxes: Inboxes =
            super::exchange("GET /v1/inboxes", "", answer, |client| async move {
                client.list_inboxes().await
            })
            .await;
        let ids: Vec<_> = inboxes.iter().map(|inbox| inbox.id).collect();
        assert_eq!(ids, [41001, 41002], "{answer}");
    }
}

#[tokio::test]
async fn no_inboxes_are_an_empty_array_or_null_in_an_object() {
    for answer in ["[]", r#"{"inboxes": []}"#, r#"{"inboxes": null}"#] {
        let inboxes: Inboxes =
            super::exchange("GET /v1/inboxes", "", answer, |client| async move {
                client.list_inboxes().await
            })
            .await;
        assert!(inboxes.is_empty(), "{answer}");
    }
}

#[tokio::test]
async fn an_object_without_inboxes_is_an_error_that_tells_its_place() {
    for (answer, path, problem) in [
        (
            r#"{"items": []}"#,
            "$",
            "expected the member `inboxes`, found none",
        ),
        ("{}", "$", "expected the member `inboxes`, found none"),
        (
            "\"none\"",
            "$",
            "expected an array of inboxes, or an object with an array in `inboxes` or `data`, found a string",
        ),
        (
            r#"{"inboxes": [{"id": 41001}, {"name": "Invented"}]}"#,
            "$.inboxes[1]",
            "expected the member `id`, found none",
        ),
        (
            r#"{"data": [{"id": 41001, "members": [50001, "Invented"]}]}"#,
            "$.data[0].members[1]",
            "expected an integer, found a string",
        ),
        (
            r#"[{"id": 41001}, {"id": 41002, "invited": "Invented"}]"#,
            "$[1].invited",
            "expected a boolean or an array of strings, found a string",
        ),
    ] {
        let error = failure(answer).await;
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.operation(), Some("list_inboxes"));
        assert_eq!(error.json_path(), Some(path), "{answer}");
        assert_eq!(
            error.to_string(),
            format!(
                "list_inboxes: 200 OK: the body does not decode: at {path}: {problem} \
                 (request id request-1)"
            )
        );
        assert_eq!(error.body().map(|body| &body[..]), Some(answer.as_bytes()));
    }
}

#[test]
fn invited_is_a_boolean_or_strings() {
    let invited = |value| inbox("invited", value).invited;
    assert_eq!(invited(json!(true)), Some(Invited::Flag(true)));
    assert_eq!(invited(json!(false)), Some(Invited::Flag(false)));
    let two = Invited::List(vec!["one".to_owned(), "two".to_owned()]);
    assert_eq!(invited(json!(["one", "two"])), Some(two));
    assert_eq!(invited(json!([])), Some(Invited::List(vec![])));
    assert_eq!(invited(json!(null)), None);
}

#[test]
fn a_forward_number_may_be_null() {
    let number = |value| inbox("forward_number", value).forward_number;
    assert_eq!(number(json!(null)), None);
    assert_eq!(number(json!("")).as_deref(), Some(""));
    let digits = number(json!("15550100101"));
    assert_eq!(digits.as_deref(), Some("15550100101"));
}

#[test]
fn phone_numbers_of_an_inbox_are_kept_with_and_without_a_plus() {
    for phone in ["15550100101", "+15550100101"] {
        assert_eq!(inbox("phone", json!(phone)).phone.as_deref(), Some(phone));
        let phones = inbox("phones", json!([phone])).phones;
        assert_eq!(phones, Some(vec![phone.to_owned()]));
    }
}

#[test]
fn the_settings_of_a_widget_have_the_documented_members() {
    let settings: WidgetSettings = serde_json::from_value(json!({
        "background_color": "#000001", "button_color": "#000002",
        "fab_background_color": "#000003", "fab_text_color": "#000004",
        "message": "Invented words", "name": "Invented name", "phone": "+15550100101",
        "position": 2, "preview_enabled": true, "title_background_color": "#000005",
        "title_text_color": "#000006", "tos": "https://example.com/tos",
    }))
    .expect("settings");
    assert_eq!(settings.background_color.as_deref(), Some("#000001"));
    assert_eq!(settings.button_color.as_deref(), Some("#000002"));
    assert_eq!(settings.fab_background_color.as_deref(), Some("#000003"));
    assert_eq!(settings.fab_text_color.as_deref(), Some("#000004"));
    assert_eq!(settings.message.as_deref(), Some("Invented words"));
    assert_eq!(settings.name.as_deref(), Some("Invented name"));
    assert_eq!(settings.phone.as_deref(), Some("+15550100101"));
    assert_eq!(settings.position, Some(2));
    assert_eq!(settings.preview_enabled, Some(true));
    assert_eq!(settings.title_background_color.as_deref(), Some("#000005"));
    assert_eq!(settings.title_text_color.as_deref(), Some("#000006"));
    assert_eq!(settings.tos.as_deref(), Some("https://example.com/tos"));
    assert_eq!(settings.email_enabled, None);
}

#[test]
fn the_settings_of_a_widget_have_the_members_of_the_samples() {
    let settings: WidgetSettings = serde_json::from_value(json!({
        "email_enabled": true, "email_required": false, "name_enabled": true,
        "name_required": false, "phone_enabled": true, "phone_optional": false,
        "sms_disabled": true, "webchat_enabled": false,
    }))
    .expect("settings");
    assert_eq!(settings.email_enabled, Some(true));
    assert_eq!(settings.email_required, Some(false));
    assert_eq!(settings.name_enabled, Some(true));
    assert_eq!(settings.name_required, Some(false));
    assert_eq!(settings.phone_enabled, Some(true));
    assert_eq!(settings.phone_optional, Some(false));
    assert_eq!(settings.sms_disabled, Some(true));
    assert_eq!(settings.webchat_enabled, Some(false));
    assert_eq!(settings.background_color, None);
}
