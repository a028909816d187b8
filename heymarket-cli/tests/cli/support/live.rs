//! A sandbox, a home for the binary, and commands that run on.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use heymarket_sandbox::{SECRET_ID, SECRET_KEY, Sandbox, SandboxBuilder, Webhook};

use super::{Outcome, end, piped};

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A sandbox within this process.
pub(crate) struct Live {
    runtime: tokio::runtime::Runtime,
    sandbox: Option<Sandbox>,
}

impl Live {
    pub(crate) fn start() -> Self {
        Self::of(Sandbox::builder().rate_limit(None))
    }

    pub(crate) fn of(builder: SandboxBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let sandbox = runtime.block_on(builder.start()).expect("a sandbox");
        Self {
            runtime,
            sandbox: Some(sandbox),
        }
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().expect("it runs")
    }

    pub(crate) fn url(&self) -> &str {
        self.sandbox().url()
    }

    /// Tells a receiver of what happens from now on.
    pub(crate) fn tell(&self, url: &str, token: &str) {
        let _runtime = self.runtime.enter();
        let webhook = Webhook::new(url, token);
        self.sandbox().add_webhook(webhook).expect("a webhook");
    }

    /// The variables of its credentials.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("HEYMARKET_API_SECRET_ID", SECRET_ID.to_owned()),
            ("HEYMARKET_API_SECRET_KEY", SECRET_KEY.to_owned()),
            ("HEYMARKET_BASE_URL", self.url().to_owned()),
        ]
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            let _ = self.runtime.block_on(sandbox.stop());
        }
    }
}

/// A folder with a config folder in it, and an environment of nothing else.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            variables: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the credentials of a sandbox in the environment.
    pub(crate) fn of(live: &Live) -> Self {
        let variables = live.variables();
        variables
            .iter()
            .fold(Self::new(), |home, (name, value)| home.with(name, value))
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("config").join("config.toml")
    }

    /// Writes the config file, for its owner only.
    pub(crate) fn write_config(&self, text: &str) {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        let path = self.config();
        let mut folder = std::fs::DirBuilder::new();
        folder.recursive(true).mode(0o700);
        folder
            .create(path.parent().expect("a folder"))
            .expect("a folder");
        std::fs::write(&path, text).expect("a file");
        let rights = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, rights).expect("rights");
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_heymarket"));
        command.args(words);
        command
    }

    /// Another program in the same environment.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.path())
            .env("TZ", "UTC")
            .env("PATH", "/usr/bin:/bin")
            .env("HEYMARKET_CONFIG_DIR", self.path().join("config"))
            .current_dir(self.path());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    /// A shell that finds the binary as `heymarket`.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_heymarket"));
        let folder = binary.parent().expect("a folder").display();
        let mut command = self.program("/bin/sh");
        command
            .env("PATH", format!("{folder}:/usr/bin:/bin"))
            .args(["-c", line]);
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Outcome {
        self.run_with_input(words, "")
    }

    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Outcome {
        end(piped(&mut self.command(words)), input)
    }

    /// Starts a command that runs until a signal stops it.
    pub(crate) fn begin(&self, words: &[&str]) -> Running {
        Running::of(piped(&mut self.command(words)))
    }
}

/// A command that runs on.
pub(crate) struct Running {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Running {
    fn of(mut child: Child) -> Self {
        let (stdout, of_stdout) = keep(child.stdout.take().expect("standard output"));
        let (stderr, of_stderr) = keep(child.stderr.take().expect("standard error"));
        Self {
            child,
            stdout,
            stderr,
            readers: vec![of_stdout, of_stderr],
        }
    }

    /// Waits for a line of standard error that has a text, and gives it.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> String {
        self.wait(&self.stderr, text)
    }

    /// Waits for a line of standard output that has a text, and gives it.
    #[track_caller]
    pub(crate) fn prints(&self, text: &str) -> String {
        self.wait(&self.stdout, text)
    }

    #[track_caller]
    fn wait(&self, kept: &Mutex<String>, text: &str) -> String {
        let start = Instant::now();
        loop {
            let seen = kept.lock().expect("a lock").clone();
            if let Some(line) = seen.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no {text:?} in {seen}\n{}",
                self.stderr.lock().expect("a lock")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn printed(&self) -> String {
        self.stdout.lock().expect("a lock").clone()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status();
        assert!(status.expect("kill").success());
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Outcome {
        let status = self.child.wait().expect("an end");
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader");
        }
        Outcome {
            code: status.code(),
            stdout: self.printed(),
            stderr: self.stderr.lock().expect("a lock").clone(),
        }
    }

    /// Presses Ctrl-C, and waits for the end.
    pub(crate) fn interrupt(self) -> Outcome {
        self.signal("INT");
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Kept = (Arc<Mutex<String>>, std::thread::JoinHandle<()>);

/// Keeps the lines of a stream as they come.
fn keep(stream: impl Read + Send + 'static) -> Kept {
    let kept = Arc::new(Mutex::new(String::new()));
    let lines = Arc::clone(&kept);
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut lines = lines.lock().expect("a lock");
            lines.push_str(&line);
            lines.push('\n');
        }
    });
    (kept, reader)
}
