//! Recipients on their way through the ledger.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::super::records::{Attempt, Candidate, Ending, Hash, ListAttempt, Millis, Verdict};
use super::values::{integer, positive, reason, uuid};
use crate::state::{Reason, State};

const CANDIDATE: &str = "position, line, zone, phone, text, local_id";

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        position: positive(row, 0)?,
        line: positive(row, 1)?,
        zone: row.get(2)?,
        phone: row.get(3)?,
        text: row.get(4)?,
        local_id: uuid(row, 5)?,
    })
}

pub(super) fn next(
    db: &Connection,
    batch: i64,
    zone: i64,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT {CANDIDATE} FROM recipients INDEXED BY planned
         WHERE state = 0 AND batch = ?1 AND zone = ?2 AND position > ?3
         ORDER BY position LIMIT ?4"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(&sql)?
        .query_map(params![batch, zone, integer(after), limit], candidate)?
        .collect()
}

pub(super) fn open(db: &Connection, batch: i64) -> rusqlite::Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT {CANDIDATE} FROM recipients INDEXED BY open
         WHERE state IN (1, 4) AND batch = ?1 ORDER BY position"
    );
    db.prepare_cached(&sql)?
        .query_map([batch], candidate)?
        .collect()
}

pub(super) fn end_planned(
    db: &Connection,
    batch: i64,
    zone: Option<i64>,
    end: (State, Reason),
    now: Millis,
) -> rusqlite::Result<u64> {
    let changed = db
        .prepare_cached(
            "UPDATE recipients SET state = ?3, reason = ?4, ended = ?5
             WHERE state = 0 AND batch = ?1 AND (?2 IS NULL OR zone = ?2)",
        )?
        .execute(params![batch, zone, end.0.code(), end.1.as_str(), now])?;
    Ok(changed as u64)
}

pub(super) fn begin_attempt(db: &Connection, attempt: &Attempt) -> rusqlite::Result<Verdict> {
    let found = db
        .prepare_cached(
            "SELECT b.state = 1 AND b.list_key IS NULL, r.state, r.body, s.reason
             FROM recipients r JOIN batches b ON b.key = r.batch
             LEFT JOIN suppressions s ON s.phone = r.phone AND s.is_active = 1
             WHERE r.batch = ?1 AND r.position = ?2",
        )?
        .query_row(params![attempt.batch, integer(attempt.position)], |row| {
            let body: Option<Hash> = row.get(2)?;
            Ok((
                row.get::<_, bool>(0)?,
                row.get::<_, i64>(1)?,
                body,
                row.get(3)?,
            ))
        })
        .optional()?;
    let Some((is_ready, state, body, suppressed)) = found else {
        return Ok(Verdict::Gone);
    };
    if state != State::Planned.code() {
        return Ok(Verdict::Gone);
    }
    if !is_ready {
        return Ok(Verdict::Hold);
    }
    let end = match reason(suppressed) {
        Some(reason) => Some((State::Refused, reason)),
        None if body.is_some_and(|body| body != attempt.body) => {
            Some((State::NeedsReview, Reason::BodyChanged))
        }
        None => None,
    };
    if let Some((state, reason)) = end {
        db.prepare_cached(
            "UPDATE recipients SET state = ?3, reason = ?4, ended = ?5
             WHERE batch = ?1 AND position = ?2",
        )?
        .execute(params![
            attempt.batch,
            integer(attempt.position),
            state.code(),
            reason.as_str(),
            attempt.now
        ])?;
        return Ok(Verdict::Ended(state, reason));
    }
    db.prepare_cached(
        "UPDATE recipients
         SET state = 1, reason = NULL, detail = NULL, body = ?3, attempts = attempts + 1,
             attempted = ?4, ended = NULL
         WHERE batch = ?1 AND position = ?2",
    )?
    .execute(params![
        attempt.batch,
        integer(attempt.position),
        attempt.body,
        attempt.now
    ])?;
    Ok(Verdict::Go(note_request(db, attempt.counts_until)?))
}

pub(super) fn end_attempt(db: &Connection, ending: &Ending) -> rusqlite::Result<()> {
    if let Some((request, until)) = ending.request {
        end_request(db, request, until)?;
        // They are few, since the index begins with the oldest.
        db.prepare_cached("DELETE FROM requests WHERE until <= ?1")?
            .execute([ending.now])?;
    }
    if let Some(reason) = ending.suppress {
        db.prepare_cached(
            "INSERT INTO suppressions (phone, is_active, reason, source, since)
             SELECT phone, 1, ?3, 'answer', ?4 FROM recipients
             WHERE batch = ?1 AND position = ?2 AND phone IS NOT NULL
             ON CONFLICT (phone) DO UPDATE
             SET is_active = 1, reason = excluded.reason, source = excluded.source,
                 since = excluded.since",
        )?
        .execute(params![
            ending.batch,
            integer(ending.position),
            reason.as_str(),
            ending.now
        ])?;
    }
    // What is not open any more was ended by someone else, and stays.
    db.prepare_cached(
        "UPDATE recipients
         SET state = ?3, reason = ?4, detail = ?5, message = coalesce(?6, message),
             conversation = coalesce(?7, conversation), ended = ?8
         WHERE batch = ?1 AND position = ?2 AND state IN (0, 1, 4)",
    )?
    .execute(params![
        ending.batch,
        integer(ending.position),
        ending.state.code(),
        ending.reason.map(Reason::as_str),
        ending.detail,
        ending.message,
        ending.conversation,
        ending.state.is_end().then_some(ending.now)
    ])?;
    Ok(())
}

pub(super) fn note_request(db: &Connection, until: Millis) -> rusqlite::Result<i64> {
    db.prepare_cached("INSERT INTO requests (until) VALUES (?1)")?
        .execute([until])?;
    Ok(db.last_insert_rowid())
}

pub(super) fn end_request(db: &Connection, request: i64, until: Millis) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE requests SET until = ?2 WHERE request = ?1")?
        .execute([request, until])?;
    Ok(())
}

pub(super) fn noted_requests(db: &Connection, now: Millis) -> rusqlite::Result<Vec<Millis>> {
    db.execute("DELETE FROM requests WHERE until <= ?1", [now])?;
    db.prepare_cached("SELECT until FROM requests")?
        .query_map([], |row| row.get(0))?
        .collect()
}

pub(super) fn refuse_suppressed(
    db: &Connection,
    batch: i64,
    new_key: Uuid,
    now: Millis,
) -> rusqlite::Result<u64> {
    let changed = db.execute(
        "UPDATE recipients
         SET state = 3, ended = ?2,
             reason = (SELECT s.reason FROM suppressions s WHERE s.phone = recipients.phone)
         WHERE state = 0 AND batch = ?1
             AND phone IN (SELECT s.phone FROM suppressions s WHERE s.is_active = 1)",
        params![batch, now],
    )?;
    if changed > 0 {
        db.execute(
            "UPDATE batches SET list_key = ?2, list_id = NULL
             WHERE key = ?1 AND list_key IS NOT NULL",
            params![batch, new_key.as_bytes()],
        )?;
    }
    Ok(changed as u64)
}

pub(super) fn begin_list(db: &Connection, attempt: &ListAttempt) -> rusqlite::Result<Verdict> {
    let is_ready = db
        .prepare_cached("SELECT 1 FROM batches WHERE key = ?1 AND state = 1 AND list_key = ?2")?
        .exists(params![attempt.batch, attempt.list_key.as_bytes()])?;
    let someone_opted_out = db
        .prepare(
            "SELECT 1 FROM recipients r JOIN suppressions s ON s.phone = r.phone
             WHERE r.state = 0 AND r.batch = ?1 AND s.is_active = 1 LIMIT 1",
        )?
        .exists([attempt.batch])?;
    if !is_ready || someone_opted_out {
        return Ok(Verdict::Hold);
    }
    let changed = db.execute(
        "UPDATE recipients
         SET state = 1, reason = NULL, detail = NULL, body = ?2, attempts = attempts + 1,
             attempted = ?3, ended = NULL
         WHERE state = 0 AND batch = ?1",
        params![attempt.batch, attempt.body, attempt.now],
    )?;
    if changed == 0 {
        return Ok(Verdict::Gone);
    }
    Ok(Verdict::Go(note_request(db, attempt.counts_until)?))
}

pub(super) fn end_list(db: &Connection, batch: i64, ending: &Ending) -> rusqlite::Result<u64> {
    if let Some((request, until)) = ending.request {
        end_request(db, request, until)?;
    }
    let changed = db.execute(
        "UPDATE recipients
         SET state = ?2, reason = ?3, detail = ?4, message = ?5, ended = ?6
         WHERE batch = ?1 AND state IN (1, 4)",
        params![
            batch,
            ending.state.code(),
            ending.reason.map(Reason::as_str),
            ending.detail,
            ending.message,
            ending.state.is_end().then_some(ending.now)
        ],
    )?;
    Ok(changed as u64)
}
