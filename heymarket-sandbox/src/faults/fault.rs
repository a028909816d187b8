//! The kinds of faults.

use serde::{Deserialize, Serialize};

/// What a [`Rule`](crate::Rule) does to the requests that it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Responds with an error [status](crate::Rule::status), 500 by default.
    Status,
    /// Responds with an HTML page, as a proxy does, with an error
    /// [status](crate::Rule::status), 502 by default.
    Html,
    /// Delays the response by [`delay_ms`](crate::Rule::delay_ms).
    Delay,
    /// Sends the response body in small pieces over
    /// [`delay_ms`](crate::Rule::delay_ms).
    SlowDrip,
    /// Closes the connection before processing the request.
    CloseBefore,
    /// Processes the request, and closes the connection without a response.
    CloseAfter,
    /// Processes the request, and sends half of the response body.
    CutOff,
    /// Replaces the values of open enums by values that no client knows.
    UnknownValues,
    /// Skews the clock that checks tokens, and `Date`, by
    /// [`skew_seconds`](crate::Rule::skew_seconds).
    ClockSkew,
    /// Hides messages from histories, lists and counts until they are
    /// [`lag_seconds`](crate::Rule::lag_seconds) old.
    HistoryLag,
    /// Returns at most [`max_items`](crate::Rule::max_items) on a page, whatever
    /// the request asks for.
    PageCap,
    /// Leaves members out of the items of lists that reading one item returns.
    /// List responses of the API have fewer members; which ones is inferred.
    SparseLists,
    /// Accepts messages during [quiet hours](crate::Rule::quiet_hours) and holds
    /// them until these end. A held message is in no history. The API holds
    /// messages too; its response and the missing history are inferred.
    QuietHours,
    /// Lets other programs use the rate limit: they send
    /// [`requests`](crate::Rule::requests) in each minute, evenly spread.
    BusyLimit,
}

impl Fault {
    /// Every fault, in the order of the documentation.
    pub(crate) const ALL: [Self; 14] = [
        Self::Status,
        Self::Html,
        Self::Delay,
        Self::SlowDrip,
        Self::CloseBefore,
        Self::CloseAfter,
        Self::CutOff,
        Self::UnknownValues,
        Self::ClockSkew,
        Self::HistoryLag,
        Self::PageCap,
        Self::SparseLists,
        Self::QuietHours,
        Self::BusyLimit,
    ];

    /// Returns the name, as rules write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Html => "html",
            Self::Delay => "delay",
            Self::SlowDrip => "slow_drip",
            Self::CloseBefore => "close_before",
            Self::CloseAfter => "close_after",
            Self::CutOff => "cut_off",
            Self::UnknownValues => "unknown_values",
            Self::ClockSkew => "clock_skew",
            Self::HistoryLag => "history_lag",
            Self::PageCap => "page_cap",
            Self::SparseLists => "sparse_lists",
            Self::QuietHours => "quiet_hours",
            Self::BusyLimit => "busy_limit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_the_name_that_it_is_parsed_from() {
        for fault in Fault::ALL {
            let parsed: Fault = serde_json::from_value(fault.name().into()).expect("a fault");
            assert_eq!(parsed, fault);
        }
    }
}
