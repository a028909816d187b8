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
    use std::time::Duration;

    use heymarket_test_services::Database;

    use super::super::{Attempt, Ending, Postgres, RunLock, Store as _, Verdict};
    use crate::state::State;

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

    /// Two workers of a batch of three.
    struct Workers {
        one: Postgres,
        other: Postgres,
        batch: i64,
        _locks: [RunLock; 2],
        database: Database,
    }

    async fn workers() -> Option<Workers> {
        let (one, database) = store().await?;
        let other = Postgres::connect(&database.url()).await.expect("a ledger");
        let lease = Duration::from_secs(30);
        Some(Workers {
            batch: super::plan(&one).await,
            _locks: [
                one.lock(lease).await.expect("a worker"),
                other.lock(lease).await.expect("a worker"),
            ],
            one,
            other,
            database,
        })
    }

    impl Workers {
        /// Returns the positions that a worker claims.
        async fn claim(&self, worker: &Postgres) -> Vec<u64> {
            let next = worker.next(self.batch, 0, 0, 10);
            let claimed = tokio::time::timeout(Duration::from_secs(10), next).await;
            let claimed = claimed.expect("a claim that does not wait");
            let claimed = claimed.expect("a claim").into_iter();
            claimed.map(|candidate| candidate.position).collect()
        }

        async fn attempt(&self, worker: &Postgres, position: u64) -> Verdict {
            let attempt = Attempt {
                batch: self.batch,
                position,
                body: [3; 16],
                now: 2,
                counts_until: 3,
            };
            worker.begin_attempt(attempt).await.expect("a verdict")
        }

        async fn end(&self, worker: &Postgres, position: u64, state: State) {
            let ending = Ending {
                batch: self.batch,
                position,
                state,
                reason: None,
                detail: None,
                message: None,
                conversation: None,
                now: 4,
                request: None,
                suppress: None,
            };
            worker.end_attempt(ending).await.expect("an end");
        }

        async fn state(&self, position: u64) -> State {
            let rows = self.one.rows(self.batch, position - 1, None, 1).await;
            rows.expect("rows")[0].state
        }
    }

    #[tokio::test]
    async fn a_claim_does_not_wait_for_what_another_is_claiming() {
        let Some(workers) = workers().await else {
            return;
        };
        let url = workers.database.url();
        let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        // Another worker is in the middle of its claim.
        let claiming = client.transaction().await.expect("a transaction");
        let lock = "SELECT FROM heymarket_outbox.recipients WHERE position = 1 FOR UPDATE";
        claiming.batch_execute(lock).await.expect("a lock");
        assert_eq!(workers.claim(&workers.one).await, [2, 3]);
        claiming.rollback().await.expect("a rollback");
        assert_eq!(workers.claim(&workers.other).await, [1]);
    }

    #[tokio::test]
    async fn a_worker_attempts_its_own_recipients_alone() {
        let Some(workers) = workers().await else {
            return;
        };
        let (one, other) = (&workers.one, &workers.other);
        assert_eq!(workers.claim(one).await, [1, 2, 3]);
        assert!(workers.claim(other).await.is_empty());
        assert_eq!(workers.attempt(other, 1).await, Verdict::Gone);
        assert_eq!(workers.attempt(one, 1).await, Verdict::Go(0));
        assert_eq!(workers.attempt(one, 1).await, Verdict::Gone);
        // The other was taken for dead, and its request was one more: only that it was
        // sent is a fact.
        for (state, expected) in [
            (State::Refused, State::Attempting),
            (State::Sent, State::Sent),
        ] {
            workers.end(other, 1, state).await;
            assert_eq!(workers.state(1).await, expected);
        }
        // Taken for dead: its lease ended.
        let end = "DELETE FROM heymarket_outbox.workers";
        workers.database.execute(end).expect("no worker");
        assert_eq!(workers.attempt(one, 2).await, Verdict::Hold);
    }
}
