//! The two dialects of responses, and choosing between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The format of responses. The documentation and the samples disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Dialect {
    /// As documented: objects for members and inboxes, every field present.
    Documented,
    /// As in the samples: plain IDs, empty fields left out, undocumented
    /// fields.
    #[default]
    Observed,
    /// Each part of a response in one of the two, at random.
    Mixed,
}

impl Dialect {
    /// The names, as the command line and the header take them.
    pub const NAMES: [&'static str; 3] = ["documented", "observed", "mixed"];

    fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Mixed => "mixed",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Documented, Self::Observed, Self::Mixed]
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| format!("unknown dialect; use one of {}", Self::NAMES.join(", ")))
    }
}

/// Chooses between the dialects, part by part, within one response.
pub(crate) struct DialectChooser {
    dialect: Dialect,
    random: fastrand::Rng,
}

impl DialectChooser {
    pub(crate) fn new(dialect: Dialect, seed: u64) -> Self {
        Self {
            dialect,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Returns whether the next part has the documented format.
    pub(crate) fn next_is_documented(&mut self) -> bool {
        match self.dialect {
            Dialect::Documented => true,
            Dialect::Observed => false,
            Dialect::Mixed => self.random.bool(),
        }
    }

    pub(crate) fn is_mixed(&self) -> bool {
        self.dialect == Dialect::Mixed
    }

    /// Chooses one of `count` variants where the dialects do not decide.
    pub(crate) fn choose(&mut self, count: usize) -> usize {
        if self.is_mixed() {
            self.random.usize(..count)
        } else {
            0
        }
    }
}
