//! A server as a process: started, signalled, and gone when its owner is.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::program;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// How a server is stopped.
#[derive(Clone, Copy)]
pub(crate) enum Stop {
    /// SIGTERM.
    Orderly,
    /// SIGQUIT: PostgreSQL recovers from its log at the next start.
    Immediate,
    /// SIGKILL.
    Kill,
}

impl Stop {
    /// Returns the name of the signal, for setpriv.
    fn name(self) -> &'static str {
        match self {
            Self::Orderly => "TERM",
            Self::Immediate => "QUIT",
            Self::Kill => "KILL",
        }
    }
}

/// A running server. Dropping it stops it.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    at_end: Stop,
}

impl Process {
    /// Starts a server whose output goes to a file in `folder`.
    pub(crate) fn start(
        name: &'static str,
        folder: &Path,
        program: &Path,
        arguments: &[String],
        at_end: Stop,
    ) -> Result<Self, Error> {
        let log = folder.join("server.log");
        let file = File::create(&log).map_err(Error::file(&log))?;
        let failed = |error| Error::failed(name, error);
        let mut command = ending_with_this_process(program, folder, at_end);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file);
        // Ctrl-C reaches the owner, which stops the server.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = spawn(command).map_err(failed)?;
        Ok(Self {
            name,
            child,
            log,
            at_end,
        })
    }

    /// Waits until `is_ready`, or returns what the server printed.
    pub(crate) fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<(), Error> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if is_ready() {
                return Ok(());
            }
            if let Ok(Some(_)) = self.child.try_wait() {
                break;
            }
            thread::sleep(PAUSE);
        }
        let printed = fs::read_to_string(&self.log).unwrap_or_default();
        Err(Error::failed(self.name, printed.trim()))
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stop(&mut self, stop: Stop) {
        self.signal(stop);
        let start = Instant::now();
        while !matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
            if start.elapsed() > PATIENCE {
                self.signal(Stop::Kill);
            }
            thread::sleep(PAUSE);
        }
    }

    #[cfg(unix)]
    fn signal(&mut self, stop: Stop) {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let signal = match stop {
            Stop::Orderly => Signal::SIGTERM,
            Stop::Immediate => Signal::SIGQUIT,
            Stop::Kill => Signal::SIGKILL,
        };
        if let Ok(id) = i32::try_from(self.child.id()) {
            // It fails for a process that has ended, which is what is wanted.
            let _ = kill(Pid::from_raw(id), signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _: Stop) {
        let _ = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop(self.at_end);
    }
}

/// Returns a command for a server that the kernel ends with this process, however this
/// process ends. `setpriv` is part of Debian's base system; elsewhere a killed test
/// leaves its servers.
fn ending_with_this_process(program: &Path, folder: &Path, at_end: Stop) -> Command {
    let Ok(setpriv) = program::find("setpriv", "util-linux") else {
        return program::command(program, folder);
    };
    let mut command = Command::new(setpriv);
    command
        .current_dir(folder)
        .args(["--pdeathsig", at_end.name()]);
    #[cfg(unix)]
    if let Some((user, group)) = program::ordinary_user() {
        command
            .args(["--reuid", &user.to_string(), "--regid", &group.to_string()])
            .arg("--clear-groups");
    }
    command.arg("--").arg(program);
    command
}

type Started = Sender<std::io::Result<Child>>;

/// Spawns a process from a thread that ends with this process: the signal of
/// `--pdeathsig` comes when the thread that spawned the process ends.
fn spawn(command: Command) -> std::io::Result<Child> {
    static STARTER: OnceLock<Mutex<Sender<(Command, Started)>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, commands) = mpsc::channel::<(Command, Started)>();
        thread::spawn(move || {
            for (mut command, started) in commands {
                let _ = started.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (sender, started) = mpsc::channel();
    let ended = || std::io::Error::other("the thread that starts servers ended");
    let starter = starter.lock().unwrap_or_else(PoisonError::into_inner);
    starter.send((command, sender)).map_err(|_| ended())?;
    started.recv().map_err(|_| ended())?
}

/// Returns a port of the loopback interface that was free a moment ago.
pub(crate) fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Error::failed("a free port", error))
}

/// Starts a server on a free port, and again on another one if it was taken meanwhile.
pub(crate) fn on_a_free_port<T>(start: impl Fn(u16) -> Result<T, Error>) -> Result<T, Error> {
    let mut last = start(free_port()?);
    for _ in 0..2 {
        if last.is_ok() {
            break;
        }
        last = start(free_port()?);
    }
    last
}

/// Creates a folder for a server: private, and its user's.
pub(crate) fn folder() -> Result<tempfile::TempDir, Error> {
    let folder = tempfile::Builder::new()
        .prefix("heymarket-test-")
        .tempdir()
        .map_err(Error::file(std::env::temp_dir()))?;
    program::give(folder.path())?;
    Ok(folder)
}

/// Returns a password of 122 random bits.
pub(crate) fn password() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
