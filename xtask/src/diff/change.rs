//! One change of the spec or of the generated code, and how much it asks of a
//! version.

use std::fmt;

/// How much a change asks of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// Only descriptions, examples and the like change.
    Text,
    /// Programs go on compiling and working; there is more to use.
    Addition,
    /// A program may no longer compile, or may behave in another way.
    Breaking,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text only",
            Self::Addition => "addition",
            Self::Breaking => "breaking",
        })
    }
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Area {
    /// The spec: operations, members, shapes, values, behaviour.
    Spec,
    /// The public items that are generated from it.
    Rust,
    /// The commands that are generated from it.
    Commands,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Change {
    /// How much it asks of a version.
    pub level: Level,
    /// What it is about.
    pub area: Area,
    /// The operation, member or item: `send_message`, `Message.status`.
    pub place: String,
    /// What changed, as it reads behind the place: `is new`.
    pub text: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.place, self.text)
    }
}

/// Returns the largest level among changes.
#[must_use]
pub fn verdict(changes: &[Change]) -> Level {
    let levels = changes.iter().map(|change| change.level);
    levels.max().unwrap_or(Level::Text)
}

/// Returns the text of a change of a key that no rule knows.
pub(super) fn unclassified(key: &str) -> String {
    format!("differs in `{key}`, which no rule classifies")
}

/// Collects changes of one area.
pub(super) struct Changes {
    area: Area,
    pub(super) all: Vec<Change>,
}

impl Changes {
    pub(super) fn of(area: Area) -> Self {
        Self {
            area,
            all: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, level: Level, place: &str, text: impl Into<String>) {
        self.add_in(self.area, level, place, text);
    }

    pub(super) fn add_in(
        &mut self,
        area: Area,
        level: Level,
        place: &str,
        text: impl Into<String>,
    ) {
        self.all.push(Change {
            level,
            area,
            place: place.to_owned(),
            text: text.into(),
        });
    }
}
