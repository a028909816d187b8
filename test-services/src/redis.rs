//! A Redis server.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::error::Error;
use crate::process::{self, Process, Stop};
use crate::program;

/// A Redis server in a temporary folder. Dropping it stops it and removes the folder.
///
/// It saves only by the command `SAVE`: a restarted server has what was saved last.
pub struct Redis {
    // Dropped before its folder.
    process: Option<Process>,
    folder: TempDir,
    program: PathBuf,
    port: u16,
    password: String,
}

impl Redis {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// Returns an error if Redis is not installed or does not start.
    pub fn start() -> Result<Self, Error> {
        let program = program::find("redis-server", "redis-server")?;
        process::on_a_free_port(|port| {
            let mut server = Self {
                process: None,
                folder: process::folder()?,
                program: program.clone(),
                port,
                password: process::password(),
            };
            server.start_again()?;
            Ok(server)
        })
    }

    /// Returns the URL of the server's first database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/", self.password, self.port)
    }

    /// Returns the port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server: what it did not save is lost.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Stop::Kill);
        }
    }

    /// Deletes all keys.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not do it.
    pub fn flush(&self) -> Result<(), Error> {
        let failed = |error| Error::failed("redis-server", error);
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).map_err(failed)?;
        let commands = format!("AUTH {}\r\nFLUSHALL\r\nQUIT\r\n", self.password);
        let mut answers = String::new();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .and_then(|()| stream.write_all(commands.as_bytes()))
            .and_then(|()| stream.read_to_string(&mut answers))
            .map_err(failed)?;
        if answers == "+OK\r\n".repeat(3) {
            Ok(())
        } else {
            Err(Error::failed("FLUSHALL", answers.trim()))
        }
    }

    /// Starts a stopped server on the port that it had.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not start.
    pub fn start_again(&mut self) -> Result<(), Error> {
        let folder = self.folder.path();
        let file = folder.join("redis.conf");
        // A file, since other users see the arguments of a process.
        let settings = format!(
            "bind 127.0.0.1\nport {}\nrequirepass {}\ndir {}\nsave \"\"\nappendonly no\n",
            self.port,
            self.password,
            folder.display()
        );
        fs::write(&file, settings).map_err(Error::file(&file))?;
        program::give(&file)?;
        let arguments = [file.display().to_string()];
        let mut process = Process::start(
            "redis-server",
            folder,
            &self.program,
            &arguments,
            Stop::Orderly,
        )?;
        process.wait_until(|| responds(self.port))?;
        self.process = Some(process);
        Ok(())
    }
}

/// Whether a server asks for a password, which it does once it has loaded its data.
fn responds(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let mut answer = [0; 7];
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .and_then(|()| stream.write_all(b"PING\r\n"))
        .and_then(|()| stream.read_exact(&mut answer))
        .is_ok_and(|()| &answer == b"-NOAUTH")
}
