//! The requests and responses of the operations of lists.

use std::collections::BTreeMap;

use heymarket_api::types::{
    Acknowledgement, ContactId, CreateList, CreateListV1, DeletedList, List, ListLists, ListMember,
    ListType, UndocumentedResult, UpdateList, UpdateListV1, WriteResult,
};
use serde_json::json;

use crate::support::time;

super::wire_tests! {
    create_list {
        call: |client| async move {
            let request = CreateList::new("Invented list", "c0c0a0a0-0000-4000-8000-000000000030")
                .type_(ListType::Contacts)
                .contacts([30_010_001, 30_010_002])
                .phones(["+15550100101", "15550100102"])
                .emails(Vec::<String>::new());
            client.create_list(&request).await
        },
        sends: (
            "POST /v2/lists",
            r#"{"contacts":[30010001,30010002],"emails":[],"local_id":"c0c0a0a0-0000-4000-8000-000000000030","phones":["15550100101","15550100102"],"title":"Invented list","type":"contacts"}"#
        ),
        answers: r#"{"id": 2000001, "rev": 1, "uuid": "c0c0a0a0-0000-4000-8000-000000000031"}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev), (2_000_001, Some(1)));
            let uuid = "c0c0a0a0-0000-4000-8000-000000000031";
            assert_eq!(result.uuid.as_deref(), Some(uuid));
        },
    }
    delete_list {
        call: |client| async move { client.delete_list(2_000_001).await },
        sends: ("DELETE /v2/lists/2000001", ""),
        answers: r#"{"deleted": true, "id": 2000001}"#,
        reads: |deleted: DeletedList| {
            assert_eq!((deleted.id, deleted.deleted), (2_000_001.into(), Some(true)));
        },
    }
    update_list {
        call: |client| async move {
            let request = UpdateList::new()
                .title("Invented \"list\"")
                .contacts(Vec::<ContactId>::new())
                .add_contacts([30_010_001])
                .remove_contacts([30_010_002, 30_010_003])
                .phones(["+15550100101"])
                .add_phones(["+15550100102", "15550100103"])
                .remove_phones(Vec::<String>::new())
                .emails(["one@example.com"])
                .add_emails(["two@example.com"])
                .remove_emails(["three@example.com"]);
            client.update_list(2_000_001, &request).await
        },
        sends: (
            "PUT /v2/lists/2000001",
            r#"{"add_contacts":[30010001],"add_emails":["two@example.com"],"add_phones":["15550100102","15550100103"],"contacts":[],"emails":["one@example.com"],"phones":["15550100101"],"remove_contacts":[30010002,30010003],"remove_emails":["three@example.com"],"remove_phones":[],"title":"Invented \"list\""}"#
        ),
        answers: r#"{"id": 2000001, "rev": 2}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev), (2_000_001, Some(2)));
            assert_eq!(result.uuid, None);
        },
    }
    #[expect(deprecated, reason = "it can still be called")]
    create_list_v1 {
        call: |client| async move {
            let members: BTreeMap<String, ListMember> = [
                ("15550100102".to_owned(), ListMember::new()),
                ("15550100101".to_owned(), ListMember::new().f("Invented").l("Person")),
            ]
            .into();
            client.create_list_v1(&CreateListV1::new("Invented list").members(members)).await
        },
        sends: (
            "POST /v1/list",
            r#"{"members":{"15550100101":{"f":"Invented","l":"Person"},"15550100102":{}},"title":"Invented list"}"#
        ),
        answers: r#"{"id": 2000002, "rev": 1}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev, result.uuid), (2_000_002, Some(1), None));
        },
    }
    #[expect(deprecated, reason = "it can still be called")]
    delete_list_v1 {
        call: |client| async move { client.delete_list_v1(2_000_002).await },
        sends: ("DELETE /v1/list/2000002", ""),
        answers: "\"ok\"",
        reads: |result: UndocumentedResult| {
            assert_eq!(result.value(), "ok");
            assert_eq!(result.acknowledgement(), Some(Acknowledgement::Ok));
        },
    }
    get_list {
        call: |client| async move { client.get_list(2_000_001).await },
        sends: ("GET /v1/list/2000001", ""),
        answers: r#"{
            "id": 2000001, "name": "Invented list",
            "local_id": "c0c0a0a0-0000-4000-8000-000000000030",
            "targets": {"15550100101": {"f": "Invented", "l": "Person"}, "15550100102": {}},
            "team_id": 6001, "creator_id": 50002, "shared": true, "archived": false, "rev": 2,
            "created": "2026-05-01T09:00:00Z", "updated": "2026-05-07T12:00:00.021462Z"
        }"#,
        reads: |list: List| {
            assert_eq!(list.id, 2_000_001);
            assert_eq!(list.name.as_deref(), Some("Invented list"));
            let local_id = "c0c0a0a0-0000-4000-8000-000000000030";
            assert_eq!(list.local_id.as_deref(), Some(local_id));
            let targets = list.targets.expect("targets");
            assert_eq!(targets.len(), 2);
            assert_eq!(targets["15550100101"].f.as_deref(), Some("Invented"));
            assert_eq!(targets["15550100101"].l.as_deref(), Some("Person"));
            assert_eq!(targets["15550100102"].f, None);
            assert_eq!(targets["15550100102"].l, None);
            assert_eq!(list.team_id, Some(6001.into()));
            assert_eq!(list.creator_id, Some(50002.into()));
            assert_eq!(list.shared, Some(true));
            assert_eq!(list.archived, Some(false));
            assert_eq!(list.rev, Some(2));
            assert_eq!(list.created, Some(time("2026-05-01T09:00:00Z")));
            assert_eq!(list.updated, Some(time("2026-05-07T12:00:00.021462Z")));
        },
    }
    #[expect(deprecated, reason = "it can still be called")]
    update_list_v1 {
        call: |client| async move {
            let request = UpdateListV1::new("Invented list")
                .add_phone("+15550100101")
                .remove_phone("15550100102")
                .members(BTreeMap::<String, ListMember>::new());
            client.update_list_v1(2_000_002, &request).await
        },
        sends: (
            "PUT /v1/list/2000002",
            r#"{"add_phone":"15550100101","members":{},"remove_phone":"15550100102","title":"Invented list"}"#
        ),
        answers: r#"{"id": 2000002, "rev": 2}"#,
        reads: |result: UndocumentedResult| {
            assert_eq!(result.value(), &json!({ "id": 2_000_002, "rev": 2 }));
            assert_eq!(result.acknowledgement(), None);
        },
    }
    list_lists {
        call: |client| async move {
            let request = ListLists::new().date(time("2026-05-07T12:00:00.5Z"));
            client.list_lists(&request).await
        },
        sends: ("POST /v1/lists", r#"{"date":"2026-05-07T12:00:00.5Z"}"#),
        answers: r#"[{"id": 2000001, "name": "One", "targets": {}}, {"id": 2000002, "targets": null}]"#,
        reads: |lists: Vec<List>| {
            assert_eq!(lists.len(), 2);
            assert_eq!((lists[0].id, lists[0].name.as_deref()), (2_000_001.into(), Some("One")));
            assert_eq!(lists[0].targets, Some(BTreeMap::new()));
            assert_eq!((lists[1].id, lists[1].name.as_deref()), (2_000_002.into(), None));
            assert_eq!(lists[1].targets, None);
        },
    }
}

#[tokio::test]
async fn the_first_page_of_lists_is_asked_for_without_a_date() {
    let lists: Vec<List> = super::exchange("POST /v1/lists", "{}", "[]", |client| async move {
        client.list_lists(&ListLists::new()).await
    })
    .await;
    assert_eq!(lists, []);
}
