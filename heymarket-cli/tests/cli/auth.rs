//! Profiles, and where credentials come from.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use heymarket_sandbox::{API_KEY, SECRET_ID, SECRET_KEY};
use serde_json::Value;

use crate::support::{Home, Live, Outcome, Pty, Server, end, piped};

const CANARY: &str = "canary-secret-3f9a";

fn json(outcome: Outcome) -> Value {
    serde_json::from_str(&outcome.done()).expect("JSON")
}

fn login(home: &Home, live: &Live, words: &[&str], secret: &str) -> Outcome {
    let fixed = ["auth", "login", "--with-secret", "--base-url", live.url()];
    home.run_with_input(&[&fixed[..], words].concat(), secret)
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// Whether a command gets to the sandbox.
fn works(home: &Home, words: &[&str]) -> bool {
    let list = ["inboxes", "list", "--jq", ".[0].id"];
    home.run(&[&list[..], words].concat()).stdout == "41001\n"
}

#[test]
fn a_login_lasts_until_the_logout() {
    let (live, home) = (Live::start(), Home::new());
    assert_eq!(home.run(&["auth", "status"]).code, Some(4));
    let secret = format!("{SECRET_ID}:{SECRET_KEY}\n");
    login(&home, &live, &[], &secret).done();
    assert!(works(&home, &[]));
    let status = json(home.run(&["auth", "status"]));
    assert_eq!(status["credentials"], "the profile default");
    assert_eq!(status["profiles"][0]["kind"], "API secret");
    assert_eq!(status["profiles"][0]["in_use"], true);

    let asked = home.run(&["auth", "logout"]);
    assert_eq!(asked.code, Some(2), "nobody can be asked: {}", asked.stderr);
    home.run(&["auth", "logout", "--yes"]).done();
    assert!(!works(&home, &[]));
    assert_eq!(home.run(&["auth", "status"]).code, Some(4));
}

#[test]
fn each_form_of_a_secret_is_taken() {
    let live = Live::start();
    for secret in [
        format!("{SECRET_ID}:{SECRET_KEY}"),
        format!(r#"{{"id": "{SECRET_ID}", "key": "{SECRET_KEY}"}}"#),
        API_KEY.to_owned(),
        format!(r#"{{"api_key": "{API_KEY}"}}"#),
    ] {
        let home = Home::new();
        login(&home, &live, &[], &secret).done();
        assert!(works(&home, &[]), "{secret}");
    }
    let outcome = login(&Home::new(), &live, &[], "two words");
    assert_eq!(outcome.code, Some(2));
}

#[test]
fn a_secret_that_the_api_refuses_is_not_kept() {
    let (live, home) = (Live::start(), Home::new());
    let secret = format!("{SECRET_ID}:{CANARY}");
    let outcome = login(&home, &live, &[], &secret);
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    assert!(!home.config().exists());
    login(&home, &live, &["--no-check"], &secret).done();
    assert!(home.config().exists(), "unless it was not to be tried");
}

#[test]
fn the_profile_in_use_can_be_switched_and_named() {
    let (live, home) = (Live::start(), Home::new());
    login(&home, &live, &["good"], API_KEY).done();
    login(&home, &live, &["bad", "--no-check"], CANARY).done();
    assert!(!works(&home, &[]), "the last one is in use");
    assert!(works(&home, &["--profile", "good"]));
    home.run(&["auth", "switch", "good"]).done();
    assert!(works(&home, &[]));
    let status = [
        "auth",
        "status",
        "--profile",
        "other",
        "--base-url",
        live.url(),
    ];
    assert_eq!(home.run(&status).code, Some(4), "it is not there");
    let unknown = home.run(&["auth", "switch", "other"]);
    assert_eq!(unknown.code, Some(4));
    assert!(
        unknown.stderr.contains("(profiles: bad, good)"),
        "{}",
        unknown.stderr
    );
    home.run(&["auth", "logout", "good", "--yes"]).done();
    let status = home.run(&["auth", "status"]);
    assert_eq!(status.code, Some(4), "none is in use: {}", status.stdout);
}

#[test]
fn credentials_have_a_precedence() {
    let (live, home) = (Live::start(), Home::new());
    login(&home, &live, &["good"], API_KEY).done();
    login(&home, &live, &["bad", "--no-check"], CANARY).done();
    let used = |home: &Home, words: &[&str]| {
        let status = json(home.run(&[&["auth", "status"], words].concat()));
        status["credentials"].as_str().expect("a text").to_owned()
    };
    assert_eq!(used(&home, &[]), "the profile bad");
    let home = home.with("HEYMARKET_PROFILE", "good");
    assert_eq!(used(&home, &[]), "the profile good");
    assert!(works(&home, &[]));
    let home = home.with("HEYMARKET_API_KEY", CANARY);
    assert_eq!(used(&home, &[]), "the environment");
    assert!(!works(&home, &[]));
    assert_eq!(used(&home, &["--profile", "bad"]), "the profile bad");
    let command = ["--secret-command", "echo sk_sandbox", "--profile", "bad"];
    assert_eq!(used(&home, &command), "the secret command");
    assert!(works(&home, &command), "at the server of the profile");
    assert_eq!(used(&home, &["--sandbox"]), "the sandbox");
}

#[test]
fn a_profiles_secret_goes_to_the_profiles_server_only() {
    let (live, other) = (Live::start(), Server::answering(200, "[]"));
    let home = Home::new();
    login(&home, &live, &["good"], API_KEY).done();
    let list = ["inboxes", "list"];
    let elsewhere = |words: &[&str]| {
        let mut command = home.command(words);
        command.env("HEYMARKET_BASE_URL", other.url());
        command
    };
    let ignored = "HEYMARKET_BASE_URL is ignored: the profile good is for";
    let named = ["inboxes", "list", "--profile", "good"];
    let secret = [
        "inboxes",
        "list",
        "--profile",
        "good",
        "--secret-command",
        "echo sk_sandbox",
    ];
    for mut command in [
        elsewhere(&list),
        elsewhere(&named),
        elsewhere(&secret),
        elsewhere(&["export", "contacts", "--to", "all.jsonl"]),
        elsewhere(&["doctor"]),
    ] {
        let outcome = end(piped(&mut command), "");
        assert_eq!(
            outcome.stderr.matches(ignored).count(),
            1,
            "{}",
            outcome.stderr
        );
        outcome.done();
    }
    let mut by_variable = elsewhere(&list);
    let outcome = end(piped(by_variable.env("HEYMARKET_PROFILE", "good")), "");
    assert!(outcome.stderr.contains(ignored), "{}", outcome.stderr);
    let shown = end(piped(&mut elsewhere(&["inboxes", "list", "--dry-run"])), "");
    assert!(shown.stderr.contains(ignored), "{}", shown.stderr);
    assert_eq!(shown.done(), format!("GET {}/v1/inboxes\n", live.url()));
    let status = end(piped(&mut elsewhere(&["auth", "status"])), "");
    assert!(status.stderr.contains(ignored), "{}", status.stderr);
    assert_eq!(json(status)["server"], live.url());
    assert_eq!(other.received().len(), 0, "no secret goes there");

    // Where it is named in the command, it is meant.
    let url = other.url();
    let outcome = home.run(&["inboxes", "list", "--base-url", &url]);
    assert_eq!(outcome.stderr, "");
    // Other credentials than a profile's go where the environment says.
    let mut environment = elsewhere(&list);
    end(piped(environment.env("HEYMARKET_API_KEY", CANARY)), "").done();
    end(
        piped(&mut elsewhere(&[
            "inboxes",
            "list",
            "--secret-command",
            "echo sk_1",
        ])),
        "",
    )
    .done();
    let secrets: Vec<_> = other
        .received()
        .iter()
        .map(|request| request.header("authorization").map(str::to_owned))
        .collect();
    let bearer = |secret: &str| Some(format!("Bearer {secret}"));
    assert_eq!(secrets, [bearer(API_KEY), bearer(CANARY), bearer("sk_1")]);
}

#[test]
fn a_login_tries_the_secret_at_the_profiles_server() {
    let (live, other) = (Live::start(), Server::answering(200, "[]"));
    let home = Home::new().with("HEYMARKET_BASE_URL", &other.url());
    let outcome = login(&home, &live, &[], API_KEY);
    assert!(!outcome.stderr.contains("ignored"), "{}", outcome.stderr);
    outcome.done();
    // Nothing answers there, on a machine without a network or with one.
    let words = ["auth", "login", "b", "--with-secret", "--no-check"];
    let outcome = home.run_with_input(&words, CANARY);
    assert!(
        outcome.stderr.contains("HEYMARKET_BASE_URL is ignored"),
        "{}",
        outcome.stderr
    );
    outcome.done();
    assert_eq!(other.received().len(), 0);
    let status = json(home.run(&["auth", "status"]));
    assert_eq!(status["server"], "https://api.heymarket.com");
}

#[test]
fn the_config_file_must_be_private() {
    let (live, home) = (Live::start(), Home::new());
    login(&home, &live, &[], API_KEY).done();
    let path = home.config();
    let folder = path.parent().expect("a folder");
    assert_eq!((mode(&path), mode(folder)), (0o600, 0o700));
    for (place, wrong, right) in [(path.as_path(), 0o640, 0o600), (folder, 0o770, 0o700)] {
        let set = |mode| fs::set_permissions(place, fs::Permissions::from_mode(mode));
        set(wrong).expect("rights");
        let outcome = home.run(&["inboxes", "list"]);
        assert_eq!(outcome.code, Some(4));
        let advice = format!("chmod {right:o} '{}'", place.display());
        assert!(outcome.stderr.contains(&advice), "{}", outcome.stderr);
        set(right).expect("rights");
        assert!(works(&home, &[]));
    }
}

#[test]
fn a_config_file_of_another_user_is_refused() {
    let (live, home) = (Live::start(), Home::new());
    login(&home, &live, &[], API_KEY).done();
    let path = home.config();
    let folder = path.parent().expect("a folder");
    let is_root = fs::metadata(&path).expect("a file").uid() == 0;
    if is_root {
        for place in [path.as_path(), folder] {
            chown(place, Some(12345), None).expect("root may give it away");
            assert_refused(&home, place);
            chown(place, Some(0), None).expect("and take it back");
            assert!(works(&home, &[]));
        }
    } else {
        // Others' files are only had by a link.
        fs::rename(&path, folder.join("mine")).expect("a file");
        std::os::unix::fs::symlink("/etc/passwd", &path).expect("a link");
        assert_refused(&home, &path);
    }
}

#[track_caller]
fn assert_refused(home: &Home, place: &std::path::Path) {
    for words in [
        &["inboxes", "list"][..],
        &["auth", "status"],
        &["auth", "logout", "--yes"],
    ] {
        let outcome = home.run(words);
        assert_eq!(outcome.code, Some(4), "{words:?}: {}", outcome.stderr);
        let said = format!("{} belongs to another user", place.display());
        assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
    }
}

#[test]
fn a_malformed_config_file_is_reported_and_kept() {
    let cases = [
        ("profile = \"a\"\nnot toml canary-secret-3f9a\n", ":2:"),
        ("[profiles.a]\napi_key = \"canary-secret-3f9a\n", ":2:"),
        (
            "[profiles.a]\napi_key = 'a'\nsecret_kye = \"canary-secret-3f9a\"\n",
            ":3:",
        ),
        ("[profiles.a]\nsecret_id = \"canary-secret-3f9a\"\n", ":1:"),
        ("\n[profiles.a]\napi_key = 1\n", ":3:"),
        ("profile = \"canary-secret-3f9a\"\n", ":1:"),
        (
            "[profiles.a]\napi_key = 'a'\napi_key = 'canary-secret-3f9a'\n",
            ":3:",
        ),
        ("canary-secret-3f9a = 1\n", ":1:"),
    ];
    for (text, line) in cases {
        let home = Home::new();
        home.write_config(text);
        for words in [
            &["inboxes", "list"][..],
            &["auth", "status"],
            &["auth", "switch", "a"],
            &["auth", "login", "b", "--with-secret", "--no-check"],
        ] {
            let outcome = home.run_with_input(words, "sk_1");
            assert_eq!(outcome.code, Some(1), "{text}: {}", outcome.stderr);
            assert!(outcome.stderr.contains(line), "{text}: {}", outcome.stderr);
            assert!(
                !outcome.stderr.contains(CANARY),
                "{text}: {}",
                outcome.stderr
            );
        }
        assert_eq!(fs::read_to_string(home.config()).expect("the file"), text);
    }
}

#[test]
fn changing_a_profile_keeps_comments_and_other_profiles() {
    let home = Home::new();
    let text = "# mine\nprofile = \"a\"\n\n[profiles.a] # the first\napi_key = \"k\"\n";
    home.write_config(text);
    let words = ["auth", "login", "b", "--with-secret", "--no-check"];
    home.run_with_input(&words, "id:key").done();
    let now = fs::read_to_string(home.config()).expect("the file");
    assert!(now.starts_with("# mine\nprofile = \"b\"\n"), "{now}");
    assert!(
        now.contains("[profiles.a] # the first\napi_key = \"k\"\n"),
        "{now}"
    );
    assert!(
        now.contains("secret_id = \"id\"\nsecret_key = \"key\"\n"),
        "{now}"
    );
    home.run(&["auth", "logout", "b", "--yes"]).done();
    let now = fs::read_to_string(home.config()).expect("the file");
    assert_eq!(now, text.replace("profile = \"a\"\n", ""));
}

#[test]
fn a_config_file_that_is_a_link_stays_one() {
    let home = Home::new();
    home.write_config("");
    let real = home.path().join("real.toml");
    fs::rename(home.config(), &real).expect("a file");
    std::os::unix::fs::symlink(&real, home.config()).expect("a link");
    let words = ["auth", "login", "--with-secret", "--no-check"];
    home.run_with_input(&words, "sk_1").done();
    assert!(home.config().is_symlink());
    assert!(fs::read_to_string(real).expect("the file").contains("sk_1"));
}

#[test]
fn the_file_is_where_the_platform_keeps_settings() {
    let home = Home::new();
    let elsewhere = home.path().join("xdg");
    let words = ["auth", "login", "--with-secret", "--no-check"];
    for (variable, file) in [
        (None, home.path().join(".config/heymarket/config.toml")),
        (Some(&elsewhere), elsewhere.join("heymarket/config.toml")),
    ] {
        let mut command = home.command(&words);
        command.env_remove("HEYMARKET_CONFIG_DIR");
        if let Some(folder) = variable {
            command.env("XDG_CONFIG_HOME", folder);
        }
        command.stdin(std::process::Stdio::piped());
        let mut child = command.spawn().expect("the binary");
        use std::io::Write as _;
        let mut stdin = child.stdin.take().expect("standard input");
        stdin.write_all(b"sk_1").expect("a pipe");
        drop(stdin);
        assert!(child.wait().expect("an end").success());
        assert_eq!(mode(&file), 0o600);
    }
}

#[test]
fn a_secret_command_is_never_quoted() {
    let (live, home) = (Live::start(), Home::new());
    let home = home.with("HEYMARKET_BASE_URL", live.url());
    let good = format!("printf '%s:%s\\n' {SECRET_ID} {SECRET_KEY}");
    assert!(works(&home, &["--secret-command", &good]));
    for command in [
        format!("echo {CANARY} and more"),
        format!("echo {CANARY}; exit 3"),
        format!("printf '\\377{CANARY}'"),
        format!("yes {CANARY}"),
        format!(": {CANARY}"),
        format!("{CANARY} 2>&-"),
    ] {
        let outcome = home.run(&["inboxes", "list", "--secret-command", &command]);
        assert_eq!(outcome.code, Some(4), "{command}: {}", outcome.stderr);
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!told.contains(CANARY), "{command}: {told}");
    }
    // Kept in a profile, it is run by each command, and told by none.
    let login = ["auth", "login", "vault", "--secret-command", &good];
    home.run(&[&login[..], &["--base-url", live.url()]].concat())
        .done();
    assert!(works(&home, &[]));
    let status = home.run(&["auth", "status"]);
    assert!(
        status.stdout.contains("secret command"),
        "{}",
        status.stdout
    );
    assert!(!format!("{status:?}").contains(SECRET_KEY));
}

#[test]
fn a_terminal_does_not_show_the_secret_that_is_typed() {
    let live = Live::start();
    let home = Home::new();
    let words = ["auth", "login", "--base-url", live.url()];
    let config = home.path().join("config");
    let config = config.to_str().expect("a path");
    let mut pty = Pty::run_with(&[("HEYMARKET_CONFIG_DIR", config)], 100, &words);
    for (question, answer) in [
        ("ID of the API secret:", SECRET_ID),
        ("Key of the API secret:", SECRET_KEY),
    ] {
        pty.wait_for(question);
        // Echo is switched off just after the question.
        std::thread::sleep(std::time::Duration::from_millis(300));
        pty.type_line(answer);
    }
    let (code, seen) = pty.end();
    assert_eq!(code, 0, "{seen}");
    assert!(
        !seen.contains(SECRET_ID) && !seen.contains(SECRET_KEY),
        "{seen}"
    );
    assert!(works(&home, &[]));
}

#[test]
fn no_command_shows_a_secret() {
    let (live, home) = (Live::start(), Home::new());
    let secret = format!("{SECRET_ID}:{CANARY}");
    login(&home, &live, &["--no-check"], &secret).done();
    let home = home.with("HEYMARKET_WEBHOOK_TOKEN", CANARY);
    let mut seen = String::new();
    for words in [
        "auth status",
        "auth status --format table",
        "auth status --debug",
        "auth switch default",
        "auth switch other",
        "auth login --with-secret --no-check --yes",
        "doctor",
        "doctor --format table --debug",
        "inboxes list --debug",
        "conversations get 9920 --curl",
        "conversations get 9920 --dry-run",
        "export contacts --to contacts.jsonl --debug",
        "export contacts --to contacts.jsonl --curl",
        "trigger message_sent --to http://127.0.0.1:1/",
        "trigger message_sent --to http://127.0.0.1:1/ --dry-run",
        "trigger message_sent --to http://127.0.0.1:1/ --curl",
        "trigger message_sent --to http://192.0.2.1/",
        "listen --port 0 --forward-to http://192.0.2.1/",
        "auth logout --yes",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let outcome = home.run_with_input(&words, &secret);
        seen.push_str(&format!("{words:?}: {outcome:?}\n"));
    }
    for entry in fs::read_dir(home.path().join("config")).expect("a folder") {
        seen.push_str(&format!("{entry:?}\n"));
    }
    let found = seen.lines().find(|line| line.contains(CANARY));
    assert_eq!(found, None);
    assert!(
        seen.contains("Nothing was saved") || seen.contains("failed checks"),
        "{seen}"
    );
}
