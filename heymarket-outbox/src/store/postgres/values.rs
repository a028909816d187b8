//! Values of columns, and what they stand for.

use tokio_postgres::Row;
use uuid::Uuid;

use super::super::records::{Candidate, Hash};
use super::failure::Problem;
use crate::state::{Reason, State};

pub(super) fn positive(row: &Row, column: usize) -> Result<u64, Problem> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|_| Problem::Unreadable("a count"))
}

pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn size(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn hash(bytes: &[u8]) -> Result<Hash, Problem> {
    Hash::try_from(bytes).map_err(|_| Problem::Unreadable("a hash"))
}

pub(super) fn state(row: &Row, column: usize) -> Result<State, Problem> {
    State::of_code(row.try_get(column)?).ok_or(Problem::Unreadable("a state"))
}

/// The reason of a suppression.
pub(super) fn reason(name: Option<&str>) -> Option<Reason> {
    name.map(|name| Reason::named(name).unwrap_or(Reason::OptedOut))
}

/// The columns of a [`candidate`], of the table `r`.
pub(super) const CANDIDATE: &str = "r.position, r.line, r.zone, r.phone, r.text, r.local_id";

pub(super) fn candidate(row: &Row) -> Result<Candidate, Problem> {
    let local_id: Uuid = row.try_get(5)?;
    Ok(Candidate {
        position: positive(row, 0)?,
        line: positive(row, 1)?,
        zone: row.try_get(2)?,
        phone: row.try_get(3)?,
        text: row.try_get(4)?,
        local_id,
    })
}

/// Candidates in their order; a statement returns what it changed in any.
pub(super) fn candidates(rows: &[Row]) -> Result<Vec<Candidate>, Problem> {
    let mut candidates: Vec<Candidate> = rows.iter().map(candidate).collect::<Result<_, _>>()?;
    candidates.sort_unstable_by_key(|candidate| candidate.position);
    Ok(candidates)
}
