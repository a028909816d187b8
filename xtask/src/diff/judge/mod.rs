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
mod judgement;
mod mutate;
mod others;
mod places;
mod sandbox;
mod witness;
mod workspace;

use std::path::Path;
use std::thread;
use std::time::Instant;

use fastrand::Rng;

use super::change::{Level, verdict};
use super::compare::compare_with;
use super::rust;
use super::state::State;
use crate::command::Output;
use crate::error::Error;
use edit::Mutation;
use others::Others;
use workspace::Workspace;

pub use judgement::{Break, Judged, Judgement, Part};
pub use workspace::Collection;

/// A mutation with its verdict.
struct Drawn {
    mutation: Mutation,
    state: State,
    level: Level,
}

impl Drawn {
    fn judged(&self, broken: Option<Break>) -> Judged {
        Judged {
            kind: self.mutation.kind,
            place: self.mutation.place.clone(),
            verdict: self.level,
            broken,
        }
    }
}

/// Which mutations are judged.
#[derive(clap::Args, Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the caller fills it in")]
pub struct Sample {
    /// Number of mutations.
    #[arg(long = "mutations", requires = "judge", default_value_t = 200)]
    pub count: usize,
    /// Seed of the mutations.
    #[arg(long, requires = "judge", default_value_t = 1)]
    pub seed: u64,
    /// Judge those alone whose kind has this text.
    #[arg(
        long,
        requires = "judge",
        default_value = "",
        hide_default_value = true
    )]
    pub kind: String,
}

/// Receives a line of progress.
type Say<'a> = dyn FnMut(&str) -> Result<(), Error> + 'a;

/// Judges mutations, and prints what was found. Returns whether the verdict is
/// good.
///
/// # Errors
///
/// Returns an error if the spec cannot be read, or the collection does not pass
/// without a mutation.
pub fn run(root: &Path, sample: &Sample, output: &mut Output<'_>) -> Result<bool, Error> {
    let start = Instant::now();
    let mut say = |text: &str| output.say(text);
    let judgement = judge(root, sample, Collection::All, &mut say)?;
    output.print(&judgement.table())?;
    for line in judgement.summary() {
        output.print(&line)?;
    }
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    output.print(&format!("seed {}, {minutes:.1} minutes", sample.seed))?;
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
    sample: &Sample,
    collection: Collection,
    say: &mut Say<'_>,
) -> Result<Judgement, Error> {
    let base = State::of_tree(root)?;
    let (drawn, discarded) = draw(&base, sample)?;
    let (breaking, compatible): (Vec<_>, Vec<_>) = drawn
        .into_iter()
        .partition(|drawn| drawn.level == Level::Breaking);
    say(&format!(
        "{} are called breaking, {} compatible",
        breaking.len(),
        compatible.len()
    ))?;
    say("building the previous release with its collection")?;
    let workspace = Workspace::new(root, &base, witness::write(&base)?, collection)?;
    let mut judged = judge_compatible(&workspace, &base, compatible, say)?;
    for drawn in breaking {
        let one = drawn.judged(breaks(&workspace, &base, &drawn.state)?);
        say(&one.to_string())?;
        judged.push(one);
    }
    Ok(Judgement {
        judged,
        discarded,
        observations: workspace.observations(),
    })
}

/// Prints what other tools say about mutations beside the verdict and the judgement.
///
/// # Errors
///
/// Returns an error if the spec cannot be read, the collection does not pass without a
/// mutation, or the library of a mutation cannot be documented.
pub fn cross_check(root: &Path, sample: &Sample, output: &mut Output<'_>) -> Result<bool, Error> {
    let base = State::of_tree(root)?;
    let workspace = Workspace::new(root, &base, witness::write(&base)?, Collection::All)?;
    let others = Others::new(workspace.folder())?;
    for drawn in draw(&base, sample)?.0 {
        workspace.write_client(&drawn.state)?;
        let said = others.say()?;
        let judged = drawn.judged(breaks(&workspace, &base, &drawn.state)?);
        output.print(&format!("{judged}\n  {said}"))?;
    }
    Ok(true)
}

/// Draws mutations. A document that no client can be generated from is no state of the
/// spec: it is discarded and counted, and another one takes its place.
fn draw(base: &State, sample: &Sample) -> Result<(Vec<Drawn>, usize), Error> {
    let mut rng = Rng::with_seed(sample.seed);
    let (mut all, mut discarded) = (Vec::new(), 0);
    while all.len() < sample.count {
        let mutations: Vec<Mutation> = (all.len()..sample.count)
            .map(|_| mutate::draw(&base.document, &mut rng))
            .collect();
        for drawn in generate(base, &mutations)? {
            match drawn {
                Some(drawn) => all.push(drawn),
                None => discarded += 1,
            }
        }
    }
    all.retain(|drawn: &Drawn| drawn.mutation.kind.contains(&sample.kind));
    Ok((all, discarded))
}

/// Generates the clients of mutations, on every processor.
fn generate(base: &State, mutations: &[Mutation]) -> Result<Vec<Option<Drawn>>, Error> {
    let items = &rust::read(&base.client)?;
    let one = |mutation: &Mutation| -> Result<Option<Drawn>, Error> {
        let Ok(state) = State::of_document(mutation.apply(&base.document)) else {
            return Ok(None);
        };
        let level = verdict(&compare_with(base, items, &state)?);
        Ok(Some(Drawn {
            mutation: mutation.clone(),
            state,
            level,
        }))
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let size = mutations.len().div_ceil(processors).max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = mutations
            .chunks(size)
            .map(|chunk| scope.spawn(move || chunk.iter().map(one).collect::<Vec<_>>()))
            .collect();
        let all = threads.into_iter().flat_map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        all.collect()
    })
}

/// Returns what breaks, if anything does.
fn breaks(workspace: &Workspace, base: &State, state: &State) -> Result<Option<Break>, Error> {
    if let Some(operation) = sandbox::refused(&base.document, &state.document) {
        return Ok(Some(Break {
            part: Part::Requests,
            reason: operation,
        }));
    }
    workspace.run(state)
}

/// Judges mutations that are called compatible, many in one build.
fn judge_compatible(
    workspace: &Workspace,
    base: &State,
    mutations: Vec<Drawn>,
    say: &mut Say<'_>,
) -> Result<Vec<Judged>, Error> {
    let mut judged = Vec::new();
    let mut groups = groups(mutations);
    while let Some(mut group) = groups.pop() {
        let mut document = base.document.clone();
        for drawn in &group {
            document = drawn.mutation.apply(&document);
        }
        let broken = match State::of_document(document) {
            Ok(state) => breaks(workspace, base, &state)?,
            // Each alone can be generated.
            Err(error) if group.len() == 1 => return Err(error),
            Err(error) => Some(Break {
                part: Part::Uses,
                reason: error.to_string(),
            }),
        };
        say(&match &broken {
            Some(broken) => format!("{} together: {broken}", group.len()),
            None => format!("{} together: nothing breaks", group.len()),
        })?;
        if broken.is_some() && group.len() > 1 {
            let half = group.split_off(group.len() / 2);
            groups.extend([group, half]);
        } else {
            judged.extend(group.iter().map(|drawn| drawn.judged(broken.clone())));
        }
    }
    Ok(judged)
}

/// Returns groups of mutations that touch different places.
fn groups(mutations: Vec<Drawn>) -> Vec<Vec<Drawn>> {
    let mut groups: Vec<Vec<Drawn>> = Vec::new();
    for drawn in mutations {
        let fits = |group: &&mut Vec<Drawn>| {
            let mut others = group.iter();
            others.all(|one| one.mutation.is_apart_from(&drawn.mutation))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(drawn),
            None => groups.push(vec![drawn]),
        }
    }
    groups
}
