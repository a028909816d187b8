//! How many recipients are where.

use std::collections::BTreeMap;
use std::fmt;

use crate::state::{Reason, State};

/// How many recipients are in each state, for each reason. `Display` is one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(State, Option<Reason>), u64>);

impl Counts {
    pub(crate) fn new(counts: Vec<(State, Option<Reason>, u64)>) -> Self {
        let mut all = BTreeMap::new();
        for (state, reason, count) in counts {
            *all.entry((state, reason)).or_default() += count;
        }
        Self(all)
    }

    /// Returns the number of recipients in a state.
    #[must_use]
    pub fn of(&self, state: State) -> u64 {
        self.iter()
            .filter(|(found, _, _)| *found == state)
            .map(|(_, _, count)| count)
            .sum()
    }

    /// Returns the number of recipients in a state for a reason.
    #[must_use]
    pub fn of_reason(&self, state: State, reason: Reason) -> u64 {
        let found = self.0.get(&(state, Some(reason)));
        found.copied().unwrap_or_default()
    }

    /// Returns the number of all recipients.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns whether nothing is left to do but reviews.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.iter().all(|(state, _, _)| state.is_end())
    }

    /// Yields each state with its reason and its number of recipients.
    pub fn iter(&self) -> impl Iterator<Item = (State, Option<Reason>, u64)> + '_ {
        self.0
            .iter()
            .map(|((state, reason), count)| (*state, *reason, *count))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for state in State::ALL {
            let count = self.of(state);
            if count > 0 {
                write!(f, "{separator}{count} {state}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}
