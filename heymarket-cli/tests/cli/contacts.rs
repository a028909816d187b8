//! Finding, exporting and importing contacts.

use crate::support::{Home, Live};

fn write(home: &Home, name: &str, text: &str) {
    std::fs::write(home.path().join(name), text).expect("a file");
}

fn read(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path().join(name)).expect("a file")
}

#[test]
fn a_word_finds_contacts_in_any_case() {
    let live = Live::start();
    let home = Home::of(&live);
    let names = home
        .run(&["contacts", "find", "AVERY", "--jq=.[].first"])
        .done();
    assert!(names.lines().count() >= 2, "{names}");
    assert!(names.lines().all(|name| name == "Avery"), "{names}");
    let ids = home
        .run(&["contacts", "find", "555-010-0101", "--jq=.[].phone"])
        .done();
    assert_eq!(ids, "15550100101\n");
    let one = home
        .run(&["contacts", "find", "--phone=15550100101", "--jq=.phone"])
        .done();
    assert_eq!(one, "15550100101\n");
    assert_eq!(home.run(&["contacts", "find"]).code, Some(2));
}

#[test]
fn an_export_can_be_imported_again() {
    let live = Live::start();
    let home = Home::of(&live);
    let csv = home.run(&["contacts", "export"]).done();
    let header = csv.lines().next().expect("a header");
    assert_eq!(
        header,
        "id,phone,first,last,display_name,email,Order Number,Favourite Colour,Branch"
    );
    assert_eq!(csv.lines().count(), 73);
    write(&home, "contacts.csv", &csv);
    let other = Live::of(
        heymarket_sandbox::Sandbox::builder()
            .empty()
            .rate_limit(None),
    );
    let home = Home::of(&other);
    write(&home, "contacts.csv", &csv);
    // The other account has no such custom fields.
    let outcome = home.run(&["contacts", "import", "contacts.csv", "--yes"]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("no field for the columns"),
        "{}",
        outcome.stderr
    );
    let ignored = [
        "--map=Order Number=-",
        "--map=Favourite Colour=-",
        "--map=Branch=-",
    ];
    let words = [
        &["contacts", "import", "contacts.csv", "--yes", "--batch=20"],
        &ignored[..],
    ]
    .concat();
    let outcome = home.run(&words);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("imported 72 contacts"),
        "{}",
        outcome.stderr
    );
    let count = home.run(&["contacts", "list", "--all", "--jq=.id"]).done();
    assert_eq!(count.lines().count(), 72);
}

#[test]
fn a_title_of_a_custom_field_is_its_id_to_the_api() {
    let live = Live::start();
    let home = Home::of(&live);
    write(
        &home,
        "a.csv",
        "Phone,First,Order Number\n+1 555 010 0999,Ada,A-7\n",
    );
    home.run(&["contacts", "import", "a.csv", "--yes"]).done();
    let found = home
        .run(&[
            "contacts",
            "find",
            "--phone=15550100999",
            "--jq=.custom|tojson",
        ])
        .done();
    assert!(found.contains("A-7"), "{found}");
}

#[test]
fn a_dry_run_counts_and_sends_nothing() {
    let home = Home::new();
    write(
        &home,
        "a.csv",
        "phone,first\n15550100101,Ada\n123,Bo\n+1 555 010 0101,Cy\n",
    );
    let outcome = home.run(&["contacts", "import", "a.csv", "--dry-run"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for part in [
        "a.csv: 3 rows, 1 valid, 2 invalid or repeated",
        "line 3: \"123\" is not a phone number",
        "line 4: the phone number is that of line 2",
        "nothing was sent",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
}

#[test]
fn rows_that_fail_are_in_a_private_file_with_the_reason() {
    use std::os::unix::fs::PermissionsExt as _;
    let live = Live::start();
    let home = Home::of(&live);
    write(&home, "a.csv", "phone,first\n15550100999,Ada\n123,Bo\n");
    let outcome = home.run(&["contacts", "import", "a.csv", "--yes"]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("imported 1 contact"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome
            .stderr
            .contains("1 row was not imported; the reasons are in a.csv.failed.csv"),
        "{}",
        outcome.stderr
    );
    let failed = read(&home, "a.csv.failed.csv");
    assert!(
        failed.starts_with("phone,first,reason\n123,Bo,"),
        "{failed}"
    );
    let path = home.path().join("a.csv.failed.csv");
    let mode = std::fs::metadata(path)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!home.path().join("a.csv.import").exists(), "it is finished");
}

#[test]
fn an_interrupted_import_resumes_where_it_was() {
    use crate::support::Server;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let calls = std::sync::Arc::new(AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&calls);
    let server = Server::responding(move |_| {
        // The second batch fails once, with a permanent error.
        match counter.fetch_add(1, Ordering::SeqCst) {
            1 => (400, Vec::new(), r#"{"message":"no"}"#.to_owned()),
            _ => (200, Vec::new(), "\"ok\"".to_owned()),
        }
    });
    let home = Home::new()
        .with("HEYMARKET_API_KEY", "sk_canary_key")
        .with("HEYMARKET_BASE_URL", &server.url());
    let rows: String = (0..6).map(|n| format!("1555010010{n},N{n}\n")).collect();
    write(&home, "a.csv", &format!("phone,first\n{rows}"));
    let words = ["contacts", "import", "a.csv", "--yes", "--batch=2"];
    let outcome = home.run(&words);
    assert_ne!(outcome.code, Some(0));
    assert!(
        outcome.stderr.contains("2 contacts done so far"),
        "{}",
        outcome.stderr
    );
    let outcome = home.run(&words);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let sent: Vec<String> = server
        .received()
        .iter()
        .map(|request| {
            request.json()[0]["first"]
                .as_str()
                .expect("a name")
                .to_owned()
        })
        .collect();
    assert_eq!(sent, ["N0", "N2", "N2", "N4"]);
    // Another content is another import.
    let outcome = home.run(&words);
    assert_eq!(outcome.code, Some(0), "a finished import can be repeated");
}
