//! The requests and responses of the operations of contacts v2.

use heymarket_api::types::{
    Acknowledgement, AddContactChannel, ChannelSearch, ChannelType, Contact, ContactChannel,
    CreateContactV2, Identifier, ListContactsV2, NewContactChannel, SearchContactsV2,
    TagAssignment, UndocumentedResult, UpdateContactChannel, UpdateContactV2, UpsertContact,
    UpsertContacts, UpsertContactsResult, WriteResult,
};
use serde_json::{Map, json};

use crate::support::time;

const UUID: &str = "c0c0a0a0-0000-4000-8000-000000000010";

super::wire_tests! {
    create_contact_v2 {
        call: |client| async move {
            let channels = [
                NewContactChannel::new(ChannelType::Phone, "15550100101"),
                NewContactChannel::new("facebook", "invented-id")
                    .channel_handle("@invented")
                    .channel_ids(["one", "two"])
                    .info_channel("invented info"),
            ];
            let request = CreateContactV2::new(channels)
                .first("Invented")
                .last("Person")
                .display_name("Invented Person")
                .email("person@example.com")
                .avatar("https://example.com/avatar.png")
                .assignee_id(50001)
                .custom(Map::from_iter([("1001".to_owned(), json!("Invented"))]))
                .email_suppressions([])
                .is_opted_out(false)
                .tags([TagAssignment::new(5001)]);
            client.create_contact_v2(&request).await
        },
        sends: (
            "POST /v2/contact",
            r#"{"assignee_id":50001,"avatar":"https://example.com/avatar.png","contact_channels":[{"channel_id":"15550100101","channel_type":"phone"},{"channel_handle":"@invented","channel_id":"invented-id","channel_ids":["one","two"],"channel_type":"facebook","info_channel":"invented info"}],"custom":{"1001":"Invented"},"display_name":"Invented Person","email":"person@example.com","email_suppressions":[],"first":"Invented","is_opted_out":false,"last":"Person","tags":[{"tag_id":5001}]}"#
        ),
        answers: r#"{"id": 30010001, "rev": 1, "uuid": "c0c0a0a0-0000-4000-8000-000000000010"}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev), (30_010_001, Some(1)));
            assert_eq!(result.uuid.as_deref(), Some(UUID));
        },
    }
    delete_contact_v2 {
        call: |client| async move { client.delete_contact_v2(UUID).await },
        sends: ("DELETE /v2/contact/c0c0a0a0-0000-4000-8000-000000000010", ""),
        answers: "\"invented words\"",
        reads: |done: Acknowledgement| {
            assert_eq!(done, Acknowledgement::Unknown("invented words".to_owned()));
        },
    }
    get_contact_v2 {
        call: |client| async move { client.get_contact_v2(UUID).await },
        sends: ("GET /v2/contact/c0c0a0a0-0000-4000-8000-000000000010", ""),
        answers: r#"{
            "id": 30010001, "uuid": "c0c0a0a0-0000-4000-8000-000000000010",
            "display_name": "Invented Person"
        }"#,
        reads: |contact: Contact| {
            assert_eq!(contact.id, 30_010_001);
            assert_eq!(contact.uuid.as_deref(), Some(UUID));
            assert_eq!(contact.display_name.as_deref(), Some("Invented Person"));
        },
    }
    update_contact_v2 {
        call: |client| async move {
            let request = UpdateContactV2::new()
                .phone("+15550100101")
                .first("Invented")
                .last("Person")
                .display_name("Invented Person")
                .email("person@example.com")
                .avatar("https://example.com/avatar.png")
                .assignee_id(-1)
                .custom(Map::from_iter([("1001".to_owned(), json!([true, "a"]))]))
                .email_suppressions([9])
                .is_opted_out(true)
                .tags([]);
            client.update_contact_v2(UUID, &request).await
        },
        sends: (
            "PUT /v2/contact/c0c0a0a0-0000-4000-8000-000000000010",
            r#"{"assignee_id":-1,"avatar":"https://example.com/avatar.png","custom":{"1001":[true,"a"]},"display_name":"Invented Person","email":"person@example.com","email_suppressions":[9],"first":"Invented","is_opted_out":true,"last":"Person","phone":"15550100101","tags":[]}"#
        ),
        answers: r#"{
            "id": 30010001, "rev": 2, "first": "Invented",
            "contact_channels": [
                {"id": 12, "channel_type": "phone", "channel_id": "15550100101"},
                {"id": "c0c0a0a0-0000-4000-8000-000000000020", "channel_type": "email"}
            ]
        }"#,
        reads: |contact: Contact| {
            assert_eq!((contact.id, contact.rev), (30_010_001.into(), Some(2)));
            assert_eq!(contact.first.as_deref(), Some("Invented"));
            let channels = contact.contact_channels.expect("channels");
            assert_eq!(channels[0].id, Identifier::Number(12));
            assert_eq!(channels[0].channel_id.as_deref(), Some("15550100101"));
            assert_eq!(channels[1].channel_type, Some(ChannelType::Email));
        },
    }
    add_contact_channel {
        call: |client| async move {
            let request = AddContactChannel::new(ChannelType::Email, "person@example.com");
            client.add_contact_channel(UUID, &request).await
        },
        sends: (
            "POST /v2/contact/c0c0a0a0-0000-4000-8000-000000000010/channel",
            r#"{"channel_id":"person@example.com","channel_type":"email"}"#
        ),
        answers: r#"[
            {
                "id": "c0c0a0a0-0000-4000-8000-000000000020",
                "contact_id": "c0c0a0a0-0000-4000-8000-000000000010",
                "team_id": 6001, "channel_type": "email", "channel_id": "person@example.com",
                "info_channel": "invented info", "channel_handle": "invented handle",
                "created": "2026-05-01T09:00:00Z", "updated": "2026-05-07T12:00:00.5Z"
            },
            {"id": 12, "contact_id": 30010001, "channel_type": "other"}
        ]"#,
        reads: |channels: Vec<ContactChannel>| {
            assert_eq!(channels.len(), 2);
            let id = "c0c0a0a0-0000-4000-8000-000000000020";
            assert_eq!(channels[0].id, Identifier::Text(id.to_owned()));
            assert_eq!(channels[0].contact_id, Some(Identifier::Text(UUID.to_owned())));
            assert_eq!(channels[0].team_id, Some(6001.into()));
            assert_eq!(channels[0].channel_type, Some(ChannelType::Email));
            assert_eq!(channels[0].channel_id.as_deref(), Some("person@example.com"));
            assert_eq!(channels[0].info_channel.as_deref(), Some("invented info"));
            assert_eq!(channels[0].channel_handle.as_deref(), Some("invented handle"));
            assert_eq!(channels[0].created, Some(time("2026-05-01T09:00:00Z")));
            assert_eq!(channels[0].updated, Some(time("2026-05-07T12:00:00.5Z")));
            assert_eq!(channels[1].id, Identifier::Number(12));
            assert_eq!(channels[1].contact_id, Some(Identifier::Number(30_010_001)));
            let other = ChannelType::Unknown("other".to_owned());
            assert_eq!(channels[1].channel_type, Some(other));
        },
    }
    update_contact_channel {
        call: |client| async move {
            let request = UpdateContactChannel::new(ChannelType::Phone, "15550100102");
            client.update_contact_channel("a/b c", &request).await
        },
        sends: (
            "PUT /v2/contact/a%2Fb%20c/channel",
            r#"{"channel_id":"15550100102","channel_type":"phone"}"#
        ),
        answers: r#"[{"id": 13, "channel_type": "phone", "channel_id": "15550100102"}]"#,
        reads: |channels: Vec<ContactChannel>| {
            assert_eq!(channels.len(), 1);
            assert_eq!(channels[0].id, Identifier::Number(13));
            assert_eq!(channels[0].channel_type, Some(ChannelType::Phone));
            assert_eq!(channels[0].channel_id.as_deref(), Some("15550100102"));
            assert_eq!(channels[0].contact_id, None);
        },
    }
    delete_contact_channel {
        call: |client| async move {
            client.delete_contact_channel(UUID, &ChannelType::Facebook).await
        },
        sends: ("DELETE /v2/contact/c0c0a0a0-0000-4000-8000-000000000010/channel/facebook", ""),
        answers: r#"{"deleted": true}"#,
        reads: |result: UndocumentedResult| {
            assert_eq!(result.value(), &json!({ "deleted": true }));
            assert_eq!(result.acknowledgement(), None);
        },
    }
    get_contact_channel {
        call: |client| async move {
            client.get_contact_channel("a?b#c%2F", &"invented/type é".into()).await
        },
        sends: ("GET /v2/contact/a%3Fb%23c%252F/channel/invented%2Ftype%20%C3%A9", ""),
        answers: r#"{"id": "c0c0a0a0-0000-4000-8000-000000000021", "team_id": 6001}"#,
        reads: |channel: ContactChannel| {
            let id = "c0c0a0a0-0000-4000-8000-000000000021";
            assert_eq!(channel.id, Identifier::Text(id.to_owned()));
            assert_eq!(channel.team_id, Some(6001.into()));
            assert_eq!(channel.channel_type, None);
        },
    }
    list_contact_channels {
        call: |client| async move { client.list_contact_channels(UUID).await },
        sends: ("GET /v2/contact/c0c0a0a0-0000-4000-8000-000000000010/channels", ""),
        answers: r#"[
            {"id": "c0c0a0a0-0000-4000-8000-000000000020", "channel_type": "phone"},
            {"id": 12, "channel_type": "email", "channel_id": "person@example.com"}
        ]"#,
        reads: |channels: Vec<ContactChannel>| {
            let id = "c0c0a0a0-0000-4000-8000-000000000020";
            assert_eq!(channels[0].id, Identifier::Text(id.to_owned()));
            assert_eq!(channels[0].channel_type, Some(ChannelType::Phone));
            assert_eq!(channels[1].id, Identifier::Number(12));
            assert_eq!(channels[1].channel_id.as_deref(), Some("person@example.com"));
            assert_eq!(channels.len(), 2);
        },
    }
    delete_contacts_v2 {
        call: |client| async move {
            client.delete_contacts_v2([UUID, "c0c0a0a0-0000-4000-8000-000000000011"]).await
        },
        sends: (
            "DELETE /v2/contacts",
            r#"{"contact_channels":[{"channel_ids":["c0c0a0a0-0000-4000-8000-000000000010","c0c0a0a0-0000-4000-8000-000000000011"],"channel_type":"id"}]}"#
        ),
        answers: "\"ok\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Ok),
    }
    upsert_contacts_v2 {
        call: |client| async move {
            let channel = |phone: &str| [NewContactChannel::new(ChannelType::Phone, phone)];
            let known = UpsertContact::new(channel("15550100101"))
                .contact_id(UUID)
                .phone("+15550100101")
                .first("Invented")
                .last("Person")
                .display_name("Invented Person")
                .email("person@example.com")
                .avatar("https://example.com/avatar.png")
                .assignee_id(-1)
                .custom(Map::from_iter([("1001".to_owned(), json!(7))]))
                .email_suppressions([1])
                .is_opted_out(false)
                .tags([]);
            let new = UpsertContact::new(channel("15550100102"));
            client.upsert_contacts_v2(&UpsertContacts::new([known, new])).await
        },
        sends: (
            "POST /v2/contacts",
            r#"{"contacts":[{"assignee_id":-1,"avatar":"https://example.com/avatar.png","contact_channels":[{"channel_id":"15550100101","channel_type":"phone"}],"contact_id":"c0c0a0a0-0000-4000-8000-000000000010","custom":{"1001":7},"display_name":"Invented Person","email":"person@example.com","email_suppressions":[1],"first":"Invented","is_opted_out":false,"last":"Person","phone":"15550100101","tags":[]},{"contact_channels":[{"channel_id":"15550100102","channel_type":"phone"}]}]}"#
        ),
        answers: r#"{
            "contacts": [{"id": 30010001, "rev": 2}],
            "failed_contacts": [{
                "contact": {
                    "phone": "15550100102", "contact_id": "c0c0a0a0-0000-4000-8000-000000000012",
                    "contact_channels": [{"channel_type": "phone", "channel_id": "15550100102"}],
                    "email_suppressions": [1], "custom": {"1001": 7}
                },
                "error": "invented reason", "code": 7
            }]
        }"#,
        reads: |result: UpsertContactsResult| {
            let contacts = result.contacts.expect("contacts");
            assert_eq!(contacts.len(), 1);
            assert_eq!((contacts[0].id, contacts[0].rev), (30_010_001.into(), Some(2)));
            let failed = result.failed_contacts.expect("failed contacts");
            assert_eq!(failed.len(), 1);
            let contact = failed[0].contact.as_ref().expect("a contact");
            assert_eq!(contact.id, None);
            assert_eq!(contact.phone.as_deref(), Some("15550100102"));
            let id = "c0c0a0a0-0000-4000-8000-000000000012";
            assert_eq!(contact.contact_id, Some(Identifier::Text(id.to_owned())));
            let channel = json!({ "channel_type": "phone", "channel_id": "15550100102" });
            assert_eq!(contact.contact_channels, Some(vec![channel]));
            assert_eq!(contact.email_suppressions, Some(json!([1])));
            assert_eq!(contact.custom.as_ref().expect("custom fields")["1001"], 7);
            assert_eq!(failed[0].error, Some(json!("invented reason")));
            assert_eq!(failed[0].extra.len(), 1);
            assert_eq!(failed[0].extra["code"], 7);
        },
    }
    list_contacts_v2 {
        call: |client| async move {
            let request = ListContactsV2::new()
                .limit(30)
                .page(0)
                .date(time("2026-05-07T12:00:00Z"))
                .ascending(false);
            client.list_contacts_v2(&request).await
        },
        sends: (
            "POST /v2/contacts/list",
            r#"{"ascending":false,"date":"2026-05-07T12:00:00Z","limit":30,"page":0}"#
        ),
        answers: r#"[{"id": 30010001, "email": "person@example.com"}, {"id": 30010002}]"#,
        reads: |contacts: Vec<Contact>| {
            assert_eq!(contacts.len(), 2);
            assert_eq!(contacts[0].id, 30_010_001);
            assert_eq!(contacts[0].email.as_deref(), Some("person@example.com"));
            assert_eq!((contacts[1].id, contacts[1].email.as_deref()), (30_010_002.into(), None));
        },
    }
    search_contacts_v2 {
        call: |client| async move {
            let request = SearchContactsV2::new([
                ChannelSearch::new(["15550100101", "person@example.com"]),
                ChannelSearch::new(["invented-id"]).channel_type(ChannelType::Facebook),
            ]);
            client.search_contacts_v2(&request).await
        },
        sends: (
            "POST /v2/contacts/search",
            r#"{"contact_channels":[{"channel_ids":["15550100101","person@example.com"]},{"channel_ids":["invented-id"],"channel_type":"facebook"}]}"#
        ),
        answers: r#"[{"id": 30010001, "phone": "15550100101"}]"#,
        reads: |contacts: Vec<Contact>| {
            assert_eq!(contacts.len(), 1);
            assert_eq!(contacts[0].id, 30_010_001);
            assert_eq!(contacts[0].phone.as_deref(), Some("15550100101"));
        },
    }
}

#[tokio::test]
async fn a_channel_has_ids_that_are_uuids_or_integers() {
    let text = |text: &str| Identifier::Text(text.to_owned());
    for (answer, id, contact_id) in [
        (
            r#"{"id": "c0c0a0a0-0000-4000-8000-000000000020", "contact_id": "c0c0a0a0-0000-4000-8000-000000000010"}"#,
            text("c0c0a0a0-0000-4000-8000-000000000020"),
            Some(text(UUID)),
        ),
        (
            r#"{"id": 12, "contact_id": 30010001}"#,
            Identifier::Number(12),
            Some(Identifier::Number(30_010_001)),
        ),
        (
            r#"{"id": 12, "contact_id": null}"#,
            Identifier::Number(12),
            None,
        ),
    ] {
        let channel: ContactChannel = super::exchange(
            "GET /v2/contact/c0c0a0a0-0000-4000-8000-000000000010/channel/phone",
            "",
            answer,
            |client| async move { client.get_contact_channel(UUID, &ChannelType::Phone).await },
        )
        .await;
        assert_eq!((channel.id, channel.contact_id), (id, contact_id));
    }
}

#[tokio::test]
async fn an_update_of_nothing_is_an_empty_object() {
    // The older documentation's answer.
    let result: Contact = super::exchange(
        "PUT /v2/contact/c0c0a0a0-0000-4000-8000-000000000010",
        "{}",
        r#"{"id": 30010001, "rev": 2, "uuid": "c0c0a0a0-0000-4000-8000-000000000010"}"#,
        |client| async move {
            client
                .update_contact_v2(UUID, &UpdateContactV2::new())
                .await
        },
    )
    .await;
    assert_eq!((result.id, result.rev), (30_010_001.into(), Some(2)));
    assert_eq!(result.uuid.as_deref(), Some(UUID));
    assert_eq!(result.contact_channels, None);
}

#[tokio::test]
async fn a_contact_id_is_one_segment_of_the_path_whatever_is_in_it() {
    let done: Acknowledgement = super::exchange(
        "DELETE /v2/contact/..%2F30010001%20%26x%3D1",
        "",
        "ok",
        |client| async move { client.delete_contact_v2("../30010001 &x=1").await },
    )
    .await;
    assert_eq!(done, Acknowledgement::Ok);
}

#[test]
fn contacts_that_worked_and_failed_may_each_be_missing() {
    let read = |body| serde_json::from_value::<UpsertContactsResult>(body).expect("a result");
    let none = read(json!({}));
    assert_eq!((none.contacts, none.failed_contacts), (None, None));
    let null = read(json!({ "contacts": null, "failed_contacts": [] }));
    assert_eq!((null.contacts, null.failed_contacts), (None, Some(vec![])));
    // What stands beside `contact` is not documented.
    let bare = read(json!({ "failed_contacts": [{ "contact": null, "reason": { "a": 1 } }] }));
    let failed = bare.failed_contacts.expect("failed contacts");
    assert_eq!((&failed[0].contact, &failed[0].error), (&None, &None));
    assert_eq!(failed[0].extra["reason"], json!({ "a": 1 }));
}
