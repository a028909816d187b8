//! A store of seen events as in SQL, and the contract of every store.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heymarket_api::Clock as _;
use heymarket_api::webhook::ClaimOutcome::{self, Claimed, Committed, InProgress};
use heymarket_api::webhook::{EventKey, SeenEvents};
use serde_json::{Value, json};

use super::{delivery, in_memory, verify};
use crate::support::JumpingClock;

const LEASE: Duration = Duration::from_secs(60);
const MEMORY: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);

/// A store as in SQL: rows in a table, and each method a transaction that takes a
/// while and may fail.
#[derive(Clone)]
pub(super) struct TableStore {
    table: Arc<Mutex<Table>>,
    clock: JumpingClock,
}

#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    last_token: i64,
    failures: Option<fastrand::Rng>,
}

struct Row {
    key: EventKey,
    token: i64,
    is_committed: bool,
    end: Duration,
}

/// The store failed. The transaction may have gone through.
#[derive(Debug)]
pub(super) struct StoreError;

impl TableStore {
    pub(super) fn new(clock: &JumpingClock) -> Self {
        Self {
            table: Arc::default(),
            clock: clock.clone(),
        }
    }

    /// Fails one transaction in twenty, half of them after it went through.
    pub(super) fn failing(self, seed: u64) -> Self {
        self.table.lock().expect("the table").failures = Some(fastrand::Rng::with_seed(seed));
        self
    }

    pub(super) fn keys(&self) -> Vec<String> {
        let table = self.table.lock().expect("the table");
        let keys = table.rows.iter().map(|row| row.key.as_str().to_owned());
        keys.collect()
    }

    async fn transaction<T>(
        &self,
        run: impl FnOnce(&mut Table, Duration) -> T,
    ) -> Result<T, StoreError> {
        tokio::task::yield_now().await;
        let outcome = {
            let mut table = self.table.lock().expect("the table");
            if table.fails() {
                return Err(StoreError);
            }
            let outcome = run(&mut table, self.clock.elapsed());
            if table.fails() {
                return Err(StoreError);
            }
            outcome
        };
        tokio::task::yield_now().await;
        Ok(outcome)
    }
}

impl Table {
    fn fails(&mut self) -> bool {
        let failures = self.failures.as_mut();
        failures.is_some_and(|random| random.u8(0..40) == 0)
    }

    fn claim(&mut self, key: &EventKey, now: Duration, lease: Duration) -> ClaimOutcome {
        match self.rows.iter().find(|row| row.key == *key) {
            Some(row) if row.end > now && row.is_committed => return Committed,
            Some(row) if row.end > now => return InProgress,
            _ => {}
        }
        self.rows.retain(|row| {
            let is_superseded =
                row.key.subject() == key.subject() && row.key.state() != key.state();
            row.key != *key && !is_superseded
        });
        self.last_token += 1;
        self.rows.push(Row {
            key: key.clone(),
            token: self.last_token,
            is_committed: false,
            end: now + lease,
        });
        let token = self.last_token;
        Claimed { token }
    }
}

impl SeenEvents for TableStore {
    type Error = StoreError;

    async fn claim(&self, key: &EventKey, lease: Duration) -> Result<ClaimOutcome, StoreError> {
        self.transaction(|table, now| table.claim(key, now, lease))
            .await
    }

    async fn commit(
        &self,
        key: &EventKey,
        token: i64,
        memory: Duration,
    ) -> Result<bool, StoreError> {
        self.transaction(|table, now| {
            let mut rows = table.rows.iter_mut();
            let row = rows.find(|row| row.key == *key && row.token == token);
            row.map(|row| {
                row.is_committed = true;
                row.end = now + memory;
            })
            .is_some()
        })
        .await
    }

    async fn release(&self, key: &EventKey, token: i64) -> Result<(), StoreError> {
        self.transaction(|table, _| {
            let is_it = |row: &Row| row.key == *key && row.token == token && !row.is_committed;
            table.rows.retain(|row| !is_it(row));
        })
        .await
    }
}

/// A store under test, and its clock.
struct Tested<S> {
    store: Arc<S>,
    clock: JumpingClock,
}

impl<S: SeenEvents<Error: Debug>> Tested<S> {
    async fn claim(&self, key: &EventKey) -> ClaimOutcome {
        self.store.claim(key, LEASE).await.expect("a store")
    }

    async fn claimed(&self, key: &EventKey) -> i64 {
        match self.claim(key).await {
            Claimed { token } => token,
            other => panic!("{}: {other:?}", key.as_str()),
        }
    }

    async fn commit(&self, key: &EventKey, token: i64) -> bool {
        let committed = self.store.commit(key, token, MEMORY).await;
        committed.expect("a store")
    }

    async fn release(&self, key: &EventKey, token: i64) {
        self.store.release(key, token).await.expect("a store");
    }
}

fn key(event_type: &str, data: Value) -> EventKey {
    EventKey::of(&verify(&delivery(event_type, data)).expect("an event"))
}

fn closed(id: i64) -> EventKey {
    key("chat_closed", json!({ "id": id }))
}

fn opened(id: i64) -> EventKey {
    key("chat_opened", json!({ "id": id }))
}

async fn a_claim_is_exclusive_until_its_end(tested: &Tested<impl SeenEvents<Error: Debug>>) {
    let first = tested.claimed(&closed(1)).await;
    assert_eq!(tested.claim(&closed(1)).await, InProgress);
    assert!(tested.commit(&closed(1), first).await);
    assert_eq!(tested.claim(&closed(1)).await, Committed);
    tested.clock.jump(MEMORY - SECOND);
    assert_eq!(tested.claim(&closed(1)).await, Committed);
    tested.clock.jump(SECOND);
    let second = tested.claimed(&closed(1)).await;
    assert_ne!(first, second);
    tested.release(&closed(1), second).await;
    let third = tested.claimed(&closed(1)).await;
    assert!(third != first && third != second);
    tested.clock.jump(LEASE - SECOND);
    assert_eq!(tested.claim(&closed(1)).await, InProgress);
    tested.clock.jump(SECOND);
    tested.claimed(&closed(1)).await;
}

async fn a_claim_that_lost_its_lease_is_fenced_off(tested: &Tested<impl SeenEvents<Error: Debug>>) {
    let late = tested.claimed(&closed(2)).await;
    tested.clock.jump(LEASE);
    let new = tested.claimed(&closed(2)).await;
    assert!(!tested.commit(&closed(2), late).await);
    assert_eq!(tested.claim(&closed(2)).await, InProgress);
    tested.release(&closed(2), late).await;
    tested.store.release_on_drop(&closed(2), late);
    assert_eq!(tested.claim(&closed(2)).await, InProgress);
    assert!(tested.commit(&closed(2), new).await);
    tested.release(&closed(2), new).await;
    tested.store.release_on_drop(&closed(2), new);
    assert_eq!(tested.claim(&closed(2)).await, Committed);
    assert!(!tested.commit(&closed(2), late).await);
    // No one else claimed this event since, so the store may accept it.
    let alone = tested.claimed(&closed(3)).await;
    tested.clock.jump(LEASE);
    let is_taken = tested.commit(&closed(3), alone).await;
    assert_eq!(tested.claim(&closed(3)).await == Committed, is_taken);
}

async fn a_new_state_forgets_the_others(tested: &Tested<impl SeenEvents<Error: Debug>>) {
    let committed = tested.claimed(&closed(4)).await;
    assert!(tested.commit(&closed(4), committed).await);
    let other = tested.claimed(&closed(5)).await;
    assert!(tested.commit(&closed(5), other).await);
    let leased = tested.claimed(&opened(4)).await;
    let again = tested.claimed(&closed(4)).await;
    assert!(!tested.commit(&opened(4), leased).await, "it is superseded");
    tested.release(&opened(4), leased).await;
    assert!(tested.commit(&closed(4), again).await);
    assert_eq!(tested.claim(&closed(5)).await, Committed, "another one");
    // A claim that is refused forgets nothing.
    assert_eq!(tested.claim(&closed(4)).await, Committed);
}

async fn events_of_one_state_do_not_forget_each_other(
    tested: &Tested<impl SeenEvents<Error: Debug>>,
) {
    let data = |inbox: i64| json!({ "phone": "15550100101", "inbox": inbox });
    let keys = [1, 2].map(|inbox| key("target_opt_out", data(inbox)));
    assert_eq!(keys[0].subject(), keys[1].subject());
    for key in &keys {
        let token = tested.claimed(key).await;
        assert!(tested.commit(key, token).await);
    }
    let opt_in = key("target_opt_in", data(1));
    assert_eq!(tested.claim(&keys[0]).await, Committed);
    tested.claimed(&opt_in).await;
    for key in &keys {
        tested.claimed(key).await;
    }
}

async fn of_many_claims_at_once_one_succeeds<S>(tested: &Tested<S>)
where
    S: SeenEvents<Error: Debug + Send> + 'static,
{
    let claims: Vec<_> = (0..100)
        .map(|number| {
            let store = Arc::clone(&tested.store);
            let key = closed(100 + number % 10);
            tokio::spawn(async move { store.claim(&key, LEASE).await.expect("a store") })
        })
        .collect();
    let mut tokens = BTreeSet::new();
    for claim in claims {
        match claim.await.expect("a claim") {
            Claimed { token } => assert!(tokens.insert(token), "a token came twice"),
            other => assert_eq!(other, InProgress),
        }
    }
    assert_eq!(tokens.len(), 10);
}

/// Everything that `SeenEvents` documents.
async fn keeps_the_contract<S>(store: S, clock: JumpingClock)
where
    S: SeenEvents<Error: Debug + Send> + 'static,
{
    let store = Arc::new(store);
    let tested = Tested { store, clock };
    a_claim_is_exclusive_until_its_end(&tested).await;
    a_claim_that_lost_its_lease_is_fenced_off(&tested).await;
    a_new_state_forgets_the_others(&tested).await;
    events_of_one_state_do_not_forget_each_other(&tested).await;
    of_many_claims_at_once_one_succeeds(&tested).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract() {
    let clock = JumpingClock::default();
    keeps_the_contract(in_memory(1000, &clock), clock).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_rows_keeps_the_contract() {
    let clock = JumpingClock::default();
    keeps_the_contract(TableStore::new(&clock), clock).await;
}

#[tokio::test]
async fn a_full_store_forgets_its_oldest_claim_first() {
    let clock = JumpingClock::default();
    let store = Arc::new(in_memory(3, &clock));
    let tested = Tested { store, clock };
    let leased = tested.claimed(&closed(1)).await;
    for id in 2..=3 {
        let token = tested.claimed(&closed(id)).await;
        assert!(tested.commit(&closed(id), token).await);
    }
    tested.claimed(&closed(4)).await;
    assert!(!tested.commit(&closed(1), leased).await, "it is forgotten");
    assert_eq!(tested.claim(&closed(2)).await, Committed);
    tested.claimed(&closed(1)).await;
    assert_eq!(tested.claim(&closed(3)).await, Committed);
    assert_eq!(tested.claim(&closed(4)).await, InProgress);
    tested.claimed(&closed(2)).await;
}

#[tokio::test]
async fn the_longest_lease_and_memory_do_not_overflow() {
    let clock = JumpingClock::default();
    let store = in_memory(3, &clock);
    let Ok(Claimed { token }) = store.claim(&closed(1), Duration::MAX).await else {
        panic!("it is new");
    };
    let committed = store.commit(&closed(1), token, Duration::MAX).await;
    assert!(committed.expect("memory"));
    let again = store.claim(&closed(1), Duration::ZERO).await;
    assert_eq!(again.expect("memory"), Committed);
}
