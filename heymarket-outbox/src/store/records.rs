//! What is kept of batches, recipients and suppressions, and what changes it.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::settings::Settings;
use crate::state::{Reason, State};

/// The times of the ledger: milliseconds since 1970.
pub(crate) type Millis = i64;

/// A hash of something that is compared and not read.
pub(crate) type Hash = [u8; 16];

/// Returns the first bytes of a hash.
pub(crate) fn shortened(hash: Sha256) -> Hash {
    let mut short = Hash::default();
    let length = short.len();
    short.copy_from_slice(&hash.finalize()[..length]);
    short
}

/// The batches with something to do.
pub(crate) struct Survey {
    /// Those with planned recipients.
    pub(crate) planned: HashSet<i64>,
    /// Those with open recipients, of whichever worker.
    pub(crate) open: HashSet<i64>,
    /// Those with open recipients of no worker.
    pub(crate) orphaned: Vec<i64>,
}

/// Whether a batch is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchState {
    Planning,
    Ready,
    Paused,
    Cancelled,
}

impl BatchState {
    pub(super) fn code(self) -> i64 {
        match self {
            Self::Planning => 0,
            Self::Ready => 1,
            Self::Paused => 2,
            Self::Cancelled => 3,
        }
    }

    pub(super) fn of_code(code: i64) -> Option<Self> {
        [Self::Planning, Self::Ready, Self::Paused, Self::Cancelled]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

pub(crate) struct NewBatch {
    pub(crate) id: String,
    pub(crate) settings: Settings,
    pub(crate) salt: Hash,
    pub(crate) now: Millis,
}

pub(crate) enum PlannedBatch {
    New(i64),
    Existing(Box<StoredBatch>),
}

#[derive(Clone)]
pub(crate) struct StoredBatch {
    pub(crate) key: i64,
    pub(crate) id: String,
    pub(crate) state: BatchState,
    pub(crate) settings: Settings,
    pub(crate) salt: Hash,
    pub(crate) recipients: u64,
    pub(crate) is_purged: bool,
    pub(crate) list: Option<ListSend>,
}

/// A batch that is sent to a list in one request.
#[derive(Clone)]
pub(crate) struct ListSend {
    /// The `local_id` of the list, and of the message to it.
    pub(crate) list_key: Uuid,
    pub(crate) send_key: Uuid,
    /// The list, once it is created.
    pub(crate) list_id: Option<i64>,
}

impl ListSend {
    /// A list that does not exist yet.
    pub(crate) fn new() -> Self {
        Self {
            list_key: Uuid::new_v4(),
            send_key: Uuid::new_v4(),
            list_id: None,
        }
    }
}

pub(crate) struct NewRow {
    pub(crate) position: u64,
    pub(crate) line: u64,
    pub(crate) phone: String,
    pub(crate) zone: i64,
    /// The text, where it is the recipient's own.
    pub(crate) text: Option<String>,
    pub(crate) local_id: Uuid,
    pub(crate) hash: Hash,
    pub(crate) refusal: Option<Reason>,
}

/// A recipient that may be texted, or looked for.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) position: u64,
    pub(crate) line: u64,
    pub(crate) zone: i64,
    pub(crate) phone: String,
    pub(crate) text: Option<String>,
    pub(crate) local_id: Uuid,
}

pub(crate) struct Attempt {
    pub(crate) batch: i64,
    pub(crate) position: u64,
    pub(crate) body: Hash,
    pub(crate) now: Millis,
    /// Until when the request counts, if it is not answered.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(dead_code, reason = "PostgreSQL notes no requests")
    )]
    pub(crate) counts_until: Millis,
}

pub(crate) struct ListAttempt {
    pub(crate) batch: i64,
    /// The list with the planned recipients.
    pub(crate) list_key: Uuid,
    pub(crate) body: Hash,
    pub(crate) now: Millis,
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(dead_code, reason = "PostgreSQL notes no requests")
    )]
    pub(crate) counts_until: Millis,
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may; this names the request.
    Go(i64),
    /// The batch is not ready any more.
    Hold,
    /// The recipient is not planned any more.
    Gone,
    /// The recipient is refused, or needs a review, as of now.
    Ended(State, Reason),
}

/// How an attempt or a lookup ended.
#[derive(Clone)]
pub(crate) struct Ending {
    pub(crate) batch: i64,
    pub(crate) position: u64,
    pub(crate) state: State,
    pub(crate) reason: Option<Reason>,
    /// What the server or the client said, without anything of the request.
    pub(crate) detail: Option<String>,
    pub(crate) message: Option<i64>,
    pub(crate) conversation: Option<i64>,
    pub(crate) now: Millis,
    /// The request of the attempt, and until when it counts now.
    pub(crate) request: Option<(i64, Millis)>,
    /// Whether the number is suppressed from now on, for this reason.
    pub(crate) suppress: Option<Reason>,
}

impl Ending {
    /// The end of an attempt that had no effect.
    pub(crate) fn planned(batch: i64, position: u64, now: Millis) -> Self {
        Self {
            batch,
            position,
            state: State::Planned,
            reason: None,
            detail: None,
            message: None,
            conversation: None,
            now,
            request: None,
            suppress: None,
        }
    }
}

pub(crate) struct StoredRow {
    pub(crate) position: u64,
    pub(crate) line: u64,
    pub(crate) phone: Option<String>,
    pub(crate) local_id: Uuid,
    pub(crate) state: State,
    pub(crate) reason: Option<Reason>,
    pub(crate) detail: Option<String>,
    pub(crate) attempts: u64,
    pub(crate) attempted: Option<Millis>,
    pub(crate) ended: Option<Millis>,
    pub(crate) message: Option<i64>,
    pub(crate) conversation: Option<i64>,
}

/// Whether a number is texted.
#[derive(Clone)]
pub(crate) struct Suppress {
    pub(crate) phone: String,
    pub(crate) is_active: bool,
    pub(crate) reason: Reason,
    pub(crate) source: String,
    pub(crate) since: Millis,
}
