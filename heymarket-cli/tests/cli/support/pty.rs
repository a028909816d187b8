//! The binary on a pseudo-terminal.

use std::io::{Read as _, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::Server;

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command that runs on a terminal.
pub(crate) struct Pty {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    seen: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
    // The terminal is there as long as this is.
    _terminal: Box<dyn MasterPty + Send>,
}

impl Pty {
    /// Runs the binary on a terminal with this many columns.
    pub(crate) fn run(server: Option<&Server>, columns: u16, words: &[&str]) -> Self {
        let variables = super::environment(server);
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Self::run_with(&variables, columns, words)
    }

    /// The same with these variables and no others.
    pub(crate) fn run_with(variables: &[(&str, &str)], columns: u16, words: &[&str]) -> Self {
        let size = PtySize {
            rows: 40,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_heymarket"));
        command.args(words);
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env_clear();
        command.env("TERM", "xterm");
        command.env("NO_COLOR", "1");
        command.env("PAGER", "cat");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the binary");
        drop(pair.slave);
        let mut from = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let seen = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The end of a terminal may be an error.
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                kept.lock().expect("a lock").push_str(&text);
            }
        });
        Self {
            child,
            writer,
            seen,
            reader: Some(reader),
            _terminal: pair.master,
        }
    }

    /// Waits until a text is on the terminal.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.seen.lock().expect("a lock").contains(text) {
            assert!(
                start.elapsed() < PATIENCE,
                "no {text:?} in {}",
                self.seen.lock().expect("a lock")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.writer, "{line}").expect("a terminal");
    }

    /// Everything that is on the terminal so far.
    pub(crate) fn seen(&self) -> String {
        self.seen.lock().expect("a lock").clone()
    }

    /// Presses keys.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("a terminal");
        self.writer.flush().expect("a terminal");
    }

    /// Waits for the end, and gives the exit code and all that was seen.
    pub(crate) fn end(mut self) -> (u32, String) {
        let status = self.child.wait().expect("an end");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader");
        }
        let seen = self.seen.lock().expect("a lock").replace("\r\n", "\n");
        (status.exit_code(), seen)
    }
}
