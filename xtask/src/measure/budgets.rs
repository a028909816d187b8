//! `cargo xtask budgets`: figures that are the same on every machine, with their
//! limits.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::bench::{items, number, text};
use super::figures::{FEATURE_SETS, crates, generated};
use super::program::{Kind, Program, pair};
use super::table::Table;
use crate::cargo::bench;
use crate::command::Output;
use crate::error::Error;

/// The path of the budgets, relative to the project's root.
pub const PATH: &str = "xtask/budgets.toml";

/// Figures by group and name.
pub type Figures<T> = BTreeMap<String, BTreeMap<String, T>>;

/// The limit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Budget {
    /// The limit.
    pub most: f64,
    /// By how much the limit may be exceeded, in the same unit.
    pub slack: f64,
}

/// A figure that exceeds its budget by more than the slack.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exceeded {
    /// The figure, `group: name`.
    pub figure: String,
    /// The measured value.
    pub measured: f64,
    /// Its budget.
    pub budget: Budget,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Budget { most, slack } = self.budget;
        write!(
            f,
            "{} is {:.1} and exceeds its budget of {most} with a slack of {slack}: reduce it, or \
             raise the budget in {PATH} and say why",
            self.figure, self.measured
        )
    }
}

/// Measures, prints every figure with its budget, and returns whether all are
/// within.
///
/// # Errors
///
/// Returns an error if the budgets cannot be read or a figure cannot be measured.
pub fn run(root: &Path, output: &mut Output<'_>) -> Result<bool, Error> {
    let budgets = read(root)?;
    let figures = measure(root)?;
    let exceeded = check(&budgets, &figures)?;
    let mut table = Table::new(&["figure", "measured", "budget", "slack"]);
    for (group, name, is) in each(&figures) {
        let Budget { most, slack } = budgets[group][name];
        let cells = [format!("{is:.1}"), most.to_string(), slack.to_string()];
        table.row([format!("{group}: {name}")].into_iter().chain(cells));
    }
    output.print(&table.render())?;
    for exceeded in &exceeded {
        output.say(&exceeded.to_string())?;
    }
    if exceeded.is_empty() {
        output.say("all figures are within their budgets")?;
    }
    Ok(exceeded.is_empty())
}

/// Reads the budgets of a project.
///
/// # Errors
///
/// Returns an error if the file cannot be read or is malformed.
pub fn read(root: &Path) -> Result<Figures<Budget>, Error> {
    let text = fs::read_to_string(root.join(PATH)).map_err(|error| Error::Unreadable {
        path: PATH.into(),
        reason: error.to_string(),
    })?;
    parse(&text)
}

/// Parses budgets: a table for each group, with lines of
/// `name = { most = 1, slack = 0 }`.
///
/// # Errors
///
/// Returns an error if the text is not TOML, a key is missing or unknown, a number
/// is not finite, or a slack is negative.
pub fn parse(text: &str) -> Result<Figures<Budget>, Error> {
    let malformed = |reason: String| Error::Budgets { reason };
    let budgets: Figures<Budget> =
        toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
    for (group, names) in &budgets {
        for (name, budget) in names {
            if !budget.most.is_finite() || !budget.slack.is_finite() || budget.slack < 0.0 {
                return Err(malformed(format!(
                    "{group}: {name}: `most` and `slack` are finite, and `slack` is not below zero"
                )));
            }
        }
    }
    Ok(budgets)
}

/// Returns the figures that exceed their budgets.
///
/// # Errors
///
/// Returns an error that lists every figure without a budget, and every budget
/// without a figure.
pub fn check(budgets: &Figures<Budget>, figures: &Figures<f64>) -> Result<Vec<Exceeded>, Error> {
    let (mut exceeded, mut problems) = (Vec::new(), Vec::new());
    for (group, name, measured) in each(figures) {
        match budgets.get(group).and_then(|names| names.get(name)) {
            // NaN is not within any budget.
            Some(budget) if *measured <= budget.most + budget.slack => {}
            Some(budget) => exceeded.push(Exceeded {
                figure: format!("{group}: {name}"),
                measured: *measured,
                budget: *budget,
            }),
            None => problems.push(format!(
                "{group}: {name} has no budget; it is {measured:.1}: add \
                 `\"{name}\" = {{ most = …, slack = … }}` under `[{group}]`"
            )),
        }
    }
    for (group, name, _) in each(budgets) {
        let measured = figures.get(group);
        if measured.is_none_or(|names| !names.contains_key(name)) {
            problems.push(format!(
                "{group}: {name} is not a measured figure; remove its budget"
            ));
        }
    }
    if problems.is_empty() {
        Ok(exceeded)
    } else {
        Err(Error::Budgets {
            reason: problems.join("\n"),
        })
    }
}

fn each<T>(figures: &Figures<T>) -> impl Iterator<Item = (&String, &String, &T)> {
    figures
        .iter()
        .flat_map(|(group, names)| names.iter().map(move |(name, value)| (group, name, value)))
}

fn measure(root: &Path) -> Result<Figures<f64>, Error> {
    let mut figures = Figures::new();
    let mut put = |group: &str, name: &str, value: f64| {
        let group = figures
            .entry(group.to_owned())
            .or_insert_with(BTreeMap::new);
        group.insert(name.to_owned(), value);
    };
    // An optimized build allocates as often, or once less, and takes longer.
    let report = bench(root, "call", "dev", &["--allocations"])?;
    for call in items(&report, "calls") {
        let of = |name: &str| {
            let row = items(call, "rows").find(|row| text(row, "row") == name);
            row.map_or(f64::NAN, |row| number(row, "allocations"))
        };
        let ours = items(call, "rows").next();
        let ours = ours.map_or(f64::NAN, |row| number(row, "allocations"));
        put("allocations", text(call, "call"), ours);
        let more = ours - of(text(&report, "compared_with"));
        put("allocations-more-than-by-hand", text(call, "call"), more);
    }
    for (name, features) in FEATURE_SETS {
        put("crates", name, crates(root, features)? as f64);
    }
    let (lines, operations) = generated(root)?;
    put(
        "generated",
        "lines per operation",
        lines as f64 / operations as f64,
    );
    for (name, kind) in [
        ("hello world", Kind::Client),
        ("types and webhooks", Kind::Types),
    ] {
        // Only sizes are measured, so the second build may reuse the first.
        let programs = pair(root, kind)?.map(Program::sharing);
        for program in &programs {
            program.build("release")?;
        }
        let [with, without] = [programs[0].size()?, programs[1].size()?];
        put("stripped-kib", name, with as f64 / 1024.0);
        put(
            "stripped-kib-more-than-bare",
            name,
            (with as f64 - without as f64) / 1024.0,
        );
    }
    Ok(figures)
}
