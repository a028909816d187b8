//! The requests and responses of the operations of templates.

use heymarket_api::types::{
    Acknowledgement, CreateTemplate, Gallery, ListTemplates, NewGalleryEntry, NewTemplateContent,
    Template, TemplateContent, UndocumentedResult, UpdateTemplate, WriteResult,
};
use serde_json::{Value, json};

use crate::support::time;

super::wire_tests! {
    create_template {
        call: |client| async move {
            let picture = NewGalleryEntry::new()
                .url("https://example.com/small.png")
                .original_url("https://example.com/large.png")
                .annotation_text("Invented words")
                .annotation_position("top");
            let content = NewTemplateContent::new("Hi {{first_name}}")
                .gallery([picture, NewGalleryEntry::new().url("https://example.com/two.png")]);
            let request = CreateTemplate::new("Invented template", content)
                .local_id("c0c0a0a0-0000-4000-8000-000000000005")
                .archived(false);
            client.create_template(&request).await
        },
        sends: (
            "POST /v1/template",
            r#"{"archived":false,"content":{"gallery":[{"annotation_position":"top","annotation_text":"Invented words","original_url":"https://example.com/large.png","url":"https://example.com/small.png"},{"url":"https://example.com/two.png"}],"text":"Hi {{first_name}}"},"local_id":"c0c0a0a0-0000-4000-8000-000000000005","title":"Invented template"}"#
        ),
        answers: r#"{"id": 7001, "rev": 1}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev, result.uuid), (7001, Some(1), None));
        },
    }
    delete_template {
        call: |client| async move { client.delete_template(7001).await },
        sends: ("DELETE /v1/template/7001", ""),
        answers: "\"ok\"",
        reads: |result: UndocumentedResult| {
            assert_eq!(result.value(), "ok");
            assert_eq!(result.acknowledgement(), Some(Acknowledgement::Ok));
        },
    }
    get_template {
        call: |client| async move { client.get_template(7001).await },
        sends: ("GET /v1/template/7001", ""),
        answers: r#"{
            "id": 7001, "name": "Invented template",
            "local_id": "c0c0a0a0-0000-4000-8000-000000000005",
            "content": {
                "text": "Hi {{first_name}}",
                "gallery": [{
                    "url": "https://example.com/small.png",
                    "original_url": "https://example.com/large.png",
                    "annotation_text": "Invented words", "annotation_position": "top"
                }]
            },
            "team_id": 6001, "creator_id": 50002, "shared": true, "archived": false,
            "op": "u", "rev": 2,
            "created": "2026-05-01T09:00:00Z", "updated": "2026-05-07T12:00:00.12345Z"
        }"#,
        reads: |template: Template| {
            assert_eq!(template.id, 7001);
            assert_eq!(template.name.as_deref(), Some("Invented template"));
            let local_id = "c0c0a0a0-0000-4000-8000-000000000005";
            assert_eq!(template.local_id.as_deref(), Some(local_id));
            let content = template.content.expect("content");
            assert_eq!(content.text.as_deref(), Some("Hi {{first_name}}"));
            let gallery = content.gallery.expect("a gallery");
            assert_eq!(gallery.len(), 1);
            assert_eq!(gallery[0].url.as_deref(), Some("https://example.com/small.png"));
            let original = "https://example.com/large.png";
            assert_eq!(gallery[0].original_url.as_deref(), Some(original));
            assert_eq!(gallery[0].annotation_text.as_deref(), Some("Invented words"));
            assert_eq!(gallery[0].annotation_position.as_deref(), Some("top"));
            assert_eq!(template.team_id, Some(6001.into()));
            assert_eq!(template.creator_id, Some(50002.into()));
            assert_eq!(template.shared, Some(true));
            assert_eq!(template.archived, Some(false));
            assert_eq!(template.op.as_deref(), Some("u"));
            assert_eq!(template.rev, Some(2));
            assert_eq!(template.created, Some(time("2026-05-01T09:00:00Z")));
            assert_eq!(template.updated, Some(time("2026-05-07T12:00:00.12345Z")));
        },
    }
    update_template {
        call: |client| async move {
            let content = NewTemplateContent::new("Line one\nline two\t{{last_name}}").gallery([]);
            let request = UpdateTemplate::new("Invented template", content)
                .local_id("c0c0a0a0-0000-4000-8000-000000000005")
                .archived(true);
            client.update_template(7001, &request).await
        },
        sends: (
            "PUT /v1/template/7001",
            r#"{"archived":true,"content":{"gallery":[],"text":"Line one\nline two\t{{last_name}}"},"local_id":"c0c0a0a0-0000-4000-8000-000000000005","title":"Invented template"}"#
        ),
        answers: r#"{"id": 7001, "rev": 3, "uuid": "c0c0a0a0-0000-4000-8000-000000000006"}"#,
        reads: |result: WriteResult| {
            assert_eq!((result.id, result.rev), (7001, Some(3)));
            let uuid = "c0c0a0a0-0000-4000-8000-000000000006";
            assert_eq!(result.uuid.as_deref(), Some(uuid));
        },
    }
    list_templates {
        call: |client| async move {
            let request = ListTemplates::new().date(time("2026-05-07T12:00:00.021Z"));
            client.list_templates(&request).await
        },
        sends: ("POST /v1/templates", r#"{"date":"2026-05-07T12:00:00.021Z"}"#),
        answers: r#"[
            {"id": 7001, "name": "One", "content": {"text": "Hello"}},
            {"id": 7002, "content": null}
        ]"#,
        reads: |templates: Vec<Template>| {
            assert_eq!(templates.len(), 2);
            assert_eq!((templates[0].id, templates[0].name.as_deref()), (7001.into(), Some("One")));
            let content = templates[0].content.as_ref().expect("content");
            assert_eq!(content.text.as_deref(), Some("Hello"));
            assert_eq!(content.gallery, None);
            assert_eq!((templates[1].id, &templates[1].content), (7002.into(), &None));
        },
    }
}

#[test]
fn a_gallery_is_an_array_an_object_a_string_or_null() {
    let gallery = |value: Value| {
        let body = json!({ "text": "Hello", "gallery": value });
        let content: TemplateContent = serde_json::from_value(body).expect("content");
        assert_eq!(content.text.as_deref(), Some("Hello"));
        content.gallery
    };
    let url = "https://example.com/one.png";
    let two = gallery(json!([{ "url": url }, { "annotation_text": "two" }])).expect("a gallery");
    assert_eq!((two.len(), two[0].url.as_deref()), (2, Some(url)));
    assert_eq!(two[1].annotation_text.as_deref(), Some("two"));
    let object = gallery(json!({ "url": url, "annotation_position": "top" }));
    let object = object.expect("a gallery");
    assert_eq!((object.len(), object[0].url.as_deref()), (1, Some(url)));
    assert_eq!(object[0].annotation_position.as_deref(), Some("top"));
    let string = gallery(json!(url)).expect("a gallery");
    assert_eq!((string.len(), string[0].url.as_deref()), (1, Some(url)));
    assert_eq!(string[0].original_url, None);
    for empty in [json!([]), json!({}), json!("")] {
        assert_eq!(gallery(empty.clone()), Some(Gallery(vec![])), "{empty}");
    }
    assert_eq!(gallery(json!(null)), None);
}

#[tokio::test]
async fn a_deletion_is_read_whatever_json_answers_it() {
    for (answer, value) in [
        ("\"ok\"", json!("ok")),
        ("ok", json!("ok")),
        (r#"{"id": 7001}"#, json!({ "id": 7001 })),
        ("null", json!(null)),
        ("true", json!(true)),
    ] {
        let result: UndocumentedResult = super::exchange(
            "DELETE /v1/template/7001",
            "",
            answer,
            |client| async move { client.delete_template(7001).await },
        )
        .await;
        assert_eq!(result.value(), &value, "{answer}");
        let acknowledgement = value.as_str().map(Acknowledgement::from);
        assert_eq!(result.acknowledgement(), acknowledgement);
    }
}
