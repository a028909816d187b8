//! Names in place of IDs, phone numbers, and texts from files.

use serde_json::json;

use crate::support::{Home, Live, Outcome};

fn dry_run(home: &Home, words: &[&str]) -> String {
    home.run(&[words, &["--dry-run"]].concat()).done()
}

fn send(home: &Home, more: &[&str]) -> Outcome {
    let words = ["messages", "send", "--text=Hi", "--dry-run"];
    home.run(&[&words, more].concat())
}

#[test]
fn a_name_stands_for_an_id() {
    let live = Live::start();
    let home = Home::of(&live);
    let text = dry_run(
        &home,
        &[
            "messages",
            "send",
            "--inbox=support",
            "--as=robin@example.com",
            "--list=First ten",
            "--template=Order ready",
            "--local-id=a",
        ],
    );
    let state = live.sandbox().state().expect("the state");
    assert!(text.contains("\"inbox_id\": 41001"), "{text}");
    assert!(text.contains("\"creator_id\": 50001"), "{text}");
    assert!(
        !text.contains("First ten") && !text.contains("Order ready"),
        "{text}"
    );
    assert!(state.is_object());
    // A positional as well.
    let tag: serde_json::Value =
        serde_json::from_str(&home.run(&["tags", "get", "vip"]).done()).expect("JSON");
    assert_eq!(tag["tag"], json!("vip"));
}

#[test]
fn an_unknown_name_lists_the_candidates() {
    let live = Live::start();
    let home = Home::of(&live);
    let outcome = send(&home, &["--inbox=Sales", "--as=50001", "--to=15550100101"]);
    assert_eq!(outcome.code, Some(2));
    for part in [
        "--inbox: \"Sales\" is not an inbox",
        "Support (",
        "Orders (",
        "list them with 'heymarket inboxes list'",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
}

#[test]
fn names_are_kept_for_a_day_in_a_private_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let live = Live::start();
    let home = Home::of(&live);
    let words = ["--inbox=Support", "--as=Robin Owner", "--to=15550100101"];
    send(&home, &words).done();
    let folder = home.config().parent().expect("a folder").to_owned();
    let kept: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("names-"))
        })
        .collect();
    let [path] = kept.as_slice() else {
        panic!("one file: {kept:?}");
    };
    let mode = std::fs::metadata(path)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // Without a server, the names are still known.
    drop(live);
    send(&home, &words).done();
    // A day later they are not.
    let text = std::fs::read_to_string(path).expect("the file");
    let mut old: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    old["kinds"]["inboxes"]["fetched"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(path, old.to_string()).expect("the file");
    assert_ne!(send(&home, &words).code, Some(0));
}

#[test]
fn a_new_name_is_found_although_names_are_kept() {
    let live = Live::start();
    let home = Home::of(&live);
    home.run(&["tags", "get", "vip"]).done();
    home.run(&["tags", "create", "--tag=urgent"]).done();
    let tag = home.run(&["tags", "get", "urgent"]).done();
    assert!(tag.contains("urgent"), "{tag}");
}

#[test]
fn a_default_completes_a_missing_flag_and_a_flag_wins() {
    let live = Live::start();
    let home = Home::of(&live);
    let outcome = send(&home, &["--to=15550100101"]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome
            .stderr
            .contains("missing required flags: --as, --inbox"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("example: heymarket messages send"),
        "{}",
        outcome.stderr
    );
    home.run(&["config", "set", "inbox", "Support"]).done();
    home.run(&["config", "set", "member", "robin@example.com"])
        .done();
    let text = send(&home, &["--to=15550100101"]).done();
    assert!(text.contains("\"inbox_id\": 41001"), "{text}");
    let text = send(&home, &["--to=15550100101", "--inbox=Orders"]).done();
    assert!(text.contains("\"inbox_id\": 41002"), "{text}");
    assert_eq!(home.run(&["config", "get", "inbox"]).done(), "Support\n");
    let listed = home
        .run(&["config", "list", "--jq=.[]|select(.value)|.key"])
        .done();
    assert_eq!(listed, "inbox\nmember\n");
    home.run(&["config", "unset", "inbox"]).done();
    assert_eq!(home.run(&["config", "get", "inbox"]).code, Some(1));
    assert_eq!(
        home.run(&["config", "set", "country", "Utopia"]).code,
        Some(2)
    );
    assert_eq!(home.run(&["config", "set", "colour", "red"]).code, Some(2));
}

#[test]
fn a_default_belongs_to_its_profile() {
    let home = Home::new();
    home.write_config("profile = \"work\"\n\n[profiles.work]\napi_key = \"a\"\n\n[profiles.home]\napi_key = \"b\"\n");
    home.run(&["config", "set", "inbox", "Support"]).done();
    assert_eq!(home.run(&["config", "get", "inbox"]).done(), "Support\n");
    assert_eq!(
        home.run(&["config", "get", "inbox", "--profile=home"]).code,
        Some(1)
    );
    let text = std::fs::read_to_string(home.config()).expect("the file");
    assert!(
        text.contains("[profiles.work.defaults]\ninbox = \"Support\""),
        "{text}"
    );
    home.run(&["config", "unset", "inbox"]).done();
    let text = std::fs::read_to_string(home.config()).expect("the file");
    assert!(!text.contains("defaults"), "{text}");
}

#[test]
fn a_phone_number_is_checked_before_anything_is_sent() {
    let live = Live::start();
    let home = Home::of(&live);
    let to = |phone: &str, more: &[&str]| {
        let flag = format!("--to={phone}");
        send(&home, &[&["--inbox=1", "--as=1", &flag], more].concat())
    };
    let text = to("+1 (555) 010-0101", &[]).done();
    assert!(text.contains("\"phone_number\": \"15550100101\""), "{text}");
    let text = to("(555) 010-0101", &["--country=US"]).done();
    assert!(text.contains("\"phone_number\": \"15550100101\""), "{text}");
    for phone in ["123", "1555010", "555-CALL", "155501001011111"] {
        let outcome = to(phone, &[]);
        assert_eq!(outcome.code, Some(2), "{phone}");
        let problem = format!("--to: {phone:?} is not a phone number");
        assert!(outcome.stderr.contains(&problem), "{}", outcome.stderr);
    }
    home.run(&["config", "set", "country", "us"]).done();
    let text = to("555-010-0101", &[]).done();
    assert!(text.contains("\"phone_number\": \"15550100101\""), "{text}");
}

#[test]
fn a_text_comes_from_standard_input_or_a_file() {
    let home = Home::new();
    std::fs::write(home.path().join("reply.txt"), "From\na file\n").expect("a file");
    let words = |text: &str| {
        vec![
            "messages".to_owned(),
            "send".to_owned(),
            "--inbox=1".to_owned(),
            "--as=1".to_owned(),
            "--to=15550100101".to_owned(),
            format!("--text={text}"),
            "--dry-run".to_owned(),
        ]
    };
    let run = |text: &str, input: &str| {
        let words = words(text);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        home.run_with_input(&words, input)
    };
    assert!(
        run("-", "From input\n")
            .done()
            .contains("\"text\": \"From input\"")
    );
    assert!(
        run("@reply.txt", "")
            .done()
            .contains("\"text\": \"From\\na file\"")
    );
    assert!(run("@@robin", "").done().contains("\"text\": \"@robin\""));
    let outcome = run("@missing.txt", "");
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("--text: cannot read missing.txt"),
        "{}",
        outcome.stderr
    );
    assert_eq!(run("-", "").code, Some(2));
}

#[test]
fn an_alias_runs_a_command() {
    let live = Live::start();
    let home = Home::of(&live);
    home.run(&["alias", "set", "box", "inboxes list --jq '.[] | .name'"])
        .done();
    assert!(home.run(&["box"]).done().starts_with("Support\n"));
    home.run(&["alias", "set", "chat", "conversations", "view", "$1"])
        .done();
    assert!(
        home.run(&["chat", "9920", "--jq=.[0].id|type"])
            .done()
            .starts_with("number")
    );
    let outcome = home.run(&["chat"]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("the alias needs argument 1"),
        "{}",
        outcome.stderr
    );
    for words in [
        &["alias", "set", "messages", "api"][..],
        &["alias", "set", "a b", "api"],
        &["alias", "set", "x", "nothing"],
        &["alias", "delete", "nothing"],
    ] {
        assert_eq!(home.run(words).code, Some(2), "{words:?}");
    }
    let listed = home.run(&["alias", "list", "--jq=.[].name"]).done();
    assert_eq!(listed, "box\nchat\n");
    home.run(&["alias", "delete", "box"]).done();
    assert_eq!(home.run(&["box"]).code, Some(2));
}

#[test]
fn a_token_is_printed_for_a_curl_line() {
    let live = Live::start();
    let home = Home::of(&live);
    let token = home.run(&["auth", "token"]).done();
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    let sandbox = home.run(&["auth", "token", "--sandbox"]).done();
    assert_eq!(sandbox.trim().split('.').count(), 3, "{sandbox}");
    // The sandbox accepts it from any program.
    let line = format!(
        "curl -sf -H 'Authorization: Bearer {}' {}/v1/team",
        token.trim(),
        live.url()
    );
    let outcome = crate::support::end(crate::support::piped(&mut home.shell(&line)), "");
    if outcome.code != Some(127) {
        assert!(outcome.done().contains("Invented Team"));
    }
}
