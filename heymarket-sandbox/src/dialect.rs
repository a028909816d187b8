use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How answers are put: the documentation and the wire do not agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Dialect {
    /// As the documentation has it: objects for members and inboxes, all fields
    /// there.
    Documented,
    /// As it was seen on the wire: plain ids, what is empty left out, fields
    /// that no page names.
    #[default]
    Observed,
    /// Each part of an answer in the one or the other, at random.
    Mixed,
}

impl Dialect {
    /// The names, as the command line and the header have them.
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
            .ok_or_else(|| {
                format!(
                    "no dialect is named so; there are {}",
                    Self::NAMES.join(", ")
                )
            })
    }
}

/// A dialect as it is spoken in one answer.
pub(crate) struct Voice {
    dialect: Dialect,
    random: fastrand::Rng,
}

impl Voice {
    pub(crate) fn new(dialect: Dialect, seed: u64) -> Self {
        Self {
            dialect,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Whether the next part is put as the documentation has it.
    pub(crate) fn documented(&mut self) -> bool {
        match self.dialect {
            Dialect::Documented => true,
            Dialect::Observed => false,
            Dialect::Mixed => self.random.bool(),
        }
    }

    pub(crate) fn is_mixed(&self) -> bool {
        self.dialect == Dialect::Mixed
    }

    /// One of several, where the dialects do not say which.
    pub(crate) fn one_of(&mut self, count: usize) -> usize {
        if self.is_mixed() {
            self.random.usize(..count)
        } else {
            0
        }
    }
}
