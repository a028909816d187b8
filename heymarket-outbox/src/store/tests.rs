//! What both storages keep to.

use heymarket_api::types::{InboxId, MemberId};
use uuid::Uuid;

use super::{BatchState, NewBatch, NewRow, PlannedBatch, Store};
use crate::batch::Batch;
use crate::state::State;

/// Plans a batch of three recipients, and returns its key.
async fn plan(store: &dyn Store) -> i64 {
    let batch = Batch::new("a", InboxId(41001), MemberId(50001)).text("Hello");
    let checked = batch.check().expect("a batch");
    let plan = NewBatch {
        id: "a".to_owned(),
        settings: checked.settings,
        salt: [1; 16],
        now: 1,
    };
    let begun = store.begin_plan(plan).await.expect("a plan");
    let PlannedBatch::New(key) = begun else {
        panic!("it is there");
    };
    let row = |position: u64| NewRow {
        position,
        line: position,
        phone: format!("1555010{position:04}"),
        zone: 0,
        text: None,
        local_id: Uuid::new_v4(),
        hash: [2; 16],
        refusal: None,
    };
    let refusals = store.add(key, (1..=3).map(row).collect()).await;
    assert_eq!(refusals.expect("rows"), [None; 3]);
    store.end_plan(key, 3).await.expect("a whole plan");
    key
}

async fn a_whole_plan_is_not_dropped(store: &dyn Store) {
    let key = plan(store).await;
    // As by a process that did not hear that the plan was written.
    store.drop_plan(key).await.expect("no error");
    let counts = store.counts(key).await.expect("counts");
    assert_eq!(counts, [(State::Planned, None, 3)]);
    assert_eq!(store.batches().await.expect("batches").len(), 1);
}

async fn a_cancelled_batch_keeps_its_state(store: &dyn Store) {
    let key = plan(store).await;
    for (state, is_set) in [
        (BatchState::Paused, true),
        (BatchState::Ready, true),
        (BatchState::Cancelled, true),
        (BatchState::Cancelled, true),
        (BatchState::Paused, false),
        (BatchState::Ready, false),
    ] {
        let set = store.set_batch_state(key, state, 2).await;
        assert_eq!(set.expect("a state"), is_set, "{state:?}");
    }
    let batches = store.batches().await.expect("batches");
    assert_eq!(batches[0].state, BatchState::Cancelled);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::super::Sqlite;

    fn store() -> (Sqlite, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Sqlite::open(&folder.path().join("outbox.db"));
        (store.expect("a ledger"), folder)
    }

    #[tokio::test]
    async fn a_whole_plan_is_not_dropped() {
        super::a_whole_plan_is_not_dropped(&store().0).await;
    }

    #[tokio::test]
    async fn a_cancelled_batch_keeps_its_state() {
        super::a_cancelled_batch_keeps_its_state(&store().0).await;
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use heymarket_test_services::Database;

    use super::super::Postgres;

    async fn store() -> Option<(Postgres, Database)> {
        let database = heymarket_test_services::postgres()?;
        let store = Postgres::connect(&database.url()).await;
        Some((store.expect("a ledger"), database))
    }

    #[tokio::test]
    async fn a_whole_plan_is_not_dropped() {
        if let Some((store, _database)) = store().await {
            super::a_whole_plan_is_not_dropped(&store).await;
        }
    }

    #[tokio::test]
    async fn a_cancelled_batch_keeps_its_state() {
        if let Some((store, _database)) = store().await {
            super::a_cancelled_batch_keeps_its_state(&store).await;
        }
    }
}
