//! The files of a release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::checks::{members, published, text};
use super::step::{Release, Step, TARGET, unwritable};
use crate::cargo::{cargo, output};
use crate::error::Error;

/// The programs: the crate, and the name of its binary.
const PROGRAMS: [(&str, &str); 2] = [
    ("heymarket-cli", "heymarket"),
    ("heymarket-sandbox", "heymarket-sandbox"),
];

/// The shells, with the names of their completion files.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "heymarket"),
    ("zsh", "_heymarket"),
    ("fish", "heymarket.fish"),
];

/// Packages every crate that is published.
pub(super) fn packages(release: &Release<'_>) -> Result<Step, Error> {
    let packages = published(release)?;
    let mut arguments = vec![
        "package",
        "--quiet",
        "--locked",
        "--allow-dirty",
        "--no-verify",
    ];
    for package in &packages {
        arguments.extend(["--package", text(package, "name")]);
    }
    output(cargo(release.root, &arguments))?;
    let folder = folder(release, "packages")?;
    for package in &packages {
        let name = format!("{}-{}.crate", text(package, "name"), release.version);
        copy(
            &release.root.join("target/package").join(&name),
            &folder.join(&name),
        )?;
    }
    Ok(Step::Done(format!(
        "{} packages; `.ci/packages` uses them",
        packages.len()
    )))
}

/// Writes the bill of materials of each program, in the format of CycloneDX.
pub(super) fn bills(release: &Release<'_>) -> Result<Step, Error> {
    if !has_subcommand("cyclonedx") {
        return Ok(missing("cargo-cyclonedx"));
    }
    let folder = folder(release, "sbom")?;
    for (package, _) in PROGRAMS {
        let manifest = format!("{package}/Cargo.toml");
        let name = format!("{package}-{}.cdx", release.version);
        output(cargo(
            release.root,
            &[
                "cyclonedx",
                "--quiet",
                "--format",
                "json",
                "--target",
                TARGET,
                "--override-filename",
                &name,
                "--manifest-path",
                &manifest,
            ],
        ))?;
        // The tool writes beside each manifest of the workspace.
        let written = format!("{name}.json");
        let path = folder.join(&written);
        copy(&release.root.join(package).join(&written), &path)?;
        for member in members(release)? {
            let manifest = Path::new(text(&member, "manifest_path"));
            let _ = fs::remove_file(manifest.with_file_name(&written));
        }
        without_folder(release, &path)?;
    }
    Ok(Step::Done(format!("{} files in sbom/", PROGRAMS.len())))
}

/// Removes the folder of the project from the names of its crates in a bill.
fn without_folder(release: &Release<'_>, path: &Path) -> Result<(), Error> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let root = fs::canonicalize(release.root).map_err(|error| unreadable(release.root, &error))?;
    let folder = format!("path+file://{}/", root.display());
    fs::write(path, text.replace(&folder, "")).map_err(|error| unwritable(path, &error))
}

/// Builds the programs for Linux without a C library of the system.
pub(super) fn binaries(release: &Release<'_>) -> Result<Step, Error> {
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let has_target = libraries
        .is_ok_and(|found| Path::new(String::from_utf8_lossy(&found.stdout).trim()).is_dir());
    if !has_target {
        let install = format!("rustup target add {TARGET}");
        return Ok(Step::Missing(format!(
            "the target {TARGET} is not installed: {install}"
        )));
    }
    if !runs("musl-gcc", &["--version"]) {
        let install = "apt-get install musl-tools";
        return Ok(Step::Missing(format!(
            "musl-gcc is not installed: {install}"
        )));
    }
    let mut arguments = vec![
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--target",
        TARGET,
    ];
    for (package, _) in PROGRAMS {
        arguments.extend(["--package", package]);
    }
    let mut command = cargo(release.root, &arguments);
    command.env("CC_x86_64_unknown_linux_musl", "musl-gcc");
    output(command)?;
    let folder = stage(release, "bin")?;
    let mut sizes = Vec::new();
    for (_, name) in PROGRAMS {
        let built = built(release, name);
        let bytes = fs::metadata(&built)
            .map_err(|error| unreadable(&built, &error))?
            .len();
        if !is_static(&built) {
            return Ok(Step::Wrong(format!("{name} is linked dynamically")));
        }
        copy(&built, &folder.join(name))?;
        sizes.push(format!("{name} {} KiB", bytes / 1024));
    }
    Ok(Step::Done(format!("static: {}", sizes.join(", "))))
}

/// Returns whether a binary needs no interpreter, which loads libraries.
fn is_static(path: &Path) -> bool {
    let needle = b"/lib/ld-musl-x86_64.so.1";
    let other = b"/lib64/ld-linux-x86-64.so.2";
    let Ok(bytes) = fs::read(path) else {
        return false;
    };
    // The interpreter's path is in the first page of the file.
    let head = &bytes[..bytes.len().min(4096)];
    let has = |text: &[u8]| head.windows(text.len()).any(|window| window == text);
    !has(needle) && !has(other)
}

/// Writes the manual pages with the program that was built.
pub(super) fn manuals(release: &Release<'_>) -> Result<Step, Error> {
    let folder = stage(release, "man/man1")?;
    let Some(program) = program(release) else {
        return Ok(Step::Missing("the program was not built".to_owned()));
    };
    output({
        let mut command = Command::new(program);
        command.arg("man").arg(&folder);
        command
    })?;
    let count = fs::read_dir(&folder).map_or(0, Iterator::count);
    Ok(Step::Done(format!("{count} pages")))
}

/// Writes the completions with the program that was built.
pub(super) fn completions(release: &Release<'_>) -> Result<Step, Error> {
    let folder = stage(release, "completions")?;
    let Some(program) = program(release) else {
        return Ok(Step::Missing("the program was not built".to_owned()));
    };
    for (shell, name) in SHELLS {
        let mut command = Command::new(&program);
        command.args(["completions", shell]);
        let path = folder.join(name);
        fs::write(&path, output(command)?).map_err(|error| unwritable(&path, &error))?;
    }
    let names: Vec<&str> = SHELLS.iter().map(|(shell, _)| *shell).collect();
    Ok(Step::Done(names.join(", ")))
}

/// Packs the binaries with their pages, completions and licences.
pub(super) fn archive(release: &Release<'_>) -> Result<Step, Error> {
    if program(release).is_none() {
        return Ok(Step::Missing("the program was not built".to_owned()));
    }
    let stage = stage(release, "")?;
    for name in ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"] {
        copy(&release.root.join(name), &stage.join(name))?;
    }
    copy(
        &release.root.join("heymarket-cli/README.md"),
        &stage.join("README.md"),
    )?;
    let name = archive_name(release);
    let file = format!("{name}.tar.gz");
    let mut tar = Command::new("tar");
    tar.current_dir(&release.folder).args([
        "--sort=name",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "-czf",
        &file,
        &name,
    ]);
    output(tar)?;
    Ok(Step::Done(file))
}

/// Makes the Debian package of the command.
pub(super) fn deb(release: &Release<'_>) -> Result<Step, Error> {
    if !has_subcommand("deb") {
        return Ok(missing("cargo-deb"));
    }
    if program(release).is_none() {
        return Ok(Step::Missing("the program was not built".to_owned()));
    }
    let folder = folder(release, "deb")?;
    // Where the manifest's `assets` look for them.
    let staged = release.root.join("target/deb-assets");
    let _ = fs::remove_dir_all(&staged);
    copy_tree(&stage(release, "")?, &staged)?;
    let mut command = cargo(
        release.root,
        &[
            "deb",
            "--quiet",
            "--no-build",
            "--package",
            "heymarket-cli",
            "--target",
            TARGET,
        ],
    );
    command.arg("--output").arg(&folder);
    output(command)?;
    let names: Vec<String> = files(&folder)?;
    Ok(Step::Done(names.join(", ")))
}

/// Writes the checksums of all files.
pub(super) fn checksums(release: &Release<'_>) -> Result<Step, Error> {
    let mut names = Vec::new();
    for name in files(&release.folder)? {
        // What the archive holds.
        if !name.starts_with(&format!("{}/", archive_name(release))) {
            names.push(name);
        }
    }
    let mut command = Command::new("sha256sum");
    command.current_dir(&release.folder).args(&names);
    let sums = output(command)?;
    let path = release.folder.join("SHA256SUMS");
    fs::write(&path, &sums).map_err(|error| unwritable(&path, &error))?;
    Ok(Step::Done(format!("SHA256SUMS of {} files", names.len())))
}

fn archive_name(release: &Release<'_>) -> String {
    format!("heymarket-{}-{TARGET}", release.version)
}

/// Returns a folder of what goes into the archive.
fn stage(release: &Release<'_>, name: &str) -> Result<PathBuf, Error> {
    folder(release, &format!("{}/{name}", archive_name(release)))
}

fn folder(release: &Release<'_>, name: &str) -> Result<PathBuf, Error> {
    let folder = release.folder.join(name);
    fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
    Ok(folder)
}

fn built(release: &Release<'_>, name: &str) -> PathBuf {
    release
        .root
        .join("target")
        .join(TARGET)
        .join("release")
        .join(name)
}

/// Returns the command that was staged by this run.
fn program(release: &Release<'_>) -> Option<PathBuf> {
    let path = release
        .folder
        .join(archive_name(release))
        .join("bin/heymarket");
    path.is_file().then_some(path)
}

fn missing(tool: &str) -> Step {
    Step::Missing(format!(
        "{tool} is not installed: cargo install --locked {tool}"
    ))
}

fn has_subcommand(name: &str) -> bool {
    runs("cargo", &[name, "--version"])
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::copy(from, to)
        .map(drop)
        .map_err(|error| unreadable(from, &error))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), Error> {
    for name in files(from)? {
        let target = to.join(&name);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|error| unwritable(parent, &error))?;
        }
        copy(&from.join(&name), &target)?;
    }
    Ok(())
}

/// Returns the files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        let entries = fs::read_dir(&inner).map_err(|error| unreadable(&inner, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| unreadable(&inner, &error))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
