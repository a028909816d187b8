//! What a run tells.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::counts::Counts;
use crate::state::Reason;

/// Something that happened in a run. Phone numbers and texts are not in it.
///
/// `Display` is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The API accepted a message, or it was found in the history.
    Sent(Row),
    /// Nothing was sent to a recipient, and nothing will be.
    Refused(Row),
    /// An answer was lost. The message is looked for after the settle time.
    Unknown(Row),
    /// A lost message is not in the history, and is sent again.
    Resending(Row),
    /// A lost message is not in the history, and a person decides.
    NeedsReview(Row),
    /// Recipients did not fit before the batch's end.
    Expired {
        /// The batch.
        batch: Arc<str>,
        /// How many.
        recipients: u64,
    },
    /// Nothing can be sent for a while.
    Waiting {
        /// The batch.
        batch: Arc<str>,
        /// Until when at least.
        until: Timestamp,
        /// What it waits for.
        cause: WaitCause,
    },
    /// The API does not answer as it should; the next attempt is later.
    BackingOff {
        /// The failure.
        problem: String,
    },
    /// A batch was paused, since the API refuses all of it. Resume it once the
    /// cause is mended.
    Stopped {
        /// The batch.
        batch: Arc<str>,
        /// The last refusal.
        problem: String,
    },
    /// Nothing more is to be done for a batch.
    Finished {
        /// The batch.
        batch: Arc<str>,
        /// The outcomes of its recipients.
        counts: Counts,
    },
}

/// The recipient that an [`Event`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The batch.
    pub batch: Arc<str>,
    /// The line of the recipient, or its place from 1.
    pub line: u64,
    /// Why.
    pub reason: Option<Reason>,
    /// What the API or the client said, without anything of the request.
    pub detail: Option<String>,
    /// The ID of the message, if it is known.
    pub message_id: Option<i64>,
}

/// What a batch waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitCause {
    /// The window of each recipient that is left is closed.
    Window,
    /// The quiet hours of the inbox.
    QuietHours,
    /// The batch's `not_before`.
    NotBefore,
    /// Messages whose answers were lost are looked for after the settle time.
    Lookups,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(row) => write!(f, "{row}: sent"),
            Self::Refused(row) => write!(f, "{row}: refused"),
            Self::Unknown(row) => write!(f, "{row}: outcome unknown, looked up later"),
            Self::Resending(row) => write!(f, "{row}: not found, sent again"),
            Self::NeedsReview(row) => write!(f, "{row}: needs a review"),
            Self::Expired { batch, recipients } => {
                write!(f, "{batch}: {recipients} recipients expired")
            }
            Self::Waiting {
                batch,
                until,
                cause,
            } => write!(f, "{batch}: waiting for {cause} until {until}"),
            Self::BackingOff { problem } => write!(f, "backing off: {problem}"),
            Self::Stopped { batch, problem } => write!(f, "{batch}: paused: {problem}"),
            Self::Finished { batch, counts } => write!(f, "{batch}: finished: {counts}"),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.batch, self.line)?;
        if let Some(reason) = self.reason {
            write!(f, " ({reason})")?;
        }
        Ok(())
    }
}

impl fmt::Display for WaitCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Window => "the texting window",
            Self::QuietHours => "the quiet hours of the inbox to end",
            Self::NotBefore => "the start of the batch",
            Self::Lookups => "the message history",
        })
    }
}
