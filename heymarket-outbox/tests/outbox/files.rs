use std::os::unix::fs::{MetadataExt as _, symlink};

use std::path::Path;
use std::time::Duration;

use heymarket_outbox::{ErrorKind, Event, Outbox, State};
use heymarket_sandbox::{Fault, Rule, Sandbox};

use crate::support::{Fixture, Place, batch, builder, recipients, run};

fn folder_of(fixture: &Fixture) -> &Path {
    match &fixture.place {
        Place::File(folder) => folder.path(),
        #[cfg(feature = "postgres")]
        Place::Database(_) => panic!("no file"),
    }
}

fn error_of(path: &Path) -> heymarket_outbox::Error {
    Outbox::open(path).expect_err("no outbox")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_are_the_users_alone() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(3)).await;
    fixture.run().await;
    for end in [
        "outbox.db",
        "outbox.db-wal",
        "outbox.db-shm",
        "outbox.db.lock",
    ] {
        let found = std::fs::metadata(folder_of(&fixture).join(end)).expect("a file");
        assert_eq!(found.mode() & 0o777, 0o600, "{end}");
    }
}

#[test]
fn links_and_what_is_no_file_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("target.db");
    drop(Outbox::open(&target).expect("an outbox"));
    let link = folder.path().join("link.db");
    symlink(&target, &link).expect("a link");
    assert!(error_of(&link).to_string().contains("symbolic link"));
    assert!(
        error_of(folder.path())
            .to_string()
            .contains("not a regular file")
    );
    let nowhere = folder.path().join("nowhere").join("outbox.db");
    assert_eq!(error_of(&nowhere).kind(), ErrorKind::Database);
}

#[test]
fn foreign_and_newer_files_are_left_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but some notes of mine ".repeat(100)).expect("a file");
    let before = std::fs::read(&text).expect("a file");
    assert!(error_of(&text).to_string().contains("not an outbox"));
    assert_eq!(std::fs::read(&text).expect("a file"), before);
    let newer = folder.path().join("newer.db");
    drop(Outbox::open(&newer).expect("an outbox"));
    let connection = rusqlite::Connection::open(&newer).expect("a database");
    connection
        .pragma_update(None, "user_version", 2)
        .expect("a version");
    drop(connection);
    assert!(error_of(&newer).to_string().contains("version 2"));
    let other = folder.path().join("other.db");
    let connection = rusqlite::Connection::open(&other).expect("a database");
    connection
        .execute_batch("CREATE TABLE a (b)")
        .expect("a table");
    drop(connection);
    assert!(error_of(&other).to_string().contains("another program"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_an_error_and_sends_nothing() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(2000)).await;
    let path = folder_of(&fixture).join("outbox.db");
    let folder = folder_of(&fixture).to_owned();
    drop(fixture.outbox);
    let whole = std::fs::read(&path).expect("a file");
    let mut refused = 0;
    for page in 1..whole.len() / 4096 {
        let mut damaged = whole.clone();
        // The head of a page says what is in it.
        damaged[page * 4096..page * 4096 + 16].fill(0xa5);
        let _ = std::fs::remove_file(folder.join("outbox.db-wal"));
        let _ = std::fs::remove_file(folder.join("outbox.db-shm"));
        std::fs::write(&path, &damaged).expect("a file");
        let error = match Outbox::open(&path) {
            Err(error) => Some(error),
            Ok(outbox) => run(&outbox, &fixture.client).await.1,
        };
        let error = error.expect("damage is found");
        assert_eq!(error.kind(), ErrorKind::Damaged, "page {page}: {error}");
        assert!(error.to_string().contains("nothing is sent"), "{error}");
        refused += 1;
    }
    assert!(refused > 50, "{refused} pages");
    assert!(crate::support::received(&fixture.sandbox).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_at_any_frame_of_the_log_is_survived() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(12)).await;
    let wal = folder_of(&fixture).join("outbox.db-wal");
    // The frames that were written before each message was known to be sent.
    let mut run = fixture.outbox.clone().concurrency(3).run(&fixture.client);
    let mut left = Vec::new();
    while let Some(event) = run.next().await {
        event.expect("an event");
        let length = std::fs::metadata(&wal).expect("a log").len();
        left.push((length, fixture.received()));
    }
    let (database, log) = (
        std::fs::read(fixture.place.name()).expect("a file"),
        std::fs::read(&wal).expect("a log"),
    );
    const HEADER: usize = 32;
    const FRAME: usize = 24 + 4096;
    let frames = (log.len() - HEADER) / FRAME;
    assert!(frames > 24, "{frames} frames");
    for cut in 0..=2 * frames {
        // At the end of a frame, and in the middle of one.
        let length = HEADER + cut * FRAME / 2;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("outbox.db");
        std::fs::write(&path, &database).expect("a file");
        std::fs::write(folder.path().join("outbox.db-wal"), &log[..length]).expect("a log");
        let outbox = match Outbox::open(&path) {
            Ok(outbox) => outbox,
            // Cut off before it was a database at all.
            Err(error) => panic!("{cut}: {error}"),
        };
        let Ok(report) = outbox.report("a").await else {
            continue;
        };
        let rows = report.collect().await.expect("rows");
        // Recipients that were texted by then are not planned.
        let texted = left
            .iter()
            .rfind(|(written, _)| *written as usize <= length);
        let Some((_, texted)) = texted else {
            continue;
        };
        for row in &rows {
            let was_texted = texted.contains_key(row.phone.as_ref().expect("a number"));
            assert!(
                !(was_texted && row.state == State::Planned),
                "cut {cut}: line {} is planned and was texted",
                row.line
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_runs_an_outbox() {
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(50);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(100)).await;
    let mut first = fixture.outbox.run(&fixture.client);
    first.next().await.expect("an event").expect("no error");
    let (events, error) = run(&fixture.open().await, &fixture.client).await;
    assert!(events.is_empty());
    let error = error.expect("in use");
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(
        error.to_string().contains("another process sends"),
        "{error}"
    );
    drop(first);
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.total(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_limit_of_the_run_before() {
    let fixture = Fixture::with(Sandbox::builder().empty().rate_limit(50)).await;
    fixture.plan(&batch("a"), recipients(90)).await;
    let limited = || {
        heymarket_api::Client::builder(fixture.sandbox.credentials())
            .base_url(fixture.sandbox.url())
            .rate_limit(heymarket_api::RateLimit::per_minute(50))
            .build()
            .expect("a client")
    };
    // The machine's own time: the sandbox counts by it.
    let outbox = fixture.open().await;
    let mut run = outbox.run(&limited());
    let mut sent = 0;
    while sent < 40 {
        if let Event::Sent(_) = run.next().await.expect("an event").expect("no error") {
            sent += 1;
        }
    }
    drop(run);
    let mut run = outbox.run(&limited());
    let rest = async {
        while let Some(event) = run.next().await {
            event.expect("an event");
        }
    };
    // It has some ten left, and then waits; a 429 would close the limit.
    let _ = tokio::time::timeout(Duration::from_secs(3), rest).await;
    let total: usize = fixture.received().values().sum();
    assert!((40..=50).contains(&total), "{total}");
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Refused), 0, "{counts}");
}
