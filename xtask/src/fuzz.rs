//! Builds the fuzz targets with instrumentation, and runs them.
//!
//! It needs neither cargo-fuzz nor a nightly compiler: libFuzzer works with the
//! coverage instrumentation of LLVM alone. What a run finds that is new is kept
//! under `target/fuzz/`; `fuzz/corpus/` has what every run starts from.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::Output;
use crate::error::Error;

/// The targets, by the names of their files in `fuzz/targets/`.
pub const TARGETS: [&str; 3] = ["bodies", "deliveries", "spec"];

/// What cargo-fuzz passes to the compiler when it runs without a sanitizer.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 \
    -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The longest input that a target is given, in bytes.
const LONGEST_INPUT: u32 = 8192;

/// Runs the targets, or all of them, for so many seconds each.
///
/// # Errors
///
/// When they cannot be built, or one fails. The input that it fails on is kept,
/// and the message says where.
pub fn run(
    root: &Path,
    targets: &[String],
    seconds: u32,
    output: &mut Output<'_>,
) -> Result<(), Error> {
    let host = host()?;
    let mut build = cargo(root);
    // With a target given, build scripts and macros are not instrumented.
    build.args(["build", "--locked", "--bins", "--target", &host]);
    build.env("RUSTFLAGS", INSTRUMENTATION);
    succeed(build, "build the fuzz targets")?;
    let built = root.join("target/fuzz").join(host).join("debug");
    for target in TARGETS {
        if !targets.is_empty() && !targets.iter().any(|wanted| wanted == target) {
            continue;
        }
        output.say(&format!("fuzzing {target} for {seconds} s"))?;
        run_target(root, &built, target, seconds)?;
    }
    Ok(())
}

fn run_target(root: &Path, built: &Path, target: &str, seconds: u32) -> Result<(), Error> {
    let found = root.join("target/fuzz/corpus").join(target);
    let failures = root.join("target/fuzz/failures");
    for folder in [&found, &failures] {
        fs::create_dir_all(folder).map_err(|error| Error::Unwritable {
            path: folder.clone(),
            reason: error.to_string(),
        })?;
    }
    let mut command = Command::new(built.join(target));
    command
        .arg(found)
        .arg(root.join("fuzz/corpus").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={LONGEST_INPUT}"))
        .args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"])
        .arg(format!("-artifact_prefix={}/{target}-", failures.display()));
    succeed(
        command,
        &format!("fuzz {target}; the input is in target/fuzz/failures"),
    )
}

fn cargo(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root.join("fuzz"))
        .env("CARGO_TARGET_DIR", root.join("target/fuzz"));
    command
}

/// The platform that this runs on, as the compiler names it.
fn host() -> Result<String, Error> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let failed = |reason: String| Error::Command {
        program: "rustc -vV".to_owned(),
        reason,
    };
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| failed("it names no host".to_owned()))
}

/// Runs a command whose output is for the reader.
fn succeed(mut command: Command, what: &str) -> Result<(), Error> {
    let failed = |reason: String| Error::Command {
        program: what.to_owned(),
        reason,
    };
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(status.to_string()))
}
