//! The requests and responses of the operations of contacts.

use heymarket_api::types::{
    Acknowledgement, Contact, ContactField, ContactStatus, ContactStatusChange, Count,
    CountContacts, CreateContact, CreateContactsResult, FindContact, GetContactStatus,
    ListContacts, MemberId, NewContactField, SetContactStatus, TagAssignment, UpdateContact,
    WriteResult,
};
use serde_json::{Map, json};

use crate::support::time;

super::wire_tests! {
    create_contacts {
        call: |client| async move {
            let contacts = [
                CreateContact::new("+15550100101").first("Invented").is_opted_out(false),
                CreateContact::new("15550100102").tags([TagAssignment::new(5001)]),
            ];
            client.create_contacts(Some(true), &contacts).await
        },
        sends: (
            "POST /v1/batch/contacts?overwrite=true",
            r#"[{"first":"Invented","is_opted_out":false,"phone":"15550100101"},{"phone":"15550100102","tags":[{"tag_id":5001}]}]"#
        ),
        answers: "\"ok\"",
        reads: |result: CreateContactsResult| {
            assert_eq!(result, CreateContactsResult::Done(Acknowledgement::Ok));
            assert_eq!(result.failed(), []);
        },
    }
    create_contact {
        call: |client| async move {
            let custom = Map::from_iter([
                ("1001".to_owned(), json!("Invented \"text\"")),
                ("1002".to_owned(), json!(2.5)),
                ("1003".to_owned(), json!(false)),
                ("1004".to_owned(), json!({ "a": [1, null] })),
            ]);
            let request = CreateContact::new("+15550100101")
                .first("Zoë")
                .last("Person")
                .display_name("Zoë Person")
                .email("person@example.com")
                .avatar("https://example.com/avatar.png")
                .assignee_id(-1)
                .custom(custom)
                .email_suppressions([3, 4])
                .is_opted_out(true)
                .tags([TagAssignment::new(5001), TagAssignment::new(5002)]);
            client.create_contact(&request).await
        },
        sends: (
            "POST /v1/contact",
            r#"{"assignee_id":-1,"avatar":"https://example.com/avatar.png","custom":{"1001":"Invented \"text\"","1002":2.5,"1003":false,"1004":{"a":[1,null]}},"display_name":"Zoë Person","email":"person@example.com","email_suppressions":[3,4],"first":"Zoë","is_opted_out":true,"last":"Person","phone":"15550100101","tags":[{"tag_id":5001},{"tag_id":5002}]}"#
        ),
        answers: r#"{"id": 30010001, "rev": 1, "uuid": "c0c0a0a0-0000-4000-8000-000000000010"}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev), (30_010_001, Some(1)));
            let uuid = "c0c0a0a0-0000-4000-8000-000000000010";
            assert_eq!(result.uuid.as_deref(), Some(uuid));
        },
    }
    list_contact_fields {
        call: |client| async move { client.list_contact_fields().await },
        sends: ("POST /v1/contact-fields", ""),
        answers: r#"[
            {"id": 1001, "title": "Invented field", "kind": "text", "options": ["a", "b"]},
            {"id": 1002, "name": "Another"}
        ]"#,
        reads: |fields: Vec<ContactField>| {
            assert_eq!(fields.len(), 2);
            assert_eq!(fields[0].id, 1001);
            assert_eq!(fields[0].title.as_deref(), Some("Invented field"));
            assert_eq!(fields[0].duplicate, None);
            let extra = [
                ("kind".to_owned(), json!("text")),
                ("options".to_owned(), json!(["a", "b"])),
            ];
            assert!(fields[0].extra.clone().into_iter().eq(extra));
            assert_eq!((fields[1].id, fields[1].title.as_deref()), (1002, None));
            assert_eq!(fields[1].extra["name"], "Another");
            assert_eq!(fields[1].extra.len(), 1);
        },
    }
    find_contact {
        call: |client| async move {
            client.find_contact(&FindContact::new().phone("+15550100101")).await
        },
        sends: ("POST /v1/contact/get", r#"{"phone":"15550100101"}"#),
        answers: r#"{"id": 30010001, "phone": "15550100101", "op": "u"}"#,
        reads: |contact: Contact| {
            assert_eq!(contact.id, 30_010_001);
            assert_eq!(contact.phone.as_deref(), Some("15550100101"));
            assert_eq!(contact.op.as_deref(), Some("u"));
        },
    }
    set_contact_status {
        call: |client| async move {
            let request = SetContactStatus::new(ContactStatusChange::Unsubscribed)
                .phone("+15550100101");
            client.set_contact_status(&request).await
        },
        sends: (
            "POST /v1/contact/set_status",
            r#"{"phone":"15550100101","status":"unsubscribed"}"#
        ),
        answers: "\"success\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Success),
    }
    get_contact_status {
        call: |client| async move {
            client.get_contact_status(&GetContactStatus::new().id(30_010_001)).await
        },
        sends: ("POST /v1/contact/status", r#"{"id":30010001}"#),
        answers: r#"{
            "id": 30010001, "phone": "15550100101", "unsubscribed": true, "blocked": false,
            "unsubscribed_admin": false, "unsubscribed_contact": true
        }"#,
        reads: |status: ContactStatus| {
            assert_eq!(status.id, Some(30_010_001.into()));
            assert_eq!(status.phone.as_deref(), Some("15550100101"));
            assert_eq!(status.unsubscribed, Some(true));
            assert_eq!(status.blocked, Some(false));
            assert_eq!(status.unsubscribed_admin, Some(false));
            assert_eq!(status.unsubscribed_contact, Some(true));
        },
    }
    delete_contact {
        call: |client| async move { client.delete_contact(30_010_001).await },
        sends: ("DELETE /v1/contact/30010001", ""),
        answers: "\"ok\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Ok),
    }
    get_contact {
        call: |client| async move { client.get_contact(30_010_001).await },
        sends: ("GET /v1/contact/30010001", ""),
        answers: r#"{
            "id": 30010001, "uuid": "c0c0a0a0-0000-4000-8000-000000000010",
            "team_id": 6001, "inbox_id": 41001, "parent_id": 12, "creator_id": 50002,
            "assigned_user_id": 50001, "first": "Invented", "last": "Person",
            "display_name": "Invented Person", "email": "person@example.com",
            "phone": "15550100101", "avatar": "https://example.com/avatar.png",
            "external_id": "external-1", "external_ref": "reference-1",
            "custom": {"1001": "Invented", "1002": 7, "1003": true},
            "note": [{
                "id": "note-1", "date": "2026-05-07T12:00:00.21Z", "name": "Invented Agent",
                "text": "Invented note", "user_id": 50001
            }],
            "tags": [{"id": 5001, "tag": "Invented"}, 5002],
            "op": "u", "rev": 3, "shared": true, "type": "person", "is_opted_out": false,
            "created": "2026-05-01T09:00:00Z", "updated": "2026-05-07T12:00:00.021462Z"
        }"#,
        reads: |contact: Contact| {
            assert_eq!(contact.id, 30_010_001);
            let uuid = "c0c0a0a0-0000-4000-8000-000000000010";
            assert_eq!(contact.uuid.as_deref(), Some(uuid));
            assert_eq!(contact.team_id, Some(6001.into()));
            assert_eq!(contact.inbox_id, Some(41001.into()));
            assert_eq!(contact.parent_id, Some(12));
            assert_eq!(contact.creator_id, Some(50002.into()));
            assert_eq!(contact.assigned_user_id, Some(50001.into()));
            assert_eq!(contact.first.as_deref(), Some("Invented"));
            assert_eq!(contact.last.as_deref(), Some("Person"));
            assert_eq!(contact.display_name.as_deref(), Some("Invented Person"));
            assert_eq!(contact.email.as_deref(), Some("person@example.com"));
            assert_eq!(contact.phone.as_deref(), Some("15550100101"));
            assert_eq!(contact.avatar.as_deref(), Some("https://example.com/avatar.png"));
            assert_eq!(contact.external_id.as_deref(), Some("external-1"));
            assert_eq!(contact.external_ref.as_deref(), Some("reference-1"));
            let custom = contact.custom.expect("custom fields");
            assert_eq!(custom.len(), 3);
            assert_eq!(custom["1001"], "Invented");
            assert_eq!(custom["1002"], 7);
            assert_eq!(custom["1003"], true);
            let notes = contact.note.expect("notes");
            assert_eq!(notes.len(), 1);
            assert_eq!(notes[0].id.as_deref(), Some("note-1"));
            assert_eq!(notes[0].date, Some(time("2026-05-07T12:00:00.21Z")));
            assert_eq!(notes[0].name.as_deref(), Some("Invented Agent"));
            assert_eq!(notes[0].text.as_deref(), Some("Invented note"));
            assert_eq!(notes[0].user_id, Some(50001.into()));
            let tags = vec![json!({ "id": 5001, "tag": "Invented" }), json!(5002)];
            assert_eq!(contact.tags, Some(tags));
            assert_eq!(contact.op.as_deref(), Some("u"));
            assert_eq!(contact.rev, Some(3));
            assert_eq!(contact.shared, Some(true));
            assert_eq!(contact.type_.as_deref(), Some("person"));
            assert_eq!(contact.is_opted_out, Some(false));
            assert_eq!(contact.created, Some(time("2026-05-01T09:00:00Z")));
            assert_eq!(contact.updated, Some(time("2026-05-07T12:00:00.021462Z")));
        },
    }
    update_contact {
        call: |client| async move {
            let request = UpdateContact::new("15550100101")
                .first("Invented")
                .last("")
                .display_name("Invented Person")
                .email("person@example.com")
                .avatar("https://example.com/avatar.png")
                .assignee_id(-1)
                .custom(Map::from_iter([("1001".to_owned(), json!(null))]))
                .email_suppressions([])
                .is_opted_out(false)
                .tags([]);
            client.update_contact(30_010_001, Some(false), &request).await
        },
        sends: (
            "PUT /v1/contact/30010001?overwrite=false",
            r#"{"assignee_id":-1,"avatar":"https://example.com/avatar.png","custom":{"1001":null},"display_name":"Invented Person","email":"person@example.com","email_suppressions":[],"first":"Invented","is_opted_out":false,"last":"","phone":"15550100101","tags":[]}"#
        ),
        answers: r#"{"id": 30010001, "rev": 4}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev), (30_010_001, Some(4)));
            assert_eq!(result.uuid, None);
        },
    }
    list_contacts {
        call: |client| async move {
            let request = ListContacts::new()
                .archived(false)
                .ascending(true)
                .assigned(50001)
                .date(time("2026-05-07T12:00:00.021462Z"))
                .filter("invented")
                .id(50002)
                .limit(30)
                .order("created_at")
                .page(1)
                .parent_id(12);
            client.list_contacts(&request).await
        },
        sends: (
            "POST /v1/contacts",
            r#"{"archived":false,"ascending":true,"assigned":50001,"date":"2026-05-07T12:00:00.021462Z","filter":"invented","id":50002,"limit":30,"order":"created_at","page":1,"parent_id":12}"#
        ),
        answers: r#"[
            {"id": 30010001, "updated": "2026-05-07T12:00:00.02Z", "is_opted_out": true},
            {"id": 30010002, "email": "other@example.com", "phone": ""}
        ]"#,
        reads: |contacts: Vec<Contact>| {
            assert_eq!(contacts.len(), 2);
            assert_eq!(contacts[0].id, 30_010_001);
            assert_eq!(contacts[0].updated, Some(time("2026-05-07T12:00:00.02Z")));
            assert_eq!(contacts[0].is_opted_out, Some(true));
            assert_eq!(contacts[1].id, 30_010_002);
            assert_eq!(contacts[1].email.as_deref(), Some("other@example.com"));
            assert_eq!(contacts[1].phone.as_deref(), Some(""));
        },
    }
    count_contacts {
        call: |client| async move {
            let request = CountContacts::new().date(time("2026-05-07T12:00:00Z"));
            client.count_contacts(&request).await
        },
        sends: ("POST /v1/contacts/count", r#"{"date":"2026-05-07T12:00:00Z"}"#),
        answers: r#"{"count": 3}"#,
        reads: |count: Count| {
            assert_eq!(count.value(), Some(3));
            assert_eq!(count.raw(), &json!({ "count": 3 }));
        },
    }
    create_contact_fields {
        call: |client| async move {
            let fields = [NewContactField::new("Invented field"), NewContactField::new("Größe")];
            client.create_contact_fields(&fields).await
        },
        sends: (
            "POST /v1/contacts/fields",
            r#"[{"title":"Invented field"},{"title":"Größe"}]"#
        ),
        answers: r#"[
            {"id": 1001, "title": "Invented field", "duplicate": true},
            {"id": 1002, "title": "Größe", "duplicate": false}
        ]"#,
        reads: |fields: Vec<ContactField>| {
            assert_eq!(fields.len(), 2);
            assert_eq!((fields[0].id, fields[0].duplicate), (1001, Some(true)));
            assert_eq!(fields[0].title.as_deref(), Some("Invented field"));
            assert_eq!((fields[1].id, fields[1].duplicate), (1002, Some(false)));
            assert_eq!(fields[1].title.as_deref(), Some("Größe"));
            assert!(fields.iter().all(|field| field.extra.is_empty()));
        },
    }
}

/// Creates a batch of one contact, without `overwrite`.
async fn batch(answer: &str) -> CreateContactsResult {
    super::exchange(
        "POST /v1/batch/contacts",
        r#"[{"phone":"15550100101"}]"#,
        answer,
        |client| async move {
            let contacts = [CreateContact::new("15550100101")];
            client.create_contacts(None, &contacts).await
        },
    )
    .await
}

#[tokio::test]
async fn a_successful_batch_is_a_string_with_or_without_quotes() {
    for (answer, expected) in [
        ("\"ok\"", Acknowledgement::Ok),
        ("ok", Acknowledgement::Ok),
        ("\"success\"", Acknowledgement::Success),
        (
            "\"2 created\"",
            Acknowledgement::Unknown("2 created".into()),
        ),
    ] {
        let result = batch(answer).await;
        assert_eq!(result, CreateContactsResult::Done(expected), "{answer}");
        assert_eq!(result.failed(), []);
    }
}

#[tokio::test]
async fn a_batch_that_failed_is_answered_by_contacts_that_need_no_id() {
    let answer = r#"[
        {"phone": "15550100101", "first": "Invented", "tags": [{"tag_id": 5001}], "assignee_id": -1},
        {"id": 30010002, "email": "person@example.com"}
    ]"#;
    let result = batch(answer).await;
    let [first, second] = result.failed() else {
        panic!("{result:?}");
    };
    assert_eq!(first.id, None);
    assert_eq!(first.phone.as_deref(), Some("15550100101"));
    assert_eq!(first.first.as_deref(), Some("Invented"));
    assert_eq!(first.tags, Some(vec![json!({ "tag_id": 5001 })]));
    assert_eq!(first.assignee_id, Some(MemberId(-1)));
    assert_eq!(second.id, Some(30_010_002.into()));
    assert_eq!(second.email.as_deref(), Some("person@example.com"));
}

#[tokio::test]
async fn an_empty_array_means_that_no_contact_of_a_batch_failed() {
    let result = batch("[]").await;
    assert_eq!(result, CreateContactsResult::Failed(vec![]));
    assert_eq!(result.failed(), []);
}

#[tokio::test]
async fn an_empty_batch_is_sent_as_an_empty_array() {
    let result: CreateContactsResult = super::exchange(
        "POST /v1/batch/contacts?overwrite=false",
        "[]",
        "\"ok\"",
        |client| async move { client.create_contacts(Some(false), &[]).await },
    )
    .await;
    assert_eq!(result, CreateContactsResult::Done(Acknowledgement::Ok));
}

#[tokio::test]
async fn a_contact_is_found_by_an_id_that_is_a_string() {
    let contact: Contact = super::exchange(
        "POST /v1/contact/get",
        r#"{"id":"30010001"}"#,
        r#"{"id": 30010001}"#,
        |client| async move {
            client
                .find_contact(&FindContact::new().id("30010001"))
                .await
        },
    )
    .await;
    assert_eq!(contact.id, 30_010_001);
}

#[tokio::test]
async fn an_update_without_overwrite_has_no_query() {
    let result: WriteResult = super::exchange(
        "PUT /v1/contact/30010001",
        r#"{"phone":"15550100101"}"#,
        r#"{"id": 30010001}"#,
        |client| async move {
            let request = UpdateContact::new("+15550100101");
            client.update_contact(30_010_001, None, &request).await
        },
    )
    .await;
    assert_eq!(
        (result.id, result.rev, result.uuid),
        (30_010_001, None, None)
    );
}

#[tokio::test]
async fn each_status_of_a_contact_is_sent_by_its_documented_name() {
    for (status, line) in [
        (ContactStatusChange::Active, r#"{"id":7,"status":"active"}"#),
        (
            ContactStatusChange::Blocked,
            r#"{"id":7,"status":"blocked"}"#,
        ),
        (
            ContactStatusChange::Unblocked,
            r#"{"id":7,"status":"unblocked"}"#,
        ),
        (
            ContactStatusChange::Subscribed,
            r#"{"id":7,"status":"subscribed"}"#,
        ),
        ("invented".into(), r#"{"id":7,"status":"invented"}"#),
    ] {
        let request = SetContactStatus::new(status).id(7);
        let done: Acknowledgement = super::exchange(
            "POST /v1/contact/set_status",
            line,
            "success",
            |client| async move { client.set_contact_status(&request).await },
        )
        .await;
        assert_eq!(done, Acknowledgement::Success);
    }
}

#[tokio::test]
async fn the_status_of_a_contact_is_asked_for_by_phone_number_too() {
    let status: ContactStatus = super::exchange(
        "POST /v1/contact/status",
        r#"{"phone":"15550100101"}"#,
        r#"{"unsubscribed": false, "blocked": true}"#,
        |client| async move {
            client
                .get_contact_status(&GetContactStatus::new().phone("+15550100101"))
                .await
        },
    )
    .await;
    assert_eq!(status.unsubscribed, Some(false));
    assert_eq!(status.blocked, Some(true));
    assert_eq!((status.id, status.phone), (None, None));
}

#[test]
fn a_contact_needs_no_more_than_its_id() {
    let nulls = json!({
        "id": 1, "avatar": null, "custom": null, "note": null, "tags": null, "created": "",
        "updated": "0001-01-01T00:00:00Z", "phone": null, "is_opted_out": null,
    });
    for body in [json!({ "id": 1 }), nulls] {
        let contact: Contact = serde_json::from_value(body).expect("a contact");
        assert_eq!(
            serde_json::to_value(contact).expect("JSON"),
            json!({ "id": 1 })
        );
    }
    assert!(serde_json::from_value::<Contact>(json!({ "phone": "15550100101" })).is_err());
}

#[test]
fn a_phone_number_of_a_contact_is_kept_with_and_without_a_plus() {
    for phone in ["15550100101", "+15550100101"] {
        let body = json!({ "id": 1, "phone": phone });
        let contact: Contact = serde_json::from_value(body).expect("a contact");
        assert_eq!(contact.phone.as_deref(), Some(phone));
    }
}
