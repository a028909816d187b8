//! What the judgement of mutations found.

use std::collections::BTreeMap;
use std::fmt;

use crate::diff::change::Level;
use crate::measure::table::Table;

/// The least share of verdicts that are right.
const AGREEMENT: f64 = 0.98;

/// The part of the collection that shows a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// The requests that the sandbox accepts.
    Requests,
    /// The program that uses every public item.
    Uses,
    /// The examples of the documentation, and the observations.
    Observations,
    /// The tests of the library.
    Tests,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "a request is refused",
            Self::Uses => "a use does not compile",
            Self::Observations => "an example or an observation fails",
            Self::Tests => "a test fails",
        })
    }
}

/// A break of callers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Break {
    /// The part that shows it.
    pub part: Part,
    /// The first error.
    pub reason: String,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.reason)
    }
}

/// A mutation that was judged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Judged {
    /// The kind of change.
    pub kind: &'static str,
    /// The operation, the schema or the member.
    pub place: String,
    /// What the verdict calls it.
    pub verdict: Level,
    /// What the collection shows.
    pub broken: Option<Break>,
}

impl Judged {
    fn is_missed(&self) -> bool {
        self.verdict != Level::Breaking && self.broken.is_some()
    }

    fn is_too_strict(&self) -> bool {
        self.verdict == Level::Breaking && self.broken.is_none()
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}: called {}; ",
            self.kind, self.place, self.verdict
        )?;
        match &self.broken {
            Some(broken) => broken.fmt(f),
            None => f.write_str("nothing breaks"),
        }
    }
}

/// The mutations that were judged.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Judgement {
    /// The mutations.
    pub judged: Vec<Judged>,
    /// How many documents were drawn that no client can be generated from.
    pub discarded: usize,
    /// How many observations the witness makes of the previous release.
    pub observations: usize,
}

impl Judgement {
    /// Returns whether the verdict misses no break, and is right often enough.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.count(Judged::is_missed) == 0 && self.agreement() >= AGREEMENT
    }

    fn count(&self, which: impl Fn(&Judged) -> bool) -> usize {
        self.judged.iter().filter(|one| which(one)).count()
    }

    /// Returns how many verdicts are right.
    fn right(&self) -> usize {
        self.judged.len() - self.count(Judged::is_missed) - self.count(Judged::is_too_strict)
    }

    fn agreement(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let (right, total) = (self.right() as f64, self.judged.len() as f64);
        right / total
    }

    /// Renders a row for each kind.
    pub(super) fn table(&self) -> String {
        let mut kinds: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
        for judged in &self.judged {
            kinds.entry(judged.kind).or_default().push(judged);
        }
        let mut table = Table::new(&["kind", "judged", "break", "missed", "too strict"]);
        let mut row = |name: &str, all: &[&Judged]| {
            let count = |which: fn(&Judged) -> bool| {
                let count = all.iter().filter(|one| which(one)).count();
                count.to_string()
            };
            table.row([
                name.to_owned(),
                all.len().to_string(),
                count(|one| one.broken.is_some()),
                count(Judged::is_missed),
                count(Judged::is_too_strict),
            ]);
        };
        for (kind, all) in &kinds {
            row(kind, all);
        }
        row("all", &self.judged.iter().collect::<Vec<_>>());
        table.render()
    }

    /// Returns the wrong verdicts, how the breaks were seen, and the share of right
    /// verdicts.
    pub(super) fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for judged in &self.judged {
            if judged.is_missed() || judged.is_too_strict() {
                lines.push(format!("wrong: {judged}"));
            }
        }
        let mut parts: BTreeMap<Part, usize> = BTreeMap::new();
        for broken in self.judged.iter().filter_map(|one| one.broken.as_ref()) {
            *parts.entry(broken.part).or_default() += 1;
        }
        lines.extend(parts.iter().map(|(part, count)| format!("{count}: {part}")));
        lines.push(format!(
            "{} of {} verdicts are right ({:.1} %), {} breaks were missed; {} observations, {} \
             documents discarded",
            self.right(),
            self.judged.len(),
            self.agreement() * 100.0,
            self.count(Judged::is_missed),
            self.observations,
            self.discarded,
        ));
        lines
    }
}
