//! What a terminal shows, at 80 and 140 columns.
//!
//! The answers are fixed, so that the screens are. Times are older than a week, and
//! shown as dates.

use insta::assert_snapshot;

use crate::support::{Home, Pty, Received, Server};

const INBOXES: &str = r#"[{"id":41001,"name":"Support","phones":["15550108001"],"members":[50001,50002],"team":6001},{"id":41002,"name":"Orders","phones":["15550108002"],"members":[50001],"team":6001}]"#;
const TEAM: &str = r#"{"id":6001,"name":"Invented Team","members":[{"id":50001,"name":"Robin Owner","email":"robin@example.com"},{"id":50002,"name":"Sam Agent","email":"sam@example.com"}]}"#;
const CONVERSATIONS: &str = r#"[
{"id":9920,"status":"open","unread":true,"name":"Avery Example","target":"15550100101","assigned":50001,"inbox":41001,"last_msg":"Where is my order? I have been waiting for it since Monday, and nobody told me anything.","updated":"2026-05-01T12:00:00Z"},
{"id":9921,"status":"closed","unread":false,"name":"Blake Sample","target":"15550100102","assigned":0,"inbox":41002,"last_msg":"Thanks!","updated":"2026-04-30T08:30:00Z"},
{"id":9922,"status":"pending","unread":false,"name":"","target":"15550100103","assigned":{"id":50002,"name":"Sam Agent"},"inbox":{"id":41001,"name":"Support"},"last_msg":"日本語のメッセージ","updated":"2026-04-29T23:59:00Z"}]"#;
const CONVERSATION: &str = r#"{"id":9920,"status":"open","unread":true,"name":"Avery Example","target":"15550100101","assigned":50001,"inbox":41001}"#;
const MESSAGES: &str = r#"[
{"id":5,"date":"2026-05-02T08:01:00Z","status":"received","type":"text","user":0,"target":"15550100101","text":"Perfect, thank you!\nSee you.","media":"https://example.com/photo.jpg"},
{"id":4,"date":"2026-05-02T08:00:00Z","status":"failed","type":"text","user":50001,"target":"15550100101","text":"It leaves today.","raw_error":"carrier rejected"},
{"id":3,"date":"2026-05-01T12:06:00Z","status":"sent","type":"private","user":50002,"target":"15550100101","text":"Asked the warehouse, who said that the parcel is still in the queue and will leave tomorrow morning."},
{"id":2,"date":"2026-05-01T12:05:00Z","status":"delivered","type":"text","user":50001,"target":"15550100101","text":"Let me check."},
{"id":1,"date":"2026-05-01T12:00:00Z","status":"received","type":"text","user":0,"target":"15550100101","text":"Where is my order?"}]"#;
const CONTACTS: &str = r#"[{"id":1,"uuid":"5a9d0b0c-0000-4000-8000-00000000000a","display_name":"Avery Example","first":"Avery","last":"Example","phone":"15550100101","email":"avery.example@example.com","updated":"2026-05-01T12:00:00Z"}]"#;

/// An account whose answers are fixed.
fn account() -> Server {
    Server::responding(|request: &Received| {
        let path = request.target.split('?').next().unwrap_or_default();
        let is_first = !request.target.contains("timestamp=");
        let body = match (request.method.as_str(), path) {
            (_, "/v1/inboxes") => INBOXES,
            (_, "/v1/team") => TEAM,
            ("POST", "/v1/conversations") => CONVERSATIONS,
            (_, "/v1/conversations/9920") => CONVERSATION,
            (_, "/v1/messages") if is_first => MESSAGES,
            (_, "/v1/messages") => "[]",
            (_, "/v1/contacts") => CONTACTS,
            (_, "/v1/message/send") => r#"{"id":1}"#,
            (_, "/v1/contact/get") => {
                r#"{"id":1,"first":"Avery","last":"Example","phone":"15550100101"}"#
            }
            (_, "/v1/contact/1") => {
                r#"{"id":1,"display_name":"Avery Example","phone":"15550100101"}"#
            }
            (_, "/v1/list/7") => {
                r#"{"id":7,"name":"Spring","targets":{"15550100101":{"f":"Avery","l":"Example"},"15550100102":{"f":"Blake"}}}"#
            }
            (_, "/v1/template/9") => {
                r#"{"id":9,"name":"Hello","content":{"text":"Hi {{first_name}}, we are open."}}"#
            }
            _ => return (404, Vec::new(), r#"{"message":"nothing here"}"#.to_owned()),
        };
        (200, Vec::new(), body.to_owned())
    })
}

/// Runs the binary on a terminal, and returns what it shows.
fn screen(server: &Server, columns: u16, words: &[&str]) -> String {
    let (code, text) = terminal(server, columns, words, &[]).end();
    assert_eq!(code, 0, "{text}");
    text
}

fn terminal(server: &Server, columns: u16, words: &[&str], more: &[(&str, &str)]) -> Pty {
    let home = Home::new();
    let config = home.path().join("config");
    let url = server.url();
    let mut variables = vec![
        ("HOME", "/nonexistent"),
        ("TZ", "UTC"),
        ("NO_COLOR", "1"),
        ("PAGER", "cat"),
        ("HEYMARKET_API_KEY", "sk_canary_key"),
        ("HEYMARKET_BASE_URL", url.as_str()),
        ("HEYMARKET_CONFIG_DIR", config.to_str().expect("a path")),
    ];
    variables.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    variables.extend(more);
    Pty::run_with(&variables, columns, words)
}

const LIST: [&str; 4] = ["conversations", "list", "--inbox=41001", "--member=50001"];

#[test]
fn conversations_fit_the_terminal() {
    for columns in [80, 140] {
        let text = screen(&account(), columns, &LIST);
        assert_snapshot!(format!("conversations-{columns}"), text);
        for phone in ["15550100101", "15550100102", "15550100103"] {
            assert!(text.contains(phone), "{text}");
        }
    }
}

#[test]
fn a_conversation_reads_as_a_chat() {
    for columns in [80, 140] {
        let words = ["conversations", "view", "9920"];
        assert_snapshot!(
            format!("view-{columns}"),
            screen(&account(), columns, &words)
        );
    }
}

#[test]
fn one_object_has_a_line_for_each_member() {
    for columns in [80, 140] {
        let words = ["conversations", "get", "9920"];
        assert_snapshot!(
            format!("record-{columns}"),
            screen(&account(), columns, &words)
        );
    }
}

#[test]
fn columns_can_be_chosen_sorted_and_widened() {
    let server = account();
    let chosen = ["--columns=id,assigned.name,last_msg", "--sort=-id"];
    let text = screen(&server, 80, &[&LIST[..], &chosen].concat());
    assert_snapshot!("columns", text);
    let text = screen(&server, 80, &[&LIST[..], &["--wide", "--utc"]].concat());
    assert!(text.contains("nobody told me anything."), "{text}");
    assert!(text.contains("2026-05-01 12:00:00Z"), "{text}");
    let text = screen(
        &server,
        80,
        &[&LIST[..], &["--render={{ name }} in {{ inbox.name }}"]].concat(),
    );
    assert!(
        text.starts_with("Avery Example in Support\nBlake Sample in Orders\n"),
        "{text}"
    );
}

#[test]
fn contacts_and_inboxes_fit_the_terminal() {
    for columns in [80, 140] {
        let server = account();
        assert_snapshot!(
            format!("contacts-{columns}"),
            screen(&server, columns, &["contacts", "list"])
        );
        assert_snapshot!(
            format!("inboxes-{columns}"),
            screen(&server, columns, &["inboxes", "list"])
        );
    }
}

#[test]
fn colors_follow_the_flag_and_the_environment() {
    let shown = |more: &[&str], variables: &[(&str, &str)]| {
        let words = [&LIST[..], more].concat();
        let (_, text) = terminal(&account(), 80, &words, variables).end();
        text.contains('\u{1b}')
    };
    assert!(!shown(&[], &[("NO_COLOR", "1")]));
    assert!(shown(&[], &[("NO_COLOR", "")]));
    assert!(!shown(&["--color=never"], &[("NO_COLOR", "")]));
    assert!(shown(&["--color=always"], &[("NO_COLOR", "1")]));
    assert!(!shown(&[], &[("NO_COLOR", ""), ("TERM", "dumb")]));
    let words = ["conversations", "get", "1", "--color=always"];
    let (code, text) = terminal(&account(), 80, &words, &[]).end();
    assert_eq!(code, 3);
    assert!(text.contains("\u{1b}[31mheymarket\u{1b}[0m: "), "{text:?}");
}

#[test]
fn a_message_is_confirmed_in_words() {
    let words = [
        "messages",
        "send",
        "--inbox=41001",
        "--as=50001",
        "--list=7",
        "--template=9",
        "--local-id=a",
    ];
    let server = account();
    let mut pty = terminal(&server, 100, &words, &[]);
    pty.wait_for("[y/N]");
    pty.type_line("n");
    let (code, text) = pty.end();
    assert_eq!(code, 1);
    for part in [
        "  Hi Avery, we are open.",
        "Send to 2 people in list \"Spring\" from Support as Robin Owner? [y/N]",
        "declined; nothing was sent",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        server
            .received()
            .iter()
            .all(|request| request.target != "/v1/message/send")
    );
}

#[test]
fn a_deletion_names_what_is_deleted() {
    let mut pty = terminal(&account(), 100, &["contacts", "delete", "1"], &[]);
    pty.wait_for("[y/N]");
    pty.type_line("");
    let (_, text) = pty.end();
    assert!(
        text.contains(
            "Delete a contact: Avery Example (15550100101)? This cannot be undone. [y/N]"
        ),
        "{text}"
    );
}

#[test]
fn missing_values_are_asked_for_with_a_picker() {
    let server = account();
    let words = ["messages", "send", "--to=15550100101"];
    let mut pty = terminal(&server, 100, &words, &[]);
    pty.wait_for("Robin Owner");
    // Picks the second member.
    pty.type_keys("\u{1b}[B\r");
    pty.wait_for("Orders");
    pty.type_keys("\r");
    pty.wait_for("[y/N]");
    pty.type_line("y");
    let (code, text) = pty.end();
    assert_eq!(code, 0, "{text}");
    let sent = server.received();
    let sent = sent
        .iter()
        .find(|request| request.target == "/v1/message/send")
        .expect("a message");
    assert_eq!(sent.json()["creator_id"], 50002);
    assert_eq!(sent.json()["inbox_id"], 41001);
}

#[test]
fn ctrl_c_at_a_question_exits_with_130() {
    let words = [
        "messages",
        "send",
        "--inbox=41001",
        "--as=50001",
        "--to=15550100101",
        "--text=Hi",
    ];
    let server = account();
    let mut pty = terminal(&server, 100, &words, &[]);
    pty.wait_for("[y/N]");
    pty.type_keys("\u{3}");
    let (code, text) = pty.end();
    assert_eq!(code, 130, "{text}");
    assert!(text.contains("interrupted"), "{text}");
    assert!(
        server
            .received()
            .iter()
            .all(|request| request.target != "/v1/message/send")
    );
}

#[test]
fn a_full_page_says_how_to_get_the_rest() {
    let contacts: Vec<_> = (1..=50)
        .map(|id| serde_json::json!({"id": id, "phone": format!("1555010{id:04}")}))
        .collect();
    let body = serde_json::json!(contacts).to_string();
    let server = Server::responding(move |request| {
        let body = match request.target.as_str() {
            "/v1/contacts/count" => "93".to_owned(),
            _ => body.clone(),
        };
        (200, Vec::new(), body)
    });
    let text = screen(&server, 80, &["contacts", "list", "--limit=50"]);
    assert!(text.ends_with("43 more: --all\n"), "{text}");
    let text = screen(&server, 80, &["contacts", "list", "--limit=51"]);
    assert!(!text.contains("--all"), "{text}");
}

#[test]
fn long_output_goes_through_the_pager() {
    let contacts: Vec<_> = (1..=60)
        .map(|id| serde_json::json!({"id": id, "phone": format!("1555010{id:04}")}))
        .collect();
    let server = Server::answering(200, &serde_json::json!(contacts).to_string());
    let words = ["contacts", "list", "--limit=1000"];
    let (code, text) = terminal(&server, 80, &words, &[("PAGER", "sed s/^/paged:/")]).end();
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("paged:"), "{text}");
    let short = Server::answering(200, CONTACTS);
    let (_, text) = terminal(&short, 80, &words, &[("PAGER", "sed s/^/paged:/")]).end();
    assert!(!text.contains("paged:"), "{text}");
    let (_, text) = terminal(&server, 80, &words, &[("PAGER", "/nonexistent/pager")]).end();
    assert!(
        text.contains("15550100060"),
        "without a pager it is printed: {text}"
    );
}
