//! The inbox on every store.

use std::time::Duration;

use heymarket_stores::{ErrorKind, Inbox, Received};
use heymarket_test_services::{self as services, Database};
use tempfile::TempDir;

use crate::events::{SHORT, closed, event};

/// Where a test's inbox is.
enum Place {
    Folder(TempDir),
    Database(Database),
}

impl Place {
    fn sqlite() -> Option<Self> {
        Some(Self::Folder(tempfile::tempdir().expect("a folder")))
    }

    fn postgres() -> Option<Self> {
        services::postgres().map(Self::Database)
    }

    async fn inbox(&self) -> Inbox {
        let inbox = match self {
            Self::Folder(folder) => Inbox::open(folder.path().join("inbox.db")),
            Self::Database(database) => Inbox::connect(&database.url()).await,
        };
        inbox.expect("an inbox")
    }

    /// Changes all stored events.
    fn change(&self, change: &str) {
        match self {
            Self::Folder(folder) => {
                let file = rusqlite::Connection::open(folder.path().join("inbox.db"));
                let sql = format!("UPDATE inbox {change}");
                file.expect("a file").execute_batch(&sql).expect("a change");
            }
            Self::Database(database) => {
                let sql = format!("UPDATE heymarket_inbox {change}");
                database.execute(&sql).expect("a change");
            }
        }
    }
}

async fn an_event_is_handled_once(place: Option<Place>) {
    let Some(place) = place else { return };
    let (one, other) = (place.inbox().await, place.inbox().await);
    assert!(one.claim().await.expect("a store").is_none());
    assert_eq!(
        one.receive(&closed(1)).await.expect("a store"),
        Received::Stored
    );
    assert_eq!(
        other.receive(&closed(1)).await.expect("a store"),
        Received::Duplicate
    );
    assert_eq!(
        other.receive(&closed(2)).await.expect("a store"),
        Received::Stored
    );
    assert_eq!(one.waiting().await.expect("a store"), 2);

    let first = other.next().await.expect("a store");
    assert_eq!((first.event(), first.tries()), (&closed(1), 1));
    let second = one.next().await.expect("a store");
    assert_eq!(second.event(), &closed(2));
    assert!(one.claim().await.expect("a store").is_none());
    assert!(first.commit().await.expect("a store"));
    assert!(second.commit().await.expect("a store"));
    assert_eq!(one.waiting().await.expect("a store"), 0);
    assert_eq!(
        one.receive(&closed(1)).await.expect("a store"),
        Received::Duplicate
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_in_sqlite_is_handled_once() {
    an_event_is_handled_once(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_in_postgres_is_handled_once() {
    an_event_is_handled_once(Place::postgres()).await;
}

async fn a_lease_ends(place: Option<Place>) {
    let Some(place) = place else { return };
    let inbox = place.inbox().await.lease(SHORT);
    inbox.receive(&closed(1)).await.expect("a store");
    let late = inbox.next().await.expect("a store");
    let new = inbox.next().await.expect("a store");
    assert_eq!((new.id(), new.tries()), (late.id(), 2));
    assert!(
        !late.commit().await.expect("a store"),
        "another handler has it"
    );
    assert!(new.commit().await.expect("a store"));
    assert_eq!(inbox.waiting().await.expect("a store"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_in_sqlite_ends() {
    a_lease_ends(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_in_postgres_ends() {
    a_lease_ends(Place::postgres()).await;
}

async fn a_poison_event_is_set_aside(place: Option<Place>) {
    let Some(place) = place else { return };
    let inbox = place.inbox().await.most_tries(2).lease(SHORT);
    inbox.receive(&closed(1)).await.expect("a store");
    let delivery = inbox.next().await.expect("a store");
    let id = delivery.id();
    delivery.give_back().await.expect("a store");
    assert!(inbox.claim().await.expect("a store").is_none(), "it pauses");
    // The last try ends like that of a process that is killed.
    std::mem::forget(inbox.next().await.expect("a store"));
    tokio::time::sleep(SHORT).await;
    assert!(inbox.claim().await.expect("a store").is_none());
    let aside = inbox.set_aside().await.expect("a store");
    assert_eq!(aside.len(), 1);
    assert_eq!(
        (aside[0].id, aside[0].tries, &aside[0].event),
        (id, 2, &Some(closed(1)))
    );
    assert_eq!(inbox.waiting().await.expect("a store"), 0);

    assert!(inbox.retry(id).await.expect("a store"));
    assert_eq!(inbox.next().await.expect("a store").tries(), 1);
    // The first try was dropped, which gives it back; the second one does so itself.
    inbox
        .next()
        .await
        .expect("a store")
        .give_back()
        .await
        .expect("a store");
    assert_eq!(inbox.set_aside().await.expect("a store").len(), 1);
    assert!(inbox.discard(id).await.expect("a store"));
    assert!(!inbox.retry(id).await.expect("a store"));
    assert!(inbox.set_aside().await.expect("a store").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_in_sqlite_is_set_aside() {
    a_poison_event_is_set_aside(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_in_postgres_is_set_aside() {
    a_poison_event_is_set_aside(Place::postgres()).await;
}

async fn an_unreadable_event_holds_nothing_up(place: Option<Place>) {
    let Some(place) = place else { return };
    let inbox = place.inbox().await;
    inbox.receive(&closed(1)).await.expect("a store");
    // As another version would write it.
    place.change("SET event = '{\"type\":7}'");
    inbox.receive(&closed(2)).await.expect("a store");
    let delivery = inbox.next().await.expect("a store");
    assert_eq!(delivery.event(), &closed(2));
    assert!(delivery.commit().await.expect("a store"));
    // A handler of the other version may still take it.
    assert!(inbox.set_aside().await.expect("a store").is_empty());
    assert_eq!(inbox.waiting().await.expect("a store"), 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let last = inbox.clone().most_tries(2);
    assert!(last.claim().await.expect("a store").is_none());
    let aside = inbox.set_aside().await.expect("a store");
    assert_eq!((aside.len(), aside[0].tries), (1, 2));
    assert_eq!(aside[0].event, None);
    assert!(inbox.discard(aside[0].id).await.expect("a store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_in_sqlite_holds_nothing_up() {
    an_unreadable_event_holds_nothing_up(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_in_postgres_holds_nothing_up() {
    an_unreadable_event_holds_nothing_up(Place::postgres()).await;
}

/// Deliveries that arrive many times at once, in an order that could deadlock.
async fn many_receivers_store_each_event_once(place: Option<Place>) {
    let Some(place) = place else { return };
    let inboxes = [place.inbox().await, place.inbox().await];
    let receivers: Vec<_> = (0..200_u32)
        .map(|number| {
            let inbox = inboxes[number as usize % 2].clone();
            // Each sent message has a second key, of its status alone.
            let data = format!(
                r#"{{"id":{},"status":"sent","updated":"2026-11-01T10:00:0{}Z"}}"#,
                1 + number % 5,
                number / 5 % 4
            );
            tokio::spawn(async move {
                inbox
                    .receive(&event("message_sent", &data))
                    .await
                    .expect("a store")
            })
        })
        .collect();
    let mut stored = 0;
    for receiver in receivers {
        stored += u64::from(receiver.await.expect("no panic") == Received::Stored);
    }
    assert_eq!(stored, 20);
    assert_eq!(inboxes[0].waiting().await.expect("a store"), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_receivers_with_sqlite_store_each_event_once() {
    many_receivers_store_each_event_once(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_receivers_with_postgres_store_each_event_once() {
    many_receivers_store_each_event_once(Place::postgres()).await;
}

#[tokio::test]
async fn a_file_holds_no_token_and_is_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("inbox.db");
    let inbox = Inbox::open(&path).expect("an inbox");
    inbox
        .receive(&event("chat_closed", r#"{"id":1,"name":"marker"}"#))
        .await
        .expect("a store");
    let mut found = false;
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("its content");
        assert!(!bytes.windows(6).any(|part| part == b"secret"), "{path:?}");
        found |= bytes.windows(11).any(|part| part == b"chat_closed");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path)
                .expect("its mode")
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{path:?}");
        }
    }
    assert!(found, "the event is in the file");
}

#[test]
fn another_programs_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&path).expect("a file");
    other
        .execute_batch("CREATE TABLE mine (id)")
        .expect("a table");
    let error = Inbox::open(&path).expect_err("another program's");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("another program"), "{error}");
    let mode = other.pragma_query_value(None, "journal_mode", |row| row.get(0));
    assert_eq!(mode, Ok("delete".to_owned()), "it is left as it was");
    drop(Inbox::open(folder.path().join("new.db")).expect("an inbox"));
    let new = rusqlite::Connection::open(folder.path().join("new.db")).expect("a file");
    new.pragma_update(None, "user_version", 99)
        .expect("a version");
    let error = Inbox::open(folder.path().join("new.db")).expect_err("a newer version");
    assert_eq!(error.kind(), ErrorKind::TooNew);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_migrated_by_one_of_many_starts() {
    let Some(database) = services::postgres() else {
        return;
    };
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let url = database.url();
            tokio::spawn(async move { Inbox::connect(&url).await.map(drop) })
        })
        .collect();
    for start in starts {
        start.await.expect("no panic").expect("an inbox");
    }
    let newer = "UPDATE heymarket_stores SET version = 99";
    database.execute(newer).expect("an update");
    let error = Inbox::connect(&database.url())
        .await
        .expect_err("a newer version");
    assert_eq!(error.kind(), ErrorKind::TooNew);
    assert!(error.to_string().contains("version 99"), "{error}");
}
