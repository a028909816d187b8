//! Exports: whole, killed in the middle, and resumed.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::time::Duration;

use heymarket_sandbox::{Fault, Rule};
use serde_json::Value;

use crate::support::{Home, Live, Pty};

const KINDS: [(&str, &str); 3] = [
    ("conversations", "list_conversations"),
    ("messages", "list_team_messages"),
    ("contacts", "list_contacts"),
];

fn export<'a>(kind: &'a str, file: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    [&["export", kind, "--to", file], words].concat()
}

fn items(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the file");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The names of all files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn an_export_has_every_item_once_as_the_server_wrote_it() {
    let live = Live::start();
    let home = Home::of(&live);
    let state = live.sandbox().state().expect("the state");
    for (kind, operation) in KINDS {
        home.run(&export(kind, "all.jsonl", &["--force"])).done();
        let items = items(&home.path().join("all.jsonl"));
        let ids: HashSet<i64> = items
            .iter()
            .map(|item| item["id"].as_i64().expect("an id"))
            .collect();
        assert_eq!(ids.len(), items.len(), "{kind}");
        let there = count(&state, kind);
        assert_eq!(items.len(), there, "{kind}");
        assert_eq!(
            files(home.path()),
            ["all.jsonl"],
            "nothing is left beside it"
        );
        // As the first page has it, member for member.
        let words: Vec<&str> = match operation {
            "list_conversations" => {
                let body = r#"{"id":0,"filters":{"inboxes":[41001,41002,41003]}}"#;
                vec!["conversations", "list", "--body", body]
            }
            "list_team_messages" => vec![
                "messages",
                "list-team",
                "--created-at",
                "2030-01-01T00:00:00Z",
            ],
            _ => vec!["contacts", "list"],
        };
        let page: Vec<Value> = serde_json::from_str(&home.run(&words).done()).expect("JSON");
        assert!(!page.is_empty() && items.starts_with(&page), "{kind}");
    }
}

/// How many of a kind the sandbox holds.
fn count(state: &Value, kind: &str) -> usize {
    let table = &state["store"][kind];
    let table = if table.is_null() { &state[kind] } else { table };
    match table {
        Value::Array(rows) => rows.len(),
        Value::Object(rows) => rows.len(),
        _ => panic!(
            "no {kind} in {:?}",
            state.as_object().map(|it| it.keys().collect::<Vec<_>>())
        ),
    }
}

#[test]
fn an_export_survives_being_killed_byte_for_byte() {
    for (kind, operation) in KINDS {
        let live = Live::start();
        let home = Home::of(&live);
        let words = ["--page-size", "4"];
        home.run(&export(kind, "whole.jsonl", &words)).done();
        let rule = Rule::new(Fault::Delay).delay_ms(8).operation(operation);
        live.sandbox().add_rule(rule).expect("a rule");
        let (mut kills, mut resumed) = (0, 0);
        loop {
            assert!(kills < 400, "{kind}: no end");
            let mut command = home.command(&export(kind, "killed.jsonl", &words));
            let mut child = command
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("the binary");
            // At a different point each time, from the start-up on.
            std::thread::sleep(Duration::from_micros(20_000 + 7_919 * (kills % 23)));
            child.kill().expect("a kill");
            let output = child.wait_with_output().expect("an end");
            let said = String::from_utf8_lossy(&output.stderr);
            resumed += usize::from(said.contains("resuming after"));
            let has = |name: &str| home.path().join(name).exists();
            // It may be killed when all is done.
            if has("killed.jsonl") && !has("killed.jsonl.checkpoint") {
                break;
            }
            assert_eq!(output.status.signal(), Some(9), "{kind}: {said}");
            kills += 1;
        }
        assert!(
            kills >= 5 && resumed >= 3,
            "{kind}: {kills} kills, {resumed} times resumed"
        );
        let read = |name: &str| fs::read(home.path().join(name)).expect("the file");
        assert!(
            read("whole.jsonl") == read("killed.jsonl"),
            "{kind}: they differ"
        );
        assert_eq!(files(home.path()), ["killed.jsonl", "whole.jsonl"]);
    }
}

/// An export of contacts that was killed after some pages.
fn begun(live: &Live, home: &Home) {
    let rule = Rule::new(Fault::Delay)
        .delay_ms(40)
        .operation("list_contacts");
    live.sandbox().add_rule(rule).expect("a rule");
    let checkpoint = home.path().join("all.jsonl.checkpoint");
    let export = home.begin(&export("contacts", "all.jsonl", &["--page-size", "4"]));
    while !fs::read_to_string(&checkpoint).is_ok_and(|text| !text.contains("\"items\":0,")) {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(export);
    live.sandbox().clear_rules();
}

#[test]
fn what_was_written_after_the_checkpoint_is_cut_off() {
    let live = Live::start();
    let home = Home::of(&live);
    let words = export("contacts", "whole.jsonl", &["--page-size", "4"]);
    home.run(&words).done();
    begun(&live, &home);
    let partial = home.path().join("all.jsonl.partial");
    let mut text = fs::read(&partial).expect("the file");
    text.extend_from_slice(b"{\"id\":1,\"half a li");
    fs::write(&partial, text).expect("the file");
    fs::write(home.path().join("all.jsonl.checkpoint.new"), "{\"half").expect("a file");
    let outcome = home.run(&export("contacts", "all.jsonl", &["--page-size", "4"]));
    assert!(
        outcome.stderr.contains("resuming after"),
        "{}",
        outcome.stderr
    );
    outcome.done();
    let read = |name: &str| fs::read(home.path().join(name)).expect("the file");
    assert!(read("whole.jsonl") == read("all.jsonl"));
    assert_eq!(files(home.path()), ["all.jsonl", "whole.jsonl"]);
}

#[test]
fn an_export_that_lacks_only_its_name_gets_it() {
    let live = Live::start();
    let home = Home::of(&live);
    home.run(&export("contacts", "whole.jsonl", &[])).done();
    let whole = fs::read(home.path().join("whole.jsonl")).expect("the file");
    begun(&live, &home);
    let at = |name: &str| home.path().join(name);
    let text = fs::read(at("all.jsonl.checkpoint")).expect("a checkpoint");
    let mut saved: Value = serde_json::from_slice(&text).expect("JSON");
    saved["is_written"] = true.into();
    saved["bytes"] = whole.len().into();
    // Before the partial file was renamed, and after.
    for place in ["all.jsonl.partial", "all.jsonl"] {
        for name in ["all.jsonl", "all.jsonl.partial"] {
            let _ = fs::remove_file(at(name));
        }
        fs::write(at(place), &whole).expect("a file");
        fs::write(at("all.jsonl.checkpoint"), saved.to_string()).expect("a file");
        let outcome = home.run(&export("contacts", "all.jsonl", &[]));
        assert_eq!(outcome.code, Some(0), "{place}: {}", outcome.stderr);
        assert!(
            fs::read(at("all.jsonl")).expect("the file") == whole,
            "{place}"
        );
        assert_eq!(files(home.path()), ["all.jsonl", "whole.jsonl"], "{place}");
    }
}

#[test]
fn only_force_replaces_a_file_and_only_by_a_complete_one() {
    let live = Live::start();
    let home = Home::of(&live);
    let at = |name: &str| home.path().join(name);
    fs::write(at("all.jsonl"), "mine\n").expect("a file");
    let words = export("contacts", "all.jsonl", &[]);
    let refused = home.run(&words);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert_eq!(files(home.path()), ["all.jsonl"]);
    let force = export("contacts", "all.jsonl", &["--force"]);
    live.sandbox()
        .add_rule(
            Rule::new(Fault::Status)
                .status(403)
                .operation("list_contacts")
                .nth(2),
        )
        .expect("a rule");
    assert_eq!(home.run(&force).code, Some(4), "the second page failed");
    assert_eq!(
        fs::read_to_string(at("all.jsonl")).expect("the file"),
        "mine\n"
    );
    home.run(&words).done();
    assert_eq!(
        items(&at("all.jsonl")).len(),
        72,
        "the same command resumes there"
    );
    assert_eq!(files(home.path()), ["all.jsonl"]);
}

#[test]
fn what_is_not_the_same_export_is_not_gone_on_with() {
    let live = Live::start();
    let home = Home::of(&live);
    begun(&live, &home);
    let at = |name: &str| home.path().join(name);
    let before = files(home.path());
    for (kind, words, differing) in [
        ("messages", &["--page-size", "4"][..], "the kind contacts"),
        ("contacts", &[], "--page-size 4"),
        (
            "contacts",
            &["--page-size", "4", "--since", "2026-05-01T00:00:00Z"],
            "--since none",
        ),
    ] {
        let outcome = home.run(&export(kind, "all.jsonl", words));
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(differing), "{}", outcome.stderr);
    }
    let same = export("contacts", "all.jsonl", &["--page-size", "4"]);
    let checkpoint = fs::read(at("all.jsonl.checkpoint")).expect("a checkpoint");
    fs::write(at("all.jsonl.checkpoint"), "{\"version\":").expect("a file");
    let damaged = home.run(&same);
    assert_eq!(damaged.code, Some(1));
    assert!(
        damaged.stderr.contains("malformed in line 1"),
        "{}",
        damaged.stderr
    );
    fs::write(at("all.jsonl.checkpoint"), checkpoint).expect("a file");
    assert_eq!(files(home.path()), before);
    let partial = fs::read(at("all.jsonl.partial")).expect("the file");
    fs::write(at("all.jsonl.partial"), &partial[1..]).expect("a file");
    let changed = home.run(&same);
    assert_eq!(changed.code, Some(2), "{}", changed.stderr);
    fs::write(at("all.jsonl.partial"), &partial).expect("a file");
    home.run(&same).done();
    assert_eq!(items(&at("all.jsonl")).len(), 72);
}

#[test]
fn two_exports_do_not_write_to_one_file() {
    let live = Live::start();
    let home = Home::of(&live);
    let rule = Rule::new(Fault::Delay)
        .delay_ms(300)
        .operation("list_contacts");
    live.sandbox().add_rule(rule).expect("a rule");
    let words = export("contacts", "all.jsonl", &[]);
    let first = home.begin(&words);
    while !home.path().join("all.jsonl.checkpoint").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = home.run(&words);
    assert_eq!(second.code, Some(2), "{}", second.stderr);
    assert!(
        second.stderr.contains("another export"),
        "{}",
        second.stderr
    );
    first.end().done();
    assert_eq!(items(&home.path().join("all.jsonl")).len(), 72);
}

#[test]
fn nothing_older_than_since_is_exported() {
    let live = Live::start();
    let home = Home::of(&live);
    for (kind, member) in [
        ("conversations", "updated"),
        ("messages", "date"),
        ("contacts", "updated"),
    ] {
        home.run(&export(kind, "all.jsonl", &["--force"])).done();
        let all = items(&home.path().join("all.jsonl"));
        let time = |item: &Value| -> jiff::Timestamp {
            item[member]
                .as_str()
                .expect("a time")
                .parse()
                .expect("a time")
        };
        let since = time(&all[all.len() / 2]);
        let expected: Vec<Value> = all
            .iter()
            .filter(|item| time(item) >= since)
            .cloned()
            .collect();
        assert!(expected.len() < all.len(), "{kind}");
        let since = since.to_string();
        home.run(&export(kind, "new.jsonl", &["--force", "--since", &since]))
            .done();
        assert_eq!(items(&home.path().join("new.jsonl")), expected, "{kind}");
    }
}

#[test]
fn an_export_has_conversations_of_the_named_inboxes() {
    let live = Live::start();
    let home = Home::of(&live);
    home.run(&export("conversations", "all.jsonl", &[])).done();
    let words = ["--inbox", "41002", "--member", "50001"];
    home.run(&export("conversations", "some.jsonl", &words))
        .done();
    let all = items(&home.path().join("all.jsonl"));
    let some = items(&home.path().join("some.jsonl"));
    assert!(!some.is_empty() && some.len() < all.len());
    assert!(some.iter().all(|item| all.contains(item)));
    let wrong = home.run(&export("contacts", "x.jsonl", &["--inbox", "41002"]));
    assert_eq!(wrong.code, Some(2));
    assert_eq!(files(home.path()), ["all.jsonl", "some.jsonl"]);
}

#[test]
fn ctrl_c_leaves_what_the_same_command_goes_on_with() {
    let live = Live::start();
    let home = Home::of(&live);
    let rule = Rule::new(Fault::Delay)
        .delay_ms(100)
        .operation("list_contacts");
    live.sandbox().add_rule(rule).expect("a rule");
    let words = export("contacts", "all.jsonl", &["--page-size", "4"]);
    let running = home.begin(&words);
    let checkpoint = home.path().join("all.jsonl.checkpoint");
    while !fs::read_to_string(&checkpoint).is_ok_and(|text| !text.contains("\"items\":0,")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let outcome = running.interrupt();
    assert_eq!(outcome.code, Some(130));
    assert!(
        outcome.stderr.contains("the same command resumes there"),
        "{}",
        outcome.stderr
    );
    live.sandbox().clear_rules();
    home.run(&words).done();
    assert_eq!(items(&home.path().join("all.jsonl")).len(), 72);
}

#[test]
fn an_export_that_never_began_leaves_nothing() {
    let live = Live::start();
    let none = Home::new();
    let wrong = Home::of(&live).with("HEYMARKET_API_SECRET_KEY", "wrong");
    for home in [none, wrong] {
        let outcome = home.run(&export("conversations", "all.jsonl", &[]));
        assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
        assert_eq!(files(home.path()), Vec::<String>::new());
    }
}

#[test]
fn a_dry_run_of_an_export_writes_nothing() {
    let live = Live::start();
    let home = Home::of(&live);
    let shown = home
        .run(&export("contacts", "all.jsonl", &["--dry-run"]))
        .done();
    assert!(shown.contains("/v1/contacts"), "{shown}");
    assert_eq!(files(home.path()), Vec::<String>::new());
    assert_eq!(home.run(&export("contacts", "-", &[])).code, Some(2));
}

fn mode(path: &Path) -> u32 {
    let rights = fs::symlink_metadata(path).expect("a file").permissions();
    rights.mode() & 0o777
}

#[test]
fn what_an_export_writes_is_for_its_owner_only() {
    let live = Live::start();
    let home = Home::of(&live);
    let rule = Rule::new(Fault::Delay)
        .delay_ms(60)
        .operation("list_contacts");
    live.sandbox().add_rule(rule).expect("a rule");
    // Files that a program makes without thought are for everybody then.
    let mut command = home.program("/bin/sh");
    command.args([
        "-c",
        "umask 0; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_heymarket"),
    ]);
    command.args(export("contacts", "all.jsonl", &["--page-size", "4"]));
    let mut export = command.spawn().expect("the binary");
    let at = |name: &str| home.path().join(name);
    let mut seen = HashSet::new();
    while export.try_wait().expect("a status").is_none() {
        for name in files(home.path()) {
            // It may be renamed by now.
            if let Ok(rights) = fs::symlink_metadata(at(&name)) {
                assert_eq!(rights.permissions().mode() & 0o777, 0o600, "{name}");
                seen.insert(name);
            }
        }
    }
    assert!(
        seen.contains("all.jsonl.partial") && seen.contains("all.jsonl.checkpoint"),
        "{seen:?}"
    );
    assert_eq!(mode(&at("all.jsonl")), 0o600);
}

#[test]
fn a_partial_file_becomes_private() {
    let live = Live::start();
    let home = Home::of(&live);
    begun(&live, &home);
    let partial = home.path().join("all.jsonl.partial");
    fs::set_permissions(&partial, fs::Permissions::from_mode(0o644)).expect("rights");
    home.run(&export("contacts", "all.jsonl", &["--page-size", "4"]))
        .done();
    assert_eq!(mode(&home.path().join("all.jsonl")), 0o600);
}

#[test]
fn an_export_never_follows_a_symbolic_link() {
    let live = Live::start();
    for name in [
        "all.jsonl",
        "all.jsonl.partial",
        "all.jsonl.checkpoint",
        "all.jsonl.checkpoint.new",
    ] {
        for is_there in [true, false] {
            for words in [&[][..], &["--force"]] {
                let home = Home::of(&live);
                let victim = home.path().join("victim");
                if is_there {
                    fs::write(&victim, "").expect("a file");
                }
                std::os::unix::fs::symlink(&victim, home.path().join(name)).expect("a link");
                let outcome = home.run(&export("contacts", "all.jsonl", words));
                let what = format!("{name} {is_there} {words:?}: {}", outcome.stderr);
                // A file that is only ever replaced takes the place of the link.
                let code = if name.ends_with(".new") { 0 } else { 2 };
                assert_eq!(outcome.code, Some(code), "{what}");
                assert_eq!(
                    outcome.stderr.contains("is a symbolic link"),
                    code == 2,
                    "{what}"
                );
                assert_eq!(
                    fs::read_to_string(&victim).ok(),
                    is_there.then(String::new),
                    "{what}"
                );
                assert!(code == 0 || home.path().join(name).is_symlink(), "{what}");
            }
        }
    }
}

#[test]
fn an_export_writes_to_nothing_but_a_file() {
    let live = Live::start();
    let home = Home::of(&live);
    fs::create_dir(home.path().join("folder.partial")).expect("a folder");
    let fifo = home.path().join("pipe.partial");
    let status = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(status.expect("mkfifo").success());
    for name in ["folder", "pipe"] {
        let outcome = home.run(&export("contacts", name, &[]));
        assert_eq!(outcome.code, Some(2), "{name}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("is not a regular file"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_terminal_sees_how_far_an_export_is() {
    let live = Live::start();
    let home = Home::of(&live);
    let rule = Rule::new(Fault::Delay)
        .delay_ms(300)
        .operation("list_contacts");
    live.sandbox().add_rule(rule).expect("a rule");
    let variables = live.variables();
    let mut variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    variables.push(("HOME", "/nonexistent"));
    let file = home.path().join("all.jsonl");
    let words = export("contacts", file.to_str().expect("a path"), &[]);
    let pty = Pty::run_with(&variables, 100, &words);
    pty.wait_for("30 contacts");
    pty.wait_for("72 contacts");
    let (code, seen) = pty.end();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("wrote 72 contacts to "), "{seen}");
}
