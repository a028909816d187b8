//! The keys of seen events in a SQLite file: claimed, committed and released.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use heymarket_api::webhook::{ClaimOutcome, EventKey};
use rusqlite::{Connection, OptionalExtension as _, params};

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    millis(since.unwrap_or_default())
}

/// Rounded up, and at most a century.
pub(super) fn millis(duration: Duration) -> i64 {
    const LONGEST: i64 = 100 * 365 * 24 * 60 * 60 * 1000;
    let millis = duration.as_nanos().div_ceil(1_000_000);
    i64::try_from(millis).map_or(LONGEST, |millis| millis.min(LONGEST))
}

pub(super) fn claim_key(
    connection: &Connection,
    key: &EventKey,
    lease: Duration,
) -> rusqlite::Result<ClaimOutcome> {
    let now = now();
    let run = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(parameters)
    };
    run(
        "DELETE FROM seen WHERE key = ?1 AND ends <= ?2",
        &[&key.as_str(), &now],
    )?;
    run(
        "DELETE FROM seen WHERE token IN (SELECT token FROM seen WHERE ends <= ?1 LIMIT 100)",
        &[&now],
    )?;
    let found = connection
        .prepare_cached("SELECT is_committed FROM seen WHERE key = ?1")?
        .query_row([key.as_str()], |row| row.get::<_, bool>(0))
        .optional()?;
    match found {
        Some(true) => return Ok(ClaimOutcome::Committed),
        Some(false) => return Ok(ClaimOutcome::InProgress),
        None => {}
    }
    run(
        "DELETE FROM seen WHERE subject = ?1 AND state <> ?2",
        &[&key.subject(), &key.state()],
    )?;
    run(
        "INSERT INTO seen (key, subject, state, ends) VALUES (?1, ?2, ?3, ?4)",
        &[
            &key.as_str(),
            &key.subject(),
            &key.state(),
            &(now + millis(lease)),
        ],
    )?;
    Ok(ClaimOutcome::Claimed {
        token: connection.last_insert_rowid(),
    })
}

pub(super) fn commit_key(
    connection: &Connection,
    key: &EventKey,
    token: i64,
    memory: Duration,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE seen SET is_committed = 1, ends = ?3 WHERE key = ?1 AND token = ?2";
    let ends = now() + millis(memory);
    let changed = connection
        .prepare_cached(sql)?
        .execute(params![key.as_str(), token, ends])?;
    Ok(changed > 0)
}

pub(super) fn release_key(
    connection: &Connection,
    key: &EventKey,
    token: i64,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM seen WHERE key = ?1 AND token = ?2 AND NOT is_committed";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![key.as_str(), token]).map(drop)
}
