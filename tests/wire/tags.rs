//! The requests and responses of the operations of tags.

use heymarket_api::types::{
    Acknowledgement, CreateTag, ListTags, Tag, UndocumentedResult, WriteResult,
};
use serde_json::json;

use crate::support::time;

super::wire_tests! {
    create_tag {
        call: |client| async move {
            client.create_tag(&CreateTag::new("Invented tag").color("#A1B2C3")).await
        },
        sends: ("POST /v1/tag", r##"{"color":"#A1B2C3","tag":"Invented tag"}"##),
        answers: r#"{"id": 5001, "rev": 1, "uuid": "c0c0a0a0-0000-4000-8000-000000000050"}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev), (5001, Some(1)));
            let uuid = "c0c0a0a0-0000-4000-8000-000000000050";
            assert_eq!(result.uuid.as_deref(), Some(uuid));
        },
    }
    delete_tag {
        call: |client| async move { client.delete_tag(5001).await },
        sends: ("DELETE /v1/tag/5001", ""),
        answers: "ok",
        reads: |result: UndocumentedResult| {
            assert_eq!(result.value(), "ok");
            assert_eq!(result.acknowledgement(), Some(Acknowledgement::Ok));
        },
    }
    get_tag {
        call: |client| async move { client.get_tag(5001).await },
        sends: ("GET /v1/tag/5001", ""),
        answers: r##"{
            "id": 5001, "tag": "Invented tag", "color": "#A1B2C3", "team_id": 6001, "rev": 2,
            "created": "2026-05-01T09:00:00Z", "updated": "2026-05-07T12:00:00.021Z"
        }"##,
        reads: |tag: Tag| {
            assert_eq!(tag.id, 5001);
            assert_eq!(tag.tag.as_deref(), Some("Invented tag"));
            assert_eq!(tag.color.as_deref(), Some("#A1B2C3"));
            assert_eq!(tag.team_id, Some(6001.into()));
            assert_eq!(tag.rev, Some(2));
            assert_eq!(tag.created, Some(time("2026-05-01T09:00:00Z")));
            assert_eq!(tag.updated, Some(time("2026-05-07T12:00:00.021Z")));
        },
    }
    list_tags {
        call: |client| async move {
            client.list_tags(&ListTags::new().date(time("2026-05-07T12:00:00+00:00"))).await
        },
        sends: ("POST /v1/tags", r#"{"date":"2026-05-07T12:00:00Z"}"#),
        answers: r#"[{"id": 5001, "tag": "One"}, {"id": 5002}]"#,
        reads: |tags: Vec<Tag>| {
            assert_eq!(tags.len(), 2);
            assert_eq!((tags[0].id, tags[0].tag.as_deref()), (5001.into(), Some("One")));
            assert_eq!(serde_json::to_value(&tags[1]).expect("JSON"), json!({ "id": 5002 }));
        },
    }
}

#[tokio::test]
async fn a_tag_needs_no_color() {
    let result: WriteResult = super::exchange(
        "POST /v1/tag",
        r#"{"tag":"Invented \"tag\""}"#,
        r#"{"id": 5003}"#,
        |client| async move { client.create_tag(&CreateTag::new("Invented \"tag\"")).await },
    )
    .await;
    assert_eq!((result.id, result.rev, result.uuid), (5003, None, None));
}
