//! Builds the fuzz targets with instrumentation, and runs them.
//!
//! It needs neither cargo-fuzz nor a nightly compiler: libFuzzer works with the
//! coverage instrumentation of LLVM alone. Every run starts from `fuzz/corpus/`, and
//! keeps new inputs under `target/fuzz/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::cargo::cargo;
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

/// Runs the targets, or all of them, side by side. Where there are more of them
/// than processors, they run for longer than `seconds`, so that each still gets
/// that much of a processor.
///
/// # Errors
///
/// Returns an error if they cannot be built or one fails. The failing input is kept,
/// and the message says where.
pub fn run(
    root: &Path,
    targets: &[String],
    seconds: u32,
    output: &mut Output<'_>,
) -> Result<(), Error> {
    let host = host()?;
    // With a target given, build scripts and macros are not instrumented.
    let arguments = ["build", "--locked", "--bins", "--target", &host];
    let mut build = cargo(&root.join("fuzz"), &arguments);
    build.env("CARGO_TARGET_DIR", root.join("target/fuzz"));
    build.env("RUSTFLAGS", INSTRUMENTATION);
    succeed(build, "build the fuzz targets")?;
    let built = root.join("target/fuzz").join(host).join("debug");
    let targets: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| targets.is_empty() || targets.iter().any(|wanted| wanted == target))
        .collect();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let seconds = seconds_of_each(seconds, targets.len(), processors);
    output.say(&format!("fuzzing {} for {seconds} s", targets.join(", ")))?;
    let runs = targets
        .into_iter()
        .map(|target| Run::start(root, &built, target, seconds))
        .collect::<Result<Vec<Run>, Error>>()?;
    // All have ended before the first failure is returned.
    let outcomes: Vec<Result<(), Error>> = runs.into_iter().map(|run| run.finish(output)).collect();
    outcomes.into_iter().collect()
}

/// Returns how long each of `targets` runs to get `seconds` of a processor.
fn seconds_of_each(seconds: u32, targets: usize, processors: usize) -> u32 {
    let (targets, processors) = (targets as u64, processors.max(1) as u64);
    let shared = (u64::from(seconds) * targets).div_ceil(processors);
    u32::try_from(shared).map_or(u32::MAX, |shared| shared.max(seconds))
}

/// A running target. Its output goes to a file, since others run at the same time.
struct Run {
    target: String,
    child: Child,
    log: PathBuf,
}

impl Run {
    fn start(root: &Path, built: &Path, target: &str, seconds: u32) -> Result<Self, Error> {
        let found = root.join("target/fuzz/corpus").join(target);
        let failures = root.join("target/fuzz/failures");
        for folder in [&found, &failures] {
            fs::create_dir_all(folder).map_err(unwritable(folder))?;
        }
        let log = root.join("target/fuzz").join(format!("{target}.log"));
        let file = fs::File::create(&log).map_err(unwritable(&log))?;
        let child = Command::new(built.join(target))
            .arg(found)
            .arg(root.join("fuzz/corpus").join(target))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={LONGEST_INPUT}"))
            .args(["-timeout=10", "-print_final_stats=1", "-verbosity=0"])
            .arg(format!("-artifact_prefix={}/{target}-", failures.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| failed(target, error.to_string()))?;
        Ok(Self {
            target: target.to_owned(),
            child,
            log,
        })
    }

    /// Waits for the end, and prints the output.
    fn finish(mut self, output: &mut Output<'_>) -> Result<(), Error> {
        let status = self
            .child
            .wait()
            .map_err(|error| failed(&self.target, error.to_string()))?;
        let said = fs::read(&self.log).map_err(|error| Error::Unreadable {
            path: self.log.clone(),
            reason: error.to_string(),
        })?;
        let said = String::from_utf8_lossy(&said);
        output.say(&format!("{}:\n{}", self.target, said.trim_end()))?;
        if status.success() {
            return Ok(());
        }
        Err(failed(
            &format!("fuzz {}; the input is in target/fuzz/failures", self.target),
            status.to_string(),
        ))
    }
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |error| Error::Unwritable {
        path,
        reason: error.to_string(),
    }
}

fn failed(program: &str, reason: String) -> Error {
    Error::Command {
        program: program.to_owned(),
        reason,
    }
}

/// Returns the compiler's name of this platform.
fn host() -> Result<String, Error> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let failed = |reason: String| failed("rustc -vV", reason);
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| failed("it names no host".to_owned()))
}

/// Runs a command with its output on the terminal.
fn succeed(mut command: Command, what: &str) -> Result<(), Error> {
    let failed = |reason: String| failed(what, reason);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(status.to_string()))
}

#[cfg(test)]
mod tests {
    use super::seconds_of_each;

    #[test]
    fn each_target_gets_its_seconds_of_a_processor() {
        assert_eq!(seconds_of_each(60, 3, 2), 90);
        assert_eq!(seconds_of_each(60, 3, 8), 60);
        assert_eq!(seconds_of_each(60, 1, 1), 60);
        assert_eq!(seconds_of_each(10, 3, 1), 30);
        assert_eq!(seconds_of_each(u32::MAX, 3, 1), u32::MAX);
    }
}
