//! The workspace that the library of a mutation is built in: the files of this
//! one, by links, with another generated client, and the collection in three tests.
//!
//! `uses` is only checked. `observe` and `collection` run; `collection` has the tests
//! of the project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::judgement::{Break, Part};
use super::witness::Witness;
use crate::cargo::cargo;
use crate::diff::state::State;
use crate::error::Error;
use crate::output::CLIENT;

/// The tests of the project that use the library alone. They are the previous
/// release's collection, beside the examples of its documentation.
const COLLECTION: [&str; 6] = [
    "wire",
    "payloads",
    "paging",
    "checks",
    "shapes",
    "shortcuts",
];

/// The manifest of the collection, without the tests of the project.
const MANIFEST: &str = r#"[package]
name = "witness"
version = "0.0.0"
edition = "2024"
publish = false

[lib]
path = "lib.rs"
test = false
doctest = false

[[test]]
name = "uses"
path = "uses.rs"

[[test]]
name = "observe"
path = "observe.rs"

[[test]]
name = "collection"
path = "collection.rs"

[dev-dependencies]
heymarket-api = { workspace = true, features = ["axum", "client", "gzip", "rustls", "test-util"] }
jiff.workspace = true
serde.workspace = true
serde_json.workspace = true
"#;

/// What the tests of the project need besides.
const OF_THE_TESTS: &str = r#"fastrand.workspace = true
http.workspace = true
httpmock.workspace = true
proptest.workspace = true
tokio = { workspace = true, features = ["io-util", "macros", "net", "rt-multi-thread", "time"] }

[target.'cfg(unix)'.dev-dependencies]
nix.workspace = true
"#;

/// Tests that state what a later release may change without breaking a caller.
const NOT_PROMISED: [&str; 2] = [
    // The number of operations.
    "every_operation_of_the_spec",
    // The refusal of an invalid request: with a wider limit it is sent.
    "by_a_client_that_checks",
];

/// What a mutated library is built and run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Collection {
    /// The witness, with the examples of the documentation.
    Witness,
    /// The witness, and the tests of the project that use the library alone.
    All,
}

/// The workspace.
pub(super) struct Workspace {
    folder: PathBuf,
    target: PathBuf,
    /// What the witness observes of the previous release.
    baseline: Vec<String>,
}

impl Workspace {
    /// Makes the workspace of the previous release, whose collection must pass.
    pub(super) fn new(
        root: &Path,
        state: &State,
        witness: Witness,
        collection: Collection,
    ) -> Result<Self, Error> {
        let target = root.join("target");
        let folder = target.join("judge");
        link(
            root,
            &folder,
            &[
                "target",
                ".git",
                "heymarket-api",
                "tests",
                "Cargo.toml",
                "Cargo.lock",
            ],
        )?;
        link(
            &root.join("heymarket-api"),
            &folder.join("heymarket-api"),
            &["src"],
        )?;
        let src = "heymarket-api/src";
        link(&root.join(src), &folder.join(src), &["generated"])?;
        let tests = folder.join("tests");
        let written = [
            ("Cargo.toml", manifest_of_tests(collection)),
            ("lib.rs", String::new()),
            ("uses.rs", witness.uses),
            ("observe.rs", witness.observe),
            ("collection.rs", modules(collection)),
        ];
        let names = written.each_ref().map(|(name, _)| *name);
        link(
            &root.join("tests"),
            &tests,
            &[&names[..], &["main.rs"]].concat(),
        )?;
        write(
            &folder.join("Cargo.toml"),
            &manifest(&read(&root.join("Cargo.toml"))?),
        )?;
        write(&folder.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)?;
        for (name, text) in written {
            write(&tests.join(name), &text)?;
        }
        let mut workspace = Self {
            folder,
            target,
            baseline: Vec::new(),
        };
        if let Some(broken) = workspace.run(state)? {
            return Err(Error::Unexpected(format!(
                "the collection does not pass without a mutation: {broken}"
            )));
        }
        workspace.baseline = workspace.observed()?;
        Ok(workspace)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns how many observations the witness makes.
    pub(super) fn observations(&self) -> usize {
        self.baseline.len()
    }

    /// Compiles and runs the collection with the client of a state, and returns what
    /// breaks. The first part that fails ends the run; those that take less come first.
    pub(super) fn run(&self, state: &State) -> Result<Option<Break>, Error> {
        self.write_client(state)?;
        let broken = |part, reason| Ok(Some(Break { part, reason }));
        if let Err(reason) = self.cargo(&["check", "--test", "uses"], &[])? {
            return broken(Part::Uses, reason);
        }
        if let Err(reason) = self.cargo(&["test", "--test", "observe"], &[])? {
            return broken(Part::Observations, reason);
        }
        let observed = self.observed()?;
        if let Some(line) = self.baseline.iter().find(|line| !observed.contains(line)) {
            return broken(Part::Observations, format!("no longer: {line}"));
        }
        let skipped = NOT_PROMISED.iter().flat_map(|name| ["--skip", name]);
        let run = ["test", "--test", "collection"];
        match self.cargo(&run, &skipped.collect::<Vec<_>>())? {
            Ok(()) => Ok(None),
            Err(reason) => broken(Part::Tests, reason),
        }
    }

    /// Writes the client of a state into the workspace.
    pub(super) fn write_client(&self, state: &State) -> Result<(), Error> {
        for (name, text) in &state.client {
            write(&self.folder.join(CLIENT).join(name), text)?;
        }
        Ok(())
    }

    fn transcript(&self) -> PathBuf {
        self.folder.join("transcript.txt")
    }

    fn observed(&self) -> Result<Vec<String>, Error> {
        let text = read(&self.transcript())?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Runs cargo; the inner error is the first line of what it says.
    fn cargo(&self, command: &[&str], test: &[&str]) -> Result<Result<(), String>, Error> {
        let mut cargo: Command = cargo(&self.folder, command);
        cargo
            .args([
                "--quiet",
                "--offline",
                "--package",
                "witness",
                "--target-dir",
            ])
            .arg(&self.target)
            .env("HEYMARKET_WITNESS", self.transcript())
            .stdin(Stdio::null());
        if !test.is_empty() {
            cargo.arg("--").args(test);
        }
        let output = cargo.output().map_err(|error| Error::Command {
            program: format!("cargo {}", command.join(" ")),
            reason: error.to_string(),
        })?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        let text = [output.stderr, output.stdout].concat();
        let text = String::from_utf8_lossy(&text);
        let first = text
            .lines()
            .find(|line| line.contains("panicked"))
            .or_else(|| text.lines().find(|line| line.starts_with("error")))
            .or_else(|| text.lines().next());
        Ok(Err(first.unwrap_or("no message").to_owned()))
    }
}

/// Returns the manifest of the collection.
fn manifest_of_tests(collection: Collection) -> String {
    match collection {
        Collection::Witness => MANIFEST.to_owned(),
        Collection::All => [MANIFEST, OF_THE_TESTS].concat(),
    }
}

/// Returns the modules of the tests of the project.
fn modules(collection: Collection) -> String {
    let mut modules = String::new();
    if collection == Collection::All {
        for name in ["support"].iter().chain(&COLLECTION) {
            modules.push_str(&format!("mod {name};\n"));
        }
    }
    modules
}

/// Returns the manifest of the workspace, with the library and the witness as its
/// members, and without debug information, which takes time to write.
fn manifest(text: &str) -> String {
    let mut manifest = String::new();
    for line in text.lines() {
        let line = match line.split_once(" = ") {
            Some(("members", _)) => r#"members = ["heymarket-api", "tests"]"#,
            Some(("exclude", _)) => "",
            Some(("debug", _)) => "debug = false",
            _ => line,
        };
        manifest.push_str(line);
        manifest.push('\n');
    }
    manifest
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Writes a file if it is not so already, so that cargo has nothing to do where
/// nothing changed. A link that an earlier version left is replaced: it leads to a file of
/// the project.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let is_link = path.is_symlink();
    if !is_link && fs::read_to_string(path).ok().as_deref() == Some(text) {
        return Ok(());
    }
    let write = || {
        if is_link {
            fs::remove_file(path)?;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    };
    write().map_err(|error: std::io::Error| Error::Unwritable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Links what is in a folder into another one, but for what is there.
#[cfg(unix)]
fn link(from: &Path, to: &Path, but: &[&str]) -> Result<(), Error> {
    let link = || {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            let is_left_out = but.iter().any(|name| entry.file_name() == *name);
            if !is_left_out && target.symlink_metadata().is_err() {
                std::os::unix::fs::symlink(entry.path(), target)?;
            }
        }
        Ok(())
    };
    link().map_err(|error: std::io::Error| Error::Unwritable {
        path: to.to_owned(),
        reason: error.to_string(),
    })
}

/// Not available.
#[cfg(not(unix))]
fn link(_: &Path, to: &Path, _: &[&str]) -> Result<(), Error> {
    Err(Error::Unwritable {
        path: to.to_owned(),
        reason: "the verdict is judged on Unix only".to_owned(),
    })
}
