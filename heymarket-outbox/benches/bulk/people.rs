//! The recipients of the proof.

use heymarket_outbox::Recipient;

use crate::Failed;
use crate::windows::Hours;

/// Of 100 recipients, 5 opt out: 2 are known before, 2 to the server alone, and 1
/// does so during the run.
const KNOWN: usize = 2;
const OF_THE_SERVER: usize = 2;
const DURING: usize = 1;

const FIRST: usize = 2_000_000;

/// Returns a number of an unassigned area code.
pub(crate) fn phone(index: usize) -> String {
    format!("1555{:07}", FIRST + index)
}

pub(crate) fn index_of(phone: &str) -> Result<usize, Failed> {
    let digits = phone.get(4..).ok_or("a number of another recipient")?;
    Ok(digits.parse::<usize>()? - FIRST)
}

pub(crate) fn recipient(index: usize) -> Recipient {
    Recipient::new(phone(index)).zone(Hours::zone(index))
}

pub(crate) fn is_known_to_have_stopped(index: usize) -> bool {
    index % 100 < KNOWN
}

pub(crate) fn has_stopped_at_the_server(index: usize) -> bool {
    (KNOWN..KNOWN + OF_THE_SERVER).contains(&(index % 100))
}

pub(crate) fn is_stopped_before(index: usize) -> bool {
    is_known_to_have_stopped(index) || has_stopped_at_the_server(index)
}

pub(crate) fn stops_during_the_run(index: usize) -> bool {
    (KNOWN + OF_THE_SERVER..KNOWN + OF_THE_SERVER + DURING).contains(&(index % 100))
}
