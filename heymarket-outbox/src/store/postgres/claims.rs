//! Which worker has which recipient. A row that another worker is just claiming
//! is skipped, not waited for.

use std::collections::HashSet;

use deadpool_postgres::Client;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::super::records::{Candidate, Survey};
use super::failure::Problem;
use super::values::{CANDIDATE, candidates, integer, size};

/// How many open recipients of dead workers one worker takes over at once.
const TAKEN_OVER: i64 = 100;

/// Claims planned recipients of a zone, and returns those that it has already.
pub(super) async fn next(
    db: &Client,
    worker: Uuid,
    batch: i64,
    zone: i64,
    after: u64,
    limit: usize,
) -> Result<Vec<Candidate>, Problem> {
    let sql = format!(
        "WITH free AS MATERIALIZED (
             SELECT batch, position FROM heymarket_outbox.recipients
             WHERE state = 0 AND batch = $2 AND zone = $3 AND position > $4
                 AND (owner IS NULL OR owner = $1
                     OR owner NOT IN (SELECT worker FROM heymarket_outbox.live_workers))
                 AND NOT EXISTS
                     (SELECT FROM heymarket_outbox.batches WHERE key = $2 AND list_key IS NOT NULL)
             ORDER BY position LIMIT $5 FOR UPDATE SKIP LOCKED
         )
         UPDATE heymarket_outbox.recipients r SET owner = $1 FROM free
         WHERE r.batch = free.batch AND r.position = free.position
         RETURNING {CANDIDATE}"
    );
    let statement = db.prepare_cached(&sql).await?;
    let (after, limit) = (integer(after), size(limit));
    let rows = db
        .query(&statement, &[&worker, &batch, &zone, &after, &limit])
        .await?;
    if !rows.is_empty() || !claim_list(db, worker, batch).await? {
        return candidates(&rows);
    }
    let sql = format!(
        "SELECT {CANDIDATE} FROM heymarket_outbox.recipients r
         WHERE r.state = 0 AND r.batch = $1 AND r.zone = $2 AND r.position > $3
         ORDER BY r.position LIMIT $4"
    );
    let statement = db.prepare_cached(&sql).await?;
    let rows = db
        .query(&statement, &[&batch, &zone, &after, &limit])
        .await?;
    candidates(&rows)
}

/// Claims a batch that is one message to a list. Returns whether this worker has it.
async fn claim_list(db: &Client, worker: Uuid, batch: i64) -> Result<bool, Problem> {
    let statement = db
        .prepare_cached(
            "SELECT owner FROM heymarket_outbox.batches WHERE key = $1 AND list_key IS NOT NULL",
        )
        .await?;
    let Some(row) = db.query_opt(&statement, &[&batch]).await? else {
        return Ok(false);
    };
    if row.try_get::<_, Option<Uuid>>(0)? == Some(worker) {
        return Ok(true);
    }
    let claimed = db
        .execute(
            "UPDATE heymarket_outbox.batches SET owner = $2
             WHERE key = $1 AND list_key IS NOT NULL AND (owner IS NULL
                 OR owner NOT IN (SELECT worker FROM heymarket_outbox.live_workers))",
            &[&batch, &worker],
        )
        .await?;
    Ok(claimed > 0)
}

/// Takes over recipients whose outcome is open and whose worker is gone. If it `is_again` the
/// same request, those of this worker are found as well: it may have taken them over.
pub(super) async fn open(
    db: &Client,
    worker: Uuid,
    batch: i64,
    is_again: bool,
) -> Result<Vec<Candidate>, Problem> {
    let is_list = db
        .query_opt(
            "SELECT FROM heymarket_outbox.batches WHERE key = $1 AND list_key IS NOT NULL",
            &[&batch],
        )
        .await?;
    // All of them have the outcome of one message.
    let limit = match is_list {
        Some(_) if !claim_list(db, worker, batch).await? => return Ok(Vec::new()),
        Some(_) => None,
        None if is_again => None,
        None => Some(TAKEN_OVER),
    };
    let sql = format!(
        "WITH orphans AS MATERIALIZED (
             SELECT batch, position FROM heymarket_outbox.recipients
             -- This worker knows its own, also when its lease has ended.
             WHERE state IN (1, 4) AND batch = $2 AND (owner IS NULL OR owner = $1 AND $4
                 OR owner <> $1 AND owner NOT IN (SELECT worker FROM heymarket_outbox.live_workers))
             ORDER BY position LIMIT $3 FOR UPDATE SKIP LOCKED
         )
         UPDATE heymarket_outbox.recipients r SET owner = $1 FROM orphans
         WHERE r.batch = orphans.batch AND r.position = orphans.position
         RETURNING {CANDIDATE}"
    );
    let statement = db.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&worker, &batch, &limit, &is_again];
    let rows = db.query(&statement, &parameters).await?;
    candidates(&rows)
}

/// Whether a batch has recipients that are planned, that are open, and that are open and
/// whose worker is gone, as the worker $1 sees it.
const SURVEY: &str = "SELECT b.key,
        -- The order is that of an index. Without it, a planner whose statistics are those of
        -- the plan reads the table, past all that was sent.
        (SELECT r.state FROM heymarket_outbox.recipients r
            WHERE r.batch = b.key AND r.state = 0
            ORDER BY r.zone, r.position LIMIT 1) IS NOT NULL,
        EXISTS (SELECT FROM heymarket_outbox.recipients r
            WHERE r.batch = b.key AND r.state IN (1, 4)),
        EXISTS (SELECT FROM heymarket_outbox.recipients r
            WHERE r.batch = b.key AND r.state IN (1, 4) AND (r.owner IS NULL OR r.owner <> $1
                AND r.owner NOT IN (SELECT worker FROM heymarket_outbox.live_workers)))
    FROM heymarket_outbox.batches b WHERE b.state <> 0";

/// The batches with something to do.
pub(super) async fn survey(db: &Client, worker: Option<Uuid>) -> Result<Survey, Problem> {
    let statement = db.prepare_cached(SURVEY).await?;
    let (mut planned, mut open, mut orphaned) = (HashSet::new(), HashSet::new(), Vec::new());
    for row in db.query(&statement, &[&worker]).await? {
        let batch = row.try_get(0)?;
        if row.try_get(1)? {
            planned.insert(batch);
        }
        if row.try_get(2)? {
            open.insert(batch);
        }
        if row.try_get(3)? {
            orphaned.push(batch);
        }
    }
    Ok(Survey {
        planned,
        open,
        orphaned,
    })
}

#[cfg(test)]
mod tests {
    use heymarket_test_services as services;
    use tokio_postgres::NoTls;

    use std::sync::Arc;

    use super::super::database::Database;
    use super::super::{report, rows};
    use super::{SURVEY, Uuid};
    use crate::Outbox;
    use crate::state::{Reason, State};
    use crate::store::Ending;

    /// A database with a batch of this many recipients in a state; `None` without a server.
    async fn database(recipients: u32, state: u8) -> Option<services::Database> {
        let database = services::postgres()?;
        Outbox::connect(&database.url()).await.expect("the tables");
        let batch = format!(
            "INSERT INTO heymarket_outbox.batches (id, state, settings, salt, recipients, planned)
                 VALUES ('a', 1, '{{}}', '', {recipients}, 1);
             INSERT INTO heymarket_outbox.recipients
                     (batch, position, line, phone, zone, local_id, state)
                 SELECT key, number, number, '15550100101', 0, gen_random_uuid(), {state}
                 FROM heymarket_outbox.batches, generate_series(1, {recipients}) number;"
        );
        database.execute(&batch).expect("a batch");
        Some(database)
    }

    #[tokio::test]
    async fn what_was_taken_over_is_found_when_the_answer_was_lost() {
        let Some(database) = database(150, 4).await else {
            return;
        };
        let ledger = Database::new(&database.url()).expect("a database");
        let worker = Uuid::new_v4();
        let open = async |is_again| {
            let work = move |db| async move { super::open(&db, worker, 1, is_again).await };
            ledger.once(work).await.expect("recipients").len()
        };
        assert_eq!(open(false).await, 100);
        // The rest; then its own, of which it knows.
        assert_eq!((open(false).await, open(false).await), (50, 0));
        assert_eq!(open(true).await, 150);
    }

    #[tokio::test]
    async fn a_late_answer_is_written_down_whatever_came_since() {
        // Refused, unknown, in need of a review, expired and cancelled.
        for state in [3, 4, 5, 6, 7] {
            let Some(database) = database(1, state).await else {
                return;
            };
            let ledger = Database::new(&database.url()).expect("a database");
            let sent = Arc::new(Ending {
                state: State::Sent,
                reason: Some(Reason::Accepted),
                ..Ending::planned(1, 1, 0)
            });
            let work = {
                let sent = Arc::clone(&sent);
                move |db| async move { rows::end_attempt(&db, Some(Uuid::new_v4()), &sent).await }
            };
            ledger.once(work).await.expect("an update");
            let counts = ledger.once(|db| async move { report::counts(&db, 1).await });
            let counts = counts.await.expect("counts");
            assert_eq!(
                counts,
                [(State::Sent, Some(Reason::Accepted), 1)],
                "{state}"
            );
        }
    }

    #[tokio::test]
    async fn a_survey_does_not_read_past_what_was_sent() {
        let Some(database) = database(20_000, 0).await else {
            return;
        };
        // Statistics of a plan, of which much was sent since.
        let sent = "ALTER TABLE heymarket_outbox.recipients SET (autovacuum_enabled = off);
            ANALYZE heymarket_outbox.recipients;
            UPDATE heymarket_outbox.recipients SET state = 2 WHERE position < 19000;";
        database.execute(sent).expect("an update");
        let (client, connection) = tokio_postgres::connect(&database.url(), NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        let worker = Uuid::new_v4();
        let explained = client.query(&format!("EXPLAIN {SURVEY}"), &[&worker]).await;
        let lines = explained.expect("how it is read");
        let plan: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("recipients_planned"), "{plan}");
        assert!(!plan.contains("Seq Scan on recipients"), "{plan}");
    }
}
