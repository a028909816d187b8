//! `cargo xtask weigh`: build time and size of the crate, compared with its bare
//! dependencies.

use std::path::Path;
use std::process::Command;

use super::aims::{self, Aim};
use super::figures::{FEATURE_SETS, crates, generated};
use super::manifest::CRATE;
use super::program::{Kind, Program, pair, with_features};
use super::table::Table;
use super::{document, growth, machine};
use crate::cargo::{Took, cargo, output};
use crate::command::Output;
use crate::error::Error;

const PROFILES: [&str; 2] = ["dev", "release"];

/// Builds, prints the tables, and writes them to `docs/performance.md`. With
/// `growth` it builds clients of more operations, and otherwise everything else.
///
/// # Errors
///
/// Returns an error if a build fails or the document cannot be written.
pub fn run(root: &Path, rounds: usize, growth: bool, output: &mut Output<'_>) -> Result<(), Error> {
    let mut text = machine::describe(root, &["reqwest", "serde"])?;
    text.push_str("\n\n");
    let section = if growth {
        output.say(
            "generating and building clients of 1, 4 and 16 times the operations: \
                    about ten minutes",
        )?;
        text.push_str(&growth::table(root)?);
        output.print(&text)?;
        "weigh-growth"
    } else {
        output.say("building from nothing, again and again: about a quarter of an hour")?;
        output.print(&text)?;
        // Printed at once, since the next part takes minutes.
        let mut add = |part: String, output: &mut Output<'_>| {
            text.push_str(&part);
            output.print(&part)
        };
        add(builds(root, rounds, output)?, output)?;
        add(features(root, output)?, output)?;
        add(code(root)?, output)?;
        "weigh"
    };
    document::replace(root, section, &text)
}

/// The builds of a pair of programs in a profile, round by round.
#[derive(Default)]
struct Builds {
    cold: [Vec<Took>; 2],
    touched: [Vec<Took>; 2],
}

fn builds(root: &Path, rounds: usize, output: &mut Output<'_>) -> Result<String, Error> {
    let mut times = Table::new(&[
        "build",
        "with the crate",
        "bare",
        "x",
        "processor time",
        "bare",
        "x",
    ]);
    let mut sizes = Table::new(&["stripped program", "with the crate", "bare", "more"]);
    let mut cold = Vec::new();
    for (name, kind) in [
        ("hello world", Kind::Client),
        ("types and webhooks", Kind::Types),
    ] {
        let programs = pair(root, kind)?;
        for profile in PROFILES {
            output.say(&format!("{name}, {profile}"))?;
            let builds = measure(&programs, profile, rounds)?;
            times.row(row(&format!("{name}, {profile}, cold"), &builds.cold));
            times.row(row(&format!("{name}, {profile}, touched"), &builds.touched));
            cold.push((profile, kind, builds.cold));
        }
        let [with, without] = [programs[0].size()?, programs[1].size()?];
        sizes.row([
            name.to_owned(),
            kib(with),
            kib(without),
            kib(with.saturating_sub(without)),
        ]);
    }
    Ok(format!(
        "A program with the crate, and the same program on the crate's bare dependencies, with \
         the same features and versions. Each is built from nothing, and again after a change of \
         its `main.rs`. The median of {rounds} rounds in alternation. Other work on the machine \
         affects the ratio of processor time least.\n\n{}\n{}\n{}",
        aims::table(&aims(&cold)),
        times.render(),
        sizes.render(),
    ))
}

/// Cold builds of a kind in a profile, with and without the crate.
type Cold = (&'static str, Kind, [Vec<Took>; 2]);

fn aims(cold: &[Cold]) -> Vec<Aim> {
    let of = |profile: &str, kind: Kind| {
        cold.iter()
            .find(|(other, of, _)| *other == profile && *of == kind)
            .map_or([f64::NAN; 2], |(_, _, builds)| {
                [median(&builds[0], wall), median(&builds[1], wall)]
            })
    };
    let aims = PROFILES.map(|profile| {
        let [full, bare] = of(profile, Kind::Client);
        let [alone, _] = of(profile, Kind::Types);
        [
            Aim {
                name: format!("hello world, {profile}, cold: relative to its bare dependencies"),
                most: 1.10,
                is: full / bare,
            },
            Aim {
                name: format!("types and webhooks, {profile}, cold: relative to hello world"),
                most: 0.33,
                is: alone / full,
            },
        ]
    });
    aims.into_iter().flatten().collect()
}

fn measure(programs: &[Program; 2], profile: &str, rounds: usize) -> Result<Builds, Error> {
    let mut builds = Builds::default();
    for round in 0..rounds {
        for turn in 0..2 {
            let index = (round + turn) % 2;
            let program = &programs[index];
            builds.cold[index].push(program.cold(profile)?);
            builds.touched[index].push(program.touched(profile)?);
        }
    }
    Ok(builds)
}

fn row(name: &str, [ours, bare]: &[Vec<Took>; 2]) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    for of in [wall, processor] {
        let (ours, bare) = (median(ours, of), median(bare, of));
        row.push(format!("{ours:.1} s"));
        row.push(format!("{bare:.1} s"));
        row.push(format!("{:.2}", ours / bare));
    }
    row
}

fn wall(took: &Took) -> f64 {
    took.wall.as_secs_f64()
}

fn processor(took: &Took) -> f64 {
    took.processor.as_secs_f64()
}

fn median(builds: &[Took], of: impl Fn(&Took) -> f64) -> f64 {
    let mut values: Vec<f64> = builds.iter().map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

/// Renders a table of the feature sets: their crates, and what their builds add to
/// those before them.
fn features(root: &Path, output: &mut Output<'_>) -> Result<String, Error> {
    output.say("each feature")?;
    let mut table = Table::new(&["features", "crates", "dev build on top", "processor time"]);
    for (index, (name, features)) in FEATURE_SETS.into_iter().enumerate() {
        let program = with_features(root, features)?;
        let took = match index {
            0 => program.cold("dev")?,
            _ => program.build("dev")?,
        };
        table.row([
            name.to_owned(),
            crates(root, features)?.to_string(),
            format!("{:.1} s", wall(&took)),
            format!("{:.1} s", processor(&took)),
        ]);
    }
    Ok(format!(
        "\nThe cost of each feature: the number of other crates in the tree, and one build of an \
         empty program with the crate. The first row is built from nothing. Each later row is \
         built on top of those above it, and shares what it has in common with them.\n\n{}",
        table.render()
    ))
}

fn code(root: &Path) -> Result<String, Error> {
    let (lines, operations) = generated(root)?;
    let llvm = match llvm_lines(root) {
        Some(lines) => format!("{lines} lines of LLVM IR before optimisation"),
        None => {
            "`cargo llvm-lines` is not installed, so lines of LLVM IR are not counted".to_owned()
        }
    };
    Ok(format!(
        "\nGenerated code: {lines} lines for {operations} operations, {} for each; {llvm}.",
        lines / operations.max(1)
    ))
}

/// Returns the total of `cargo llvm-lines` for the library, if it is installed.
fn llvm_lines(root: &Path) -> Option<String> {
    let run = |command: Command| output(command).ok();
    run(cargo(root, &["llvm-lines", "--version"]))?;
    let arguments = [
        "llvm-lines",
        "--package",
        CRATE,
        "--lib",
        "--features",
        "client,rustls",
    ];
    let table = run(cargo(root, &arguments))?;
    let total = table.lines().find(|line| line.contains("(TOTAL)"))?;
    total.split_whitespace().next().map(str::to_owned)
}
