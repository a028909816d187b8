//! The arrows between files, folders and crates, as ARCHITECTURE.md has them.

mod graph;
mod imports;
mod inline;
mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::imports::Imports;
use self::modules::Modules;
use crate::support::project_root;

/// The roots of every crate of the workspace, relative to the project's.
fn crate_roots() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for member in members() {
        let folder = project_root().join(&member);
        let inner = ["", "src", "call", "decode", "tests/cli"].map(|inner| folder.join(inner));
        for folder in inner {
            roots.extend(["lib.rs", "main.rs"].map(|name| folder.join(name)));
        }
    }
    roots.retain(|root| root.exists());
    roots
}

fn members() -> Vec<String> {
    let manifest = manifest(Path::new(""));
    let members = manifest["workspace"]["members"].as_array();
    let members = members.expect("members").iter();
    members
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

fn manifest(folder: &Path) -> toml::Table {
    let path = project_root().join(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(path).expect("a manifest");
    text.parse().expect("TOML")
}

/// A path relative to the project's root, with `/` on every system.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix(project_root()).unwrap_or(path);
    let parts = path.iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// Two files, one of which is the other's builder.
fn is_type_and_builder(circle: &[&str]) -> bool {
    let is_builder = |file: &&str| file.ends_with("builder.rs");
    circle.len() == 2 && circle.iter().filter(|file| is_builder(file)).count() == 1
}

/// Describes each circle of a crate, with what its files use of each other.
fn describe_circles(modules: &Modules, mut imports: Imports) -> Vec<String> {
    let name = |file: usize| shown(&modules.files[file].path);
    let is_generated = |file: usize| name(file).contains("/generated/");
    imports.retain(|(user, used), _| !is_generated(*user) && !is_generated(*used));
    let circles = graph::circles(modules.files.len(), &imports).into_iter();
    let described = circles.filter_map(|circle| {
        let names: Vec<String> = circle.iter().map(|file| name(*file)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if is_type_and_builder(&names) {
            return None;
        }
        let within = imports
            .iter()
            .filter(|((user, used), _)| circle.contains(user) && circle.contains(used));
        let lines = within.map(|((user, used), names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!(
                "  {} -> {} ({})\n",
                name(*user),
                name(*used),
                names.join(", ")
            )
        });
        Some(format!(
            "{} files:\n{}",
            names.len(),
            lines.collect::<String>()
        ))
    });
    described.collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for root in crate_roots() {
        let modules = Modules::read(&root);
        let imports = imports::imports(&modules);
        found.extend(describe_circles(&modules, imports));
    }
    assert!(
        found.is_empty(),
        "circles of imports:\n{}",
        found.join("\n")
    );
}

/// Writes files into a folder and describes the circles of their crate.
fn circles_of(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, text).expect("a file");
    }
    let modules = Modules::read(&folder.path().join("lib.rs"));
    let imports = imports::imports(&modules);
    describe_circles(&modules, imports).join("\n")
}

#[test]
fn a_circle_is_found_through_reexports_and_macros() {
    let lib = ("lib.rs", "mod a;\nmod b;\npub(crate) use a::A;\n");
    let b = ("b.rs", "use crate::A;\npub(crate) fn b(_: A) {}\n");
    let call = (
        "a.rs",
        "pub(crate) struct A;\nfn f() { print!(\"{}\", crate::b::b(A)) }\n",
    );
    let circles = circles_of(&[lib, b, call]);
    assert!(circles.contains("a.rs ("), "{circles}");
    assert!(circles.contains("(crate::b::b)"), "{circles}");

    let test = (
        "a.rs",
        "pub(crate) struct A;\n#[cfg(test)]\nmod tests { use crate::b::b; }\n",
    );
    assert_eq!(circles_of(&[lib, b, test]), "", "tests may use everything");
    let reexport = (
        "a.rs",
        "pub(crate) struct A;\npub(crate) use crate::b::b;\n",
    );
    assert_eq!(
        circles_of(&[lib, b, reexport]),
        "",
        "a re-export uses nothing"
    );
    let module = (
        "a.rs",
        "use crate::b;\npub(crate) struct A;\nfn f() { b::b(A) }\n",
    );
    assert!(circles_of(&[lib, b, module]).contains("(b::b)"));
}

#[test]
fn a_type_and_its_builder_may_use_each_other() {
    let lib = ("lib.rs", "mod client;\nmod client_builder;\n");
    let client = (
        "client.rs",
        "pub(crate) struct Client(super::client_builder::Builder);\n",
    );
    let builder = (
        "client_builder.rs",
        "use super::client::Client;\npub(crate) struct Builder;\n",
    );
    assert_eq!(circles_of(&[lib, client, builder]), "");
}
/// The rows of the table below a heading of `ARCHITECTURE.md`: a name, and the
/// names that it may use.
fn table(heading: &str) -> BTreeMap<String, BTreeSet<String>> {
    let path = project_root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).expect("ARCHITECTURE.md");
    let section = text.split(&format!("\n### {heading}\n")).nth(1);
    let section = section.unwrap_or_else(|| panic!("no heading {heading:?}"));
    let rows = section
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let code = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let name = code(cells[0]).pop_first().expect("a name");
        (name, code(cells[1]))
    })
    .collect()
}

#[test]
fn crates_use_each_other_as_the_table_says() {
    let members = members();
    let name = |folder: &String| {
        let manifest = manifest(Path::new(folder));
        manifest["package"]["name"]
            .as_str()
            .expect("a name")
            .to_owned()
    };
    let names: BTreeSet<String> = members.iter().map(name).collect();
    let mut found = BTreeMap::new();
    for member in &members {
        let manifest = manifest(Path::new(member));
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        let used = dependencies.into_iter().flat_map(toml::Table::keys);
        let used: BTreeSet<String> = used.filter(|used| names.contains(*used)).cloned().collect();
        found.insert(name(member), used);
    }
    assert_eq!(found, table("Arrows between crates"));
}

/// The folder of a file below `src/`; a file there stands for itself.
fn room(path: &Path, src: &Path) -> String {
    let inner = path.strip_prefix(src).expect("a file of the crate");
    let first = inner.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn folders_use_each_other_as_the_table_says() {
    let src = project_root().join("heymarket-api/src");
    let modules = Modules::read(&src.join("lib.rs"));
    let rooms = modules.files.iter().map(|file| room(&file.path, &src));
    let rooms: Vec<String> = rooms.collect();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for room in &rooms {
        found.entry(room.clone()).or_default();
    }
    for ((user, used), names) in imports::imports(&modules) {
        let (from, to) = (&rooms[user], &rooms[used]);
        if from != to {
            found.entry(from.clone()).or_default().insert(to.clone());
        }
        let reaches_inside = names.iter().any(|name| name.contains("generated::"));
        assert!(
            from == "lib" || from == "generated" || !reaches_inside,
            "{from} uses {names:?}, not by way of lib.rs"
        );
    }
    found.remove("lib");
    assert_eq!(found, table("Arrows between folders of heymarket-api"));
}
