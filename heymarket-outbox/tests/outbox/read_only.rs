//! Files and folders that are read-only. Root may write to them, so the test runs in a
//! process without its rights.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use heymarket_outbox::{Error, ErrorKind, Outbox, State};
use nix::unistd::Uid;

use crate::support::{FastClock, batch, builder, client, received, recipients, run};

/// The folder of the process without rights.
const FOLDER: &str = "OUTBOX_READ_ONLY";

/// A user and a group without files.
const UNPRIVILEGED: u32 = 65534;

/// Runs a test of this program, which is ignored otherwise, without the rights of
/// root.
fn without_rights(test: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this program");
    let mut command = if Uid::effective().is_root() {
        chown(folder.path(), Some(UNPRIVILEGED), Some(UNPRIVILEGED)).expect("an owner");
        let mut command = Command::new("setpriv");
        // By its descriptor: the folders above it may be root's alone.
        command
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg("/proc/self/fd/0")
            .stdin(File::open(program).expect("this program"));
        command
    } else {
        Command::new(program)
    };
    let output = command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .current_dir(folder.path())
        .output()
        .expect("setpriv of util-linux");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    assert!(printed.contains("1 passed"), "{printed}");
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// An error that says what failed, which file, and what to do.
fn assert_clear(error: &Error, path: &Path) {
    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&path.display().to_string()), "{text}");
    for expected in ["cannot be", "nothing is lost", "writable", "run it again"] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_read_only_ledger_is_a_clear_error_and_loses_nothing() {
    without_rights("read_only::a_ledger_without_rights");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is a process of another test"]
async fn a_ledger_without_rights() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let path = folder.join("outbox.db");
    let sandbox = builder().start().await.expect("a sandbox");
    let clock = FastClock::new("2026-07-01T16:00:00Z", 100);
    let client = client(sandbox.url(), clock);

    // A folder in which no ledger can be created.
    set_mode(folder, 0o500);
    assert_clear(&Outbox::open(&path).expect_err("a folder"), &path);
    set_mode(folder, 0o700);

    let outbox = Outbox::open(&path).expect("a ledger");
    outbox
        .plan(&batch("a"), recipients(5))
        .await
        .expect("a plan");
    drop(outbox);
    // A file, and a folder, that are read-only by the time of the run.
    set_mode(&path, 0o400);
    assert_clear(&Outbox::open(&path).expect_err("a file"), &path);
    set_mode(&path, 0o600);
    set_mode(folder, 0o500);
    assert_clear(&Outbox::open(&path).expect_err("a folder"), &path);
    set_mode(folder, 0o700);

    // A folder that becomes read-only while a program has the ledger.
    let outbox = Outbox::open(&path).expect("a ledger");
    set_mode(folder, 0o500);
    let (events, error) = run(&outbox, &client).await;
    let lock = folder.join("outbox.db.lock");
    assert_clear(&error.expect("no lock"), &lock);
    assert!(events.is_empty() && received(&sandbox).is_empty());
    // A plan needs no further file.
    outbox
        .plan(&batch("b"), recipients(5))
        .await
        .expect("a plan");
    set_mode(folder, 0o700);
    for id in ["a", "b"] {
        let counts = outbox.status(id).await.expect("a batch").counts;
        assert_eq!(counts.of(State::Planned), 5, "{counts}");
    }

    // A file that becomes read-only while a program has it stays open.
    set_mode(&path, 0o400);
    let (_, error) = run(&outbox, &client).await;
    assert!(error.is_none(), "{error:?}");
    drop(outbox);
    set_mode(&path, 0o600);
    let outbox = Outbox::open(&path).expect("a ledger");
    for id in ["a", "b"] {
        let counts = outbox.status(id).await.expect("a batch").counts;
        assert_eq!(counts.of(State::Sent), 5, "{counts}");
    }
    assert!(received(&sandbox).values().all(|count| *count == 2));
}
