//! Measures how often the verdict of `cargo xtask diff` is right.
//!
//! Mutations of the spec are drawn, and each is judged by what a caller of the
//! previous release sees:
//!
//! - The library is generated from the mutated document and compiled, with a
//!   witness that uses every public item of the previous release, with the examples
//!   of its documentation, and with the tests of the project that use the library
//!   alone. They must compile and pass.
//! - The witness writes down what it observes: the table of operations, what each
//!   type reads, hides and accepts, what each event is. No observation may be lost.
//! - The requests of the previous release are validated against the mutated
//!   document, as the sandbox does.
//!
//! A mutation whose verdict is breaking is built alone. Those whose verdict is that
//! nothing breaks are built together, as far as they touch different places, and
//! halved until the culprit is found if anything fails.

mod edit;
mod instances;
mod mutate;
mod places;
mod sandbox;
mod witness;
mod workspace;

use std::collections::BTreeMap;
use std::path::Path;

use fastrand::Rng;

use super::change::{Level, verdict};
use super::compare::compare;
use super::state::State;
use crate::command::Output;
use crate::error::Error;
use edit::Mutation;
use workspace::{Outcome, Workspace};

pub use workspace::Collection;

/// The least share of verdicts that are right.
const AGREEMENT: f64 = 0.98;

/// What the judgement of mutations found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Judgement {
    /// The mutations whose verdict is right.
    pub right: usize,
    /// The mutations that break nothing, although the verdict says so.
    pub too_strict: Vec<String>,
    /// The mutations that break callers, although the verdict does not say so.
    pub missed: Vec<String>,
    /// How many of each kind were judged, and how many of them break callers.
    pub kinds: BTreeMap<&'static str, (usize, usize)>,
    /// The observations that the witness makes of the previous release.
    pub observations: usize,
}

impl Judgement {
    /// Returns whether the verdict misses no break, and is right often enough.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.missed.is_empty() && self.agreement() >= AGREEMENT
    }

    fn total(&self) -> usize {
        self.right + self.too_strict.len() + self.missed.len()
    }

    fn agreement(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let (right, total) = (self.right as f64, self.total() as f64);
        right / total
    }

    fn add(&mut self, drawn: &Drawn, breaks: bool) {
        let kind = self.kinds.entry(drawn.mutation.kind).or_default();
        kind.0 += 1;
        kind.1 += usize::from(breaks);
    }
}

/// A mutation with its verdict.
struct Drawn {
    mutation: Mutation,
    state: State,
    level: Level,
}

impl Drawn {
    fn name(&self) -> String {
        format!("{}: {}", self.mutation.kind, self.mutation.place)
    }
}

/// Judges mutations, and prints what was found. Returns whether the verdict is
/// good.
///
/// # Errors
///
/// Returns an error if the spec cannot be read, or the collection does not pass
/// without a mutation.
pub fn run(root: &Path, count: usize, seed: u64, output: &mut Output<'_>) -> Result<bool, Error> {
    let judgement = judge(root, count, seed, Collection::All, &mut |text| {
        output.say(text)
    })?;
    for (kind, (all, breaking)) in &judgement.kinds {
        output.print(&format!("{all:3}, {breaking:3} of them breaking: {kind}"))?;
    }
    for missed in &judgement.missed {
        output.print(&format!("a break that was called compatible: {missed}"))?;
    }
    for strict in &judgement.too_strict {
        output.print(&format!("compatible, and was called breaking: {strict}"))?;
    }
    output.print(&format!(
        "{} of {} verdicts are right ({:.1} %), {} breaks were missed; {} observations, seed {seed}",
        judgement.right,
        judgement.total(),
        judgement.agreement() * 100.0,
        judgement.missed.len(),
        judgement.observations,
    ))?;
    Ok(judgement.is_good())
}

/// Judges mutations. `say` receives the progress.
///
/// # Errors
///
/// Returns an error if the spec cannot be read, or the collection does not pass
/// without a mutation.
pub fn judge(
    root: &Path,
    count: usize,
    seed: u64,
    collection: Collection,
    say: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<Judgement, Error> {
    let base = State::of_tree(root)?;
    say("building the previous release with its collection")?;
    let workspace = Workspace::new(root, &base, &witness::write(&base)?, collection)?;
    let mut judgement = Judgement {
        observations: workspace.observations(),
        ..Judgement::default()
    };
    let mut rng = Rng::with_seed(seed);
    let (mut breaking, mut compatible) = (Vec::new(), Vec::new());
    while breaking.len() + compatible.len() < count {
        // A document that cannot be generated is no state of the spec.
        let Some(drawn) = draw(&base, &mut rng)? else {
            continue;
        };
        if drawn.level == Level::Breaking {
            breaking.push(drawn);
        } else {
            compatible.push(drawn);
        }
    }
    say(&format!(
        "{} are called breaking, {} compatible",
        breaking.len(),
        compatible.len()
    ))?;
    judge_compatible(&workspace, &base, compatible, &mut judgement, say)?;
    for drawn in breaking {
        let broken = breaks(&workspace, &base, &drawn.state, true)?;
        say(&format!(
            "{}: {}",
            drawn.name(),
            broken.as_deref().unwrap_or("breaks nothing")
        ))?;
        judgement.add(&drawn, broken.is_some());
        match broken {
            Some(_) => judgement.right += 1,
            None => judgement.too_strict.push(drawn.name()),
        }
    }
    Ok(judgement)
}

fn draw(base: &State, rng: &mut Rng) -> Result<Option<Drawn>, Error> {
    let mutation = mutate::draw(&base.document, rng);
    let document = mutation.apply(&base.document);
    let Ok(state) = State::of_document(document) else {
        return Ok(None);
    };
    let level = verdict(&compare(base, &state)?);
    Ok(Some(Drawn {
        mutation,
        state,
        level,
    }))
}

/// Returns what breaks, if anything does. A break is `expected` if the verdict says so.
fn breaks(
    workspace: &Workspace,
    base: &State,
    state: &State,
    expected: bool,
) -> Result<Option<String>, Error> {
    if let Some(refused) = sandbox::refused(&base.document, &state.document) {
        return Ok(Some(format!("the sandbox refuses a request of {refused}")));
    }
    let outcome = if expected {
        workspace.check_and_run(state)?
    } else {
        workspace.run(state)?
    };
    Ok(match outcome {
        Outcome::Passes => None,
        Outcome::Fails(reason) => Some(reason),
    })
}

/// Judges mutations that are called compatible, many in one build.
fn judge_compatible(
    workspace: &Workspace,
    base: &State,
    mutations: Vec<Drawn>,
    judgement: &mut Judgement,
    say: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut groups: Vec<Vec<Drawn>> = Vec::new();
    for drawn in mutations {
        let fits = |group: &&mut Vec<Drawn>| {
            group
                .iter()
                .all(|one| one.mutation.is_apart_from(&drawn.mutation))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(drawn),
            None => groups.push(vec![drawn]),
        }
    }
    while let Some(mut group) = groups.pop() {
        let mut document = base.document.clone();
        for drawn in &group {
            document = drawn.mutation.apply(&document);
        }
        let broken = match State::of_document(document) {
            Ok(state) => breaks(workspace, base, &state, false)?,
            Err(error) => Some(error.to_string()),
        };
        say(&format!(
            "{} together: {}",
            group.len(),
            broken.as_deref().unwrap_or("nothing breaks")
        ))?;
        match broken {
            None => {
                for drawn in &group {
                    judgement.add(drawn, false);
                }
                judgement.right += group.len();
            }
            Some(reason) if group.len() == 1 => {
                judgement.add(&group[0], true);
                judgement
                    .missed
                    .push(format!("{}: {reason}", group[0].name()));
            }
            Some(_) => {
                let half = group.split_off(group.len() / 2);
                groups.extend([group, half]);
            }
        }
    }
    Ok(())
}
