//! The machine and the versions of a measurement.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo::output;
use crate::error::Error;

/// Describes the date, the machine and the versions in one line.
pub(super) fn describe(root: &Path, packages: &[&str]) -> Result<String, Error> {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let noun = if processors == 1 {
        "processor"
    } else {
        "processors"
    };
    let mut parts = vec![format!("{processors} {noun}")];
    parts.extend(first_value("/proc/cpuinfo", "model name"));
    parts.extend(memory());
    parts.push(format!(
        "{} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    ));
    let mut rustc = Command::new("rustc");
    rustc.current_dir(root).arg("--version");
    let rustc = output(rustc)?;
    let mut versions = vec![short(rustc.trim()).to_owned()];
    for package in packages {
        versions.extend(locked(root, package)?);
    }
    Ok(format!(
        "Measured on {date}, on {}; {}.",
        parts.join(", "),
        versions.join(", ")
    ))
}

/// Removes the brackets of `rustc 1.2.3 (hash date)`.
fn short(version: &str) -> &str {
    version.split(" (").next().unwrap_or(version)
}

fn first_value(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':')
        .map(|(_, value)| value.trim().to_owned())
}

fn memory() -> Option<String> {
    let total = first_value("/proc/meminfo", "MemTotal")?;
    let kib: u64 = total.split(' ').next()?.parse().ok()?;
    Some(format!("{} GiB of memory", (kib + (1 << 19)) >> 20))
}

/// Returns `name 1.2.3` with the version of the lock file.
fn locked(root: &Path, package: &str) -> Result<Option<String>, Error> {
    let unreadable = |reason: String| Error::Unreadable {
        path: "Cargo.lock".into(),
        reason,
    };
    let lock = fs::read_to_string(root.join("Cargo.lock"))
        .map_err(|error| unreadable(error.to_string()))?;
    let lock: toml::Table = lock
        .parse()
        .map_err(|error: toml::de::Error| unreadable(error.to_string()))?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let found = packages
        .into_iter()
        .flatten()
        .find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package));
    let version = found.and_then(|entry| entry.get("version")?.as_str());
    Ok(version.map(|version| format!("{package} {version}")))
}
