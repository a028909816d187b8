//! `heymarket api`.

use serde_json::json;

use crate::support::{Server, run, run_with_input};

fn server() -> Server {
    Server::answering(200, r#"{"id":9920,"status":"open"}"#)
}

#[test]
fn any_path_can_be_asked() {
    for words in [
        &["api", "/v9/news"][..],
        &["api", "GET", "v9/news"],
        &["api", "v9/news", "-X", "get"],
    ] {
        let server = server();
        let json = run(Some(&server), words).done();
        assert_eq!(json, "{\n  \"id\": 9920,\n  \"status\": \"open\"\n}\n");
        let received = server.only();
        assert_eq!(
            (received.method.as_str(), received.target.as_str()),
            ("GET", "/v9/news")
        );
        assert_eq!(
            received.header("authorization"),
            Some("Bearer sk_canary_key")
        );
    }
}

#[test]
fn fields_make_a_body_or_a_query() {
    let fields = [
        "-f",
        "a=1",
        "-F",
        "b=1",
        "-F",
        "c[d][]=true",
        "-H",
        "X-Trace: t1",
    ];
    let post = server();
    run(
        Some(&post),
        &[&["api", "/v9/news", "--yes"], &fields[..]].concat(),
    )
    .done();
    let received = post.only();
    assert_eq!(received.method, "POST");
    assert_eq!(
        received.json(),
        json!({"a": "1", "b": 1, "c": {"d": [true]}})
    );
    assert_eq!(received.header("x-trace"), Some("t1"));
    let get = server();
    run(
        Some(&get),
        &["api", "GET", "/v9/news?x=%20y", "-f", "a=b c", "-F", "n=2"],
    )
    .done();
    assert_eq!(get.only().target, "/v9/news?x=%20y&a=b%20c&n=2");
    assert_eq!(get.only().body, "");
}

#[test]
fn an_input_is_the_body_and_fields_go_to_the_query() {
    let server = server();
    let words = [
        "api",
        "PUT",
        "/v9/news",
        "--input",
        "-",
        "-f",
        "overwrite=true",
        "--yes",
    ];
    run_with_input(Some(&server), &words, r#"{"a":[1]}"#).done();
    let received = server.only();
    assert_eq!(received.target, "/v9/news?overwrite=true");
    assert_eq!(received.json(), json!({"a": [1]}));
}

#[test]
fn a_value_can_be_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text");
    std::fs::write(&file, "two\nlines").expect("a file");
    let server = server();
    let field = format!("text=@{}", file.display());
    run(Some(&server), &["api", "/v9/news", "-F", &field, "--yes"]).done();
    assert_eq!(server.only().json(), json!({"text": "two\nlines"}));
}

#[test]
fn what_reads_by_post_is_known_and_sent_again() {
    let server = Server::answering(503, "{}");
    let outcome = run(
        Some(&server),
        &["api", "POST", "/v1/contacts", "-F", "limit=5"],
    );
    assert_eq!(outcome.code, Some(1));
    assert_eq!(server.received().len(), 3);
    let server = Server::answering(503, "{}");
    let outcome = run(
        Some(&server),
        &["api", "POST", "/v9/news", "-F", "limit=5", "--yes"],
    );
    assert_eq!(outcome.code, Some(6));
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_refusal_is_shown_whole() {
    let server = Server::answering(404, r#"{"message":"none","detail":[1]}"#);
    let outcome = run(Some(&server), &["api", "/v9/news", "--include"]);
    assert_eq!(outcome.code, Some(3));
    assert!(
        outcome.stdout.starts_with("HTTP 404 Not Found\n"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("x-request-id: request-1\n"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome
            .stdout
            .ends_with("\n\n{\n  \"message\": \"none\",\n  \"detail\": [\n    1\n  ]\n}\n")
    );
}

#[test]
fn an_answer_that_is_no_json_is_written_as_it_is() {
    let server = Server::answering(200, "<b>hi</b>");
    assert_eq!(
        run(Some(&server), &["api", "/v9/page"]).done(),
        "<b>hi</b>\n"
    );
}

#[test]
fn pages_are_followed_where_they_are_known() {
    let pages = Server::responding(|request| {
        let page = request.json()["page"].as_u64().unwrap_or(1);
        let items = if page < 3 {
            format!(r#"[{{"id":{page},"new":true}}]"#)
        } else {
            "[]".to_owned()
        };
        (200, Vec::new(), items)
    });
    let text = run(Some(&pages), &["api", "POST", "/v1/surveys", "--paginate"]).done();
    assert_eq!(text, "{\"id\":1,\"new\":true}\n{\"id\":2,\"new\":true}\n");
    let outcome = run(Some(&pages), &["api", "/v9/news", "--paginate"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("no pages"), "{}", outcome.stderr);
}

#[test]
fn an_invalid_request_is_reported() {
    let cases: [(&[&str], &str); 5] = [
        (
            &["api", "https://example.com/v1"],
            "give a path instead of a URL",
        ),
        (&["api", "/v9/a b"], "white space"),
        (&["api", "/v9", "-f", "novalue"], "KEY=VALUE"),
        (&["api", "/v9", "-H", "canary"], "NAME:VALUE"),
        (&["api", "/v9", "-X", "TRACE"], "TRACE is not a method"),
    ];
    for (words, expected) in cases {
        let server = server();
        let outcome = run(Some(&server), words);
        assert_eq!(outcome.code, Some(2), "{words:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(expected),
            "{words:?}: {}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
        assert_eq!(server.received().len(), 0);
    }
}
