//! Completion of commands, flags and values.

use crate::support::{Home, Live, run};

/// What bash gets for these words, the last of which is being completed.
fn complete(home: &Home, words: &[&str]) -> Vec<String> {
    let output = home
        .program(env!("CARGO_BIN_EXE_heymarket"))
        .env("COMPLETE", "bash")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .args(["--", "heymarket"])
        .args(words)
        .output()
        .expect("the binary");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_gets_a_script_that_asks_the_binary() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(None, &["completions", shell]).done();
        assert!(
            script.contains("heymarket") && script.contains("COMPLETE"),
            "{shell}"
        );
    }
    assert_eq!(run(None, &["completions", "tcsh"]).code, Some(2));
}

#[test]
fn verbs_come_before_global_flags() {
    let home = Home::new();
    let found = complete(&home, &["conversations", ""]);
    assert!(found.contains(&"mark-read".to_owned()), "{found:?}");
    assert!(found.contains(&"view".to_owned()), "{found:?}");
    assert!(
        !found.iter().any(|found| found.starts_with('-')),
        "{found:?}"
    );
    let found = complete(&home, &["conversations", "--pro"]);
    assert_eq!(found, ["--profile"]);
    let found = complete(&home, &["mess"]);
    assert_eq!(found, ["messages"]);
}

#[test]
fn a_flag_completes_once_unless_it_repeats() {
    let home = Home::new();
    let once = complete(&home, &["messages", "send", "--text", "Hi", "--te"]);
    assert_eq!(once, ["--template"]);
    let again = complete(&home, &["lists", "create", "--phones", "1", "--pho"]);
    assert_eq!(again, ["--phones"]);
}

#[test]
fn values_complete_from_the_names_that_are_kept() {
    let live = Live::start();
    let home = Home::of(&live);
    let inbox = ["messages", "send", "--inbox", "S"];
    assert!(complete(&home, &inbox).is_empty(), "nothing is looked up");
    let names = [
        "messages",
        "send",
        "--inbox=Support",
        "--as=Robin Owner",
        "--to=15550100101",
        "--text=Hi",
        "--dry-run",
    ];
    home.run(&names).done();
    assert_eq!(complete(&home, &inbox), ["Support"]);
    assert_eq!(
        complete(&home, &["messages", "send", "--as", "robin"]),
        ["Robin\\ Owner"]
    );
    assert_eq!(
        complete(&home, &["messages", "send", "--inbox", "4100"]),
        ["41001", "41002", "41003"]
    );
    let statuses = complete(&home, &["contacts", "set-status", "--status", "un"]);
    assert_eq!(statuses, ["unblocked", "unsubscribed"]);
    assert_eq!(complete(&home, &["config", "set", "m"]), ["member"]);
    home.write_config("[profiles.work]\napi_key = \"a\"\n");
    assert_eq!(complete(&home, &["--profile", "w"]), ["work"]);
}
