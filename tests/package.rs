//! The packages, as they would be published.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::project_root;

/// What a command of cargo prints.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(project_root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn metadata(arguments: &[&str]) -> Value {
    let mut all = vec!["metadata", "--locked", "--format-version", "1"];
    all.extend(arguments);
    serde_json::from_str(&cargo(&all)).expect("JSON")
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("packages")
}

/// The targets of Markdown links in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
}

/// The crates that are published.
fn published(metadata: &Value) -> Vec<&str> {
    let packages = packages(metadata).iter();
    let published = packages.filter(|package| package["publish"].is_null());
    published
        .map(|package| package["name"].as_str().expect("a name"))
        .collect()
}

/// The version of the library, which all crates share.
fn version_of_the_workspace(metadata: &Value) -> &Value {
    let library = packages(metadata)
        .iter()
        .find(|package| package["name"] == "heymarket-api");
    &library.expect("the library")["version"]
}

#[test]
fn every_crate_that_a_user_needs_is_published() {
    let metadata = metadata(&["--no-deps"]);
    let published = published(&metadata);
    for name in [
        "api", "cli", "gateway", "mcp", "outbox", "sandbox", "stores",
    ] {
        let name = format!("heymarket-{name}");
        assert!(published.contains(&name.as_str()), "{name}: {published:?}");
    }
    let version = version_of_the_workspace(&metadata);
    for package in packages(&metadata) {
        let name = package["name"].as_str().expect("a name");
        if published.contains(&name) {
            assert_eq!(package["version"], *version, "{name}");
            let readme = project_root().join(name).join("README.md");
            assert!(readme.is_file(), "{name} has no README.md");
        }
        for dependency in package["dependencies"].as_array().expect("an array") {
            let on = dependency["name"].as_str().expect("a name");
            let is_local = !dependency["path"].is_null() && dependency["kind"] != "dev";
            if published.contains(&name) && is_local {
                assert!(published.contains(&on), "{name} needs {on}");
                assert_ne!(dependency["req"], "*", "{name} asks for no version of {on}");
            }
        }
    }
}

#[test]
fn every_link_in_the_packages_leads_somewhere() {
    let metadata = metadata(&["--no-deps"]);
    for name in published(&metadata) {
        let listed = cargo(&["package", "--list", "--allow-dirty", "--package", name]);
        let files: BTreeSet<&str> = listed.lines().collect();
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(files.contains(file), "{name} lacks {file}: {files:?}");
        }
        let root = project_root().join(name);
        for file in files.iter().filter(|file| file.ends_with(".md")) {
            let text = fs::read_to_string(root.join(file)).expect(file);
            for link in links(&text).filter(|link| !link.contains("://")) {
                let path = Path::new(file).with_file_name(link);
                let path = path.to_str().expect("UTF-8");
                assert!(
                    files.contains(path),
                    "{name}: {file} links {link}, which is not packaged"
                );
            }
        }
    }
}

#[test]
fn the_address_of_the_repository_is_in_one_place() {
    let metadata = metadata(&["--no-deps"]);
    let addresses: BTreeSet<_> = packages(&metadata)
        .iter()
        .map(|package| package["repository"].as_str())
        .collect();
    assert_eq!(addresses.len(), 1, "{addresses:?}");
    assert!(addresses.iter().all(Option::is_some), "none has an address");
    for package in packages(&metadata) {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let manifest = fs::read_to_string(manifest).expect(manifest);
        assert!(
            manifest.contains("\nrepository.workspace = true\n"),
            "{} does not inherit `repository`",
            package["name"]
        );
    }
}

#[test]
fn no_dependency_asks_for_a_newer_compiler_than_the_library() {
    let metadata = metadata(&["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let package = |name: &str| {
        let found = packages(&metadata)
            .iter()
            .find(|package| package["name"] == name);
        found.expect(name)
    };
    let minimum = version(&package("heymarket-api")["rust_version"]).expect("a version");
    for id in dependencies(&metadata, &package("heymarket-api")["id"]) {
        let found = packages(&metadata)
            .iter()
            .find(|package| package["id"] == *id);
        let found = found.expect("a package");
        let asks = version(&found["rust_version"]).unwrap_or_default();
        assert!(asks <= minimum, "{} asks for Rust {asks:?}", found["id"]);
    }
}

#[test]
fn the_lock_file_of_the_fuzz_targets_is_up_to_date() {
    cargo(&[
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--manifest-path",
        "fuzz/Cargo.toml",
    ]);
}

/// The packages that one needs to be built, without those of its tests.
fn dependencies<'a>(metadata: &'a Value, root: &'a Value) -> BTreeSet<&'a str> {
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let mut open = vec![root.as_str().expect("an ID")];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id).expect(id);
        let built = node["deps"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|dependency| {
                let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
                kinds.into_iter().any(|kind| kind["kind"] != "dev")
            });
        open.extend(built.filter_map(|dependency| dependency["pkg"].as_str()));
    }
    seen
}

/// `1.88` or `1.88.0` as numbers.
fn version(value: &Value) -> Option<Vec<u32>> {
    let mut numbers: Vec<u32> = value
        .as_str()?
        .split('.')
        .map(|number| number.parse().expect("a number"))
        .collect();
    numbers.resize(3, 0);
    Some(numbers)
}
