//! Runs cargo.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::Error;

/// The time that a build took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// Of all processors together; other work on the machine affects it less.
    pub(crate) processor: Duration,
}

/// Prepares a run of cargo in a folder.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(folder).args(arguments);
    // Set by the cargo that runs this program, not for the one that it runs.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command, and returns its standard output.
///
/// # Errors
///
/// Returns an error with the end of standard error if the command cannot be run or
/// fails.
pub(crate) fn output(mut command: Command) -> Result<String, Error> {
    let program = describe(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&program, error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.lines().rev().take(20).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        return Err(failed(
            &program,
            format!("{}:\n{}", output.status, last.join("\n")),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command that shows its own errors, and returns whether it succeeded and
/// its standard output.
///
/// # Errors
///
/// Returns an error if the command cannot be run.
pub(crate) fn output_and_success(mut command: Command) -> Result<(bool, String), Error> {
    let program = describe(&command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(&program, error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status.success(), text))
}

/// Runs a command, and returns the time that it took.
pub(crate) fn timed(command: Command) -> Result<Took, Error> {
    let (start, processor) = (Instant::now(), processor_time());
    output(command)?;
    Ok(Took {
        wall: start.elapsed(),
        processor: processor_time().saturating_sub(processor),
    })
}

/// Returns the processor time of the child processes that have ended.
#[cfg(unix)]
fn processor_time() -> Duration {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return Duration::ZERO;
    };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// Not available.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

/// Returns the metadata of a project's manifests.
pub(crate) fn metadata(project: &Path) -> Result<Value, Error> {
    let arguments = [
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--offline",
    ];
    let metadata = output(cargo(project, &arguments))?;
    serde_json::from_str(&metadata)
        .map_err(|error| Error::Unexpected(format!("cargo's metadata is not JSON: {error}")))
}

/// Runs a benchmark in a profile, and returns its report.
pub(crate) fn bench(
    root: &Path,
    name: &str,
    profile: &str,
    arguments: &[&str],
) -> Result<Value, Error> {
    let mut all = vec![
        "bench",
        "--quiet",
        "--locked",
        "--package",
        "heymarket-benches",
    ];
    all.extend(["--profile", profile, "--bench", name, "--"]);
    all.extend(arguments);
    let command = cargo(root, &all);
    let program = describe(&command);
    let report = output(command)?;
    serde_json::from_str(report.trim())
        .map_err(|error| failed(&program, format!("its report is not JSON: {error}")))
}

fn failed(program: &str, reason: String) -> Error {
    Error::Command {
        program: program.to_owned(),
        reason,
    }
}

fn describe(command: &Command) -> String {
    let arguments: Vec<_> = command
        .get_args()
        .map(|one| one.to_string_lossy())
        .collect();
    format!("cargo {}", arguments.join(" "))
}
