//! Growth of codegen and builds with the operations, by specs that hold each
//! operation several times.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::figures::generated;
use super::manifest::CRATE;
use super::table::Table;
use crate::cargo::{cargo, timed};
use crate::error::Error;
use crate::{generate, source, write};

const FACTORS: [usize; 3] = [1, 4, 16];
const FOLDER: &str = "target/weigh/growth";
const PREFIX: &str = "#/components/schemas/";

/// Renders a table with a row for each factor.
pub(super) fn table(root: &Path) -> Result<String, Error> {
    let mut table = Table::new(&[
        "operations",
        "generated lines",
        "codegen",
        "check",
        "dev build",
        "release build",
    ]);
    for factor in FACTORS {
        let project = multiplied(root, factor)?;
        let start = Instant::now();
        let files = generate(&project)?;
        write::write(&project, &files)?;
        let codegen = start.elapsed();
        let (lines, operations) = generated(&project)?;
        let mut row = vec![
            operations.to_string(),
            lines.to_string(),
            format!("{:.1} s", codegen.as_secs_f64()),
        ];
        for arguments in [
            &["check", "--quiet"][..],
            &["build", "--quiet"],
            &["build", "--quiet", "--release"],
        ] {
            row.push(format!("{:.1} s", build(root, &project, arguments)?));
        }
        table.row(row);
    }
    Ok(format!(
        "Specs that hold every operation, and every schema without a hand-written type, several \
         times. The builds are of the crate alone, after its dependencies.\n\n{}",
        table.render()
    ))
}

/// Returns the build time of the crate in seconds, without its dependencies.
fn build(root: &Path, project: &Path, arguments: &[&str]) -> Result<f64, Error> {
    let run = || {
        let mut command = cargo(project, arguments);
        command.args(["--package", CRATE]);
        command.env("CARGO_TARGET_DIR", root.join(FOLDER).join("target"));
        // As for a dependency from a registry.
        command.env("CARGO_INCREMENTAL", "0");
        timed(command)
    };
    run()?;
    let library = project.join(CRATE).join("src/lib.rs");
    let touch = || {
        let file = fs::File::options().append(true).open(&library)?;
        file.set_modified(std::time::SystemTime::now())
    };
    touch().map_err(|error| unwritable(&library, &error))?;
    Ok(run()?.wall.as_secs_f64())
}

/// Writes a project whose spec has every operation `factor` times.
fn multiplied(root: &Path, factor: usize) -> Result<PathBuf, Error> {
    let project = root.join(FOLDER).join(factor.to_string());
    match fs::remove_dir_all(&project) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unwritable(&project, &error));
        }
        _ => {}
    }
    for folder in [CRATE, source::FOLDER] {
        copy(&root.join(folder), &project.join(folder))?;
    }
    for file in ["Cargo.lock", "README.md"] {
        copy(&root.join(file), &project.join(file))?;
    }
    let manifest = project.join(CRATE).join("Cargo.toml");
    put(&manifest, &without_tests(&read(&manifest)?))?;
    let manifest = read(&root.join("Cargo.toml"))?;
    let members = manifest.lines().map(|line| {
        if line.starts_with("members = ") {
            format!("members = [\"{CRATE}\"]\n")
        } else {
            format!("{line}\n")
        }
    });
    put(&project.join("Cargo.toml"), &members.collect::<String>())?;
    let schemas = copied_schemas(&root.join(source::FOLDER))?;
    for copy in 2..=factor {
        for (folder, is_paths) in [("paths", true), ("schemas", false)] {
            let folder = Path::new(source::FOLDER).join(folder);
            for name in yaml(&root.join(&folder))? {
                let text = read(&root.join(&folder).join(&name))?;
                let text = if is_paths {
                    paths_again(&text, copy, &schemas)
                } else {
                    schemas_again(&text, copy, &schemas)
                };
                if !text.trim().is_empty() {
                    put(
                        &project.join(&folder).join(format!("x{copy}-{name}")),
                        &text,
                    )?;
                }
            }
        }
    }
    Ok(project)
}

/// Removes from a manifest the dependencies of tests and examples, which the project
/// does not have.
fn without_tests(manifest: &str) -> String {
    let mut is_kept = true;
    let lines = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            is_kept = *line != "[dev-dependencies]";
        }
        is_kept
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// Returns the schemas that can be copied under another name: those without a
/// hand-written type and without an open enum, whose variants would have the same
/// names. An operation uses each of them through such schemas only.
fn copied_schemas(folder: &Path) -> Result<BTreeSet<String>, Error> {
    let mut own = BTreeMap::new();
    for name in yaml(&folder.join("schemas"))? {
        for block in blocks(&read(&folder.join("schemas").join(name))?) {
            let is_single = block.contains("\n  x-wire:") || block.contains("\n  x-open-enum:");
            if let Some((name, _)) = block.split_once(':')
                && !is_single
            {
                own.insert(name.to_owned(), block);
            }
        }
    }
    let mut texts = Vec::new();
    for name in yaml(&folder.join("paths"))? {
        texts.push(read(&folder.join("paths").join(name))?);
    }
    let mut copied = BTreeSet::new();
    while let Some(text) = texts.pop() {
        for name in text.split(PREFIX).skip(1).map(name_at_start) {
            if let Some(block) = own.get(name)
                && copied.insert(name.to_owned())
            {
                texts.push(block.clone());
            }
        }
    }
    Ok(copied)
}

fn name_at_start(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
    &text[..end.unwrap_or(text.len())]
}

/// Splits the text of a file before each line that is not indented.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        let begins = !line.starts_with([' ', '#', '-']) && !line.is_empty();
        match blocks.last_mut() {
            Some(block) if !begins => {
                block.push_str(line);
                block.push('\n');
            }
            _ => blocks.push(format!("{line}\n")),
        }
    }
    blocks
}

fn paths_again(text: &str, copy: usize, schemas: &BTreeSet<String>) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("/v") {
            return format!("/x{copy}{line}\n");
        }
        for key in ["operationId: ", "walk: "] {
            if let Some((before, name)) = line.split_once(key) {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
                let (name, after) = name.split_at(end);
                return format!("{before}{key}{name}_x{copy}{after}\n");
            }
        }
        format!("{}\n", references(line, copy, schemas))
    });
    lines.collect()
}

fn schemas_again(text: &str, copy: usize, schemas: &BTreeSet<String>) -> String {
    let blocks = blocks(text).into_iter().filter_map(|block| {
        let (name, rest) = block.split_once(':')?;
        schemas.contains(name).then(|| {
            let lines = rest
                .lines()
                .map(|line| references(line, copy, schemas) + "\n");
            format!("{name}Copy{copy}:{}", lines.collect::<String>())
        })
    });
    blocks.collect()
}

/// Redirects the references of a line to the copies.
fn references(line: &str, copy: usize, schemas: &BTreeSet<String>) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(PREFIX) {
        let (name, after) = after.split_at(name_at_start(after).len());
        out.push_str(before);
        out.push_str(PREFIX);
        out.push_str(name);
        if schemas.contains(name) {
            out.push_str(&format!("Copy{copy}"));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn yaml(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        fs::copy(from, to).map_err(|error| unwritable(to, &error))?;
        return Ok(());
    }
    fs::create_dir_all(to).map_err(|error| unwritable(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| unreadable(from, &error))? {
        let name = entry.map_err(|error| unreadable(from, &error))?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn put(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| unwritable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unreadable {
        path: path.into(),
        reason: error.to_string(),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unwritable {
        path: path.into(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::metadata;

    #[test]
    fn a_multiplied_project_generates_and_cargo_reads_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let project = multiplied(&root, 2).expect("a project");
        let files = generate(&project).expect("a client");
        write::write(&project, &files).expect("files");
        let (_, single) = generated(&root).expect("figures");
        let (_, operations) = generated(&project).expect("figures");
        assert_eq!(operations, 2 * single);
        metadata(&project).expect("a project that cargo reads");
    }
}
