//! A PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Error;
use crate::process::{self, Process, Stop};
use crate::program;
use crate::psql;

const PACKAGE: &str = "postgresql";
const USER: &str = "heymarket";

/// A PostgreSQL server in a temporary folder. Dropping it stops it and removes the folder.
pub struct Postgres {
    // Dropped before its folder.
    process: Option<Process>,
    folder: TempDir,
    program: PathBuf,
    port: u16,
    password: String,
    is_durable: bool,
}

impl Postgres {
    /// Starts a server that does not flush to the disk. What it committed survives
    /// [`stop_immediately`](Self::stop_immediately), though not a power cut.
    ///
    /// # Errors
    ///
    /// Returns an error if PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self, Error> {
        Self::with(false)
    }

    /// Starts a server that flushes each commit to the disk, to measure with.
    ///
    /// # Errors
    ///
    /// Returns an error if PostgreSQL is not installed or does not start.
    pub fn start_durable() -> Result<Self, Error> {
        Self::with(true)
    }

    fn with(is_durable: bool) -> Result<Self, Error> {
        let initdb = program::find("initdb", PACKAGE)?;
        let program = program::find("postgres", PACKAGE)?;
        process::on_a_free_port(|port| {
            let folder = process::folder()?;
            let password = process::password();
            initialize(&initdb, folder.path(), &password)?;
            let mut server = Self {
                process: None,
                folder,
                program: program.clone(),
                port,
                password,
                is_durable,
            };
            server.start_again()?;
            Ok(server)
        })
    }

    /// Returns the URL of the database `postgres`, for a superuser.
    #[must_use]
    pub fn url(&self) -> String {
        let (password, port) = (&self.password, self.port);
        format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres")
    }

    /// Returns the port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs SQL in that database.
    ///
    /// # Errors
    ///
    /// Returns the error of the server.
    pub fn execute(&self, sql: &str) -> Result<(), Error> {
        psql::execute(&self.url(), sql)
    }

    /// Shuts down immediately: sessions are cut off, and the next start recovers.
    pub fn stop_immediately(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Stop::Immediate);
        }
    }

    /// Starts a stopped server on the port that it had.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not start.
    pub fn start_again(&mut self) -> Result<(), Error> {
        let data = self.folder.path().join("data");
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        let port = format!("port={}", self.port);
        let mut settings = vec![
            "listen_addresses=127.0.0.1",
            &port,
            "unix_socket_directories=",
            "max_connections=300",
        ];
        if !self.is_durable {
            settings.extend(["fsync=off", "full_page_writes=off"]);
        }
        for setting in settings {
            arguments.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let folder = self.folder.path();
        let mut process = Process::start(
            "postgres",
            folder,
            &self.program,
            &arguments,
            Stop::Immediate,
        )?;
        let status = data.join("postmaster.pid");
        let id = process.id().to_string();
        process.wait_until(|| {
            // A file of the last run has another process in its first line.
            let text = fs::read_to_string(&status).unwrap_or_default();
            text.lines().next() == Some(&id) && text.lines().last().map(str::trim) == Some("ready")
        })?;
        self.process = Some(process);
        Ok(())
    }
}

fn initialize(initdb: &Path, folder: &Path, password: &str) -> Result<(), Error> {
    let file = folder.join("password");
    fs::write(&file, password).map_err(Error::file(&file))?;
    program::give(&file)?;
    let output = program::command(initdb, folder)
        .arg("--pgdata")
        .arg(folder.join("data"))
        .args(["--username", USER, "--auth", "scram-sha-256", "--pwfile"])
        .arg(&file)
        .args(["--encoding", "UTF8", "--no-locale"])
        .args(["--no-sync", "--no-instructions"])
        .output()
        .map_err(|error| Error::failed("initdb", error))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    Err(Error::failed("initdb", printed.trim()))
}
