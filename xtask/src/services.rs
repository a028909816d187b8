//! PostgreSQL and Redis for tests, as long as a command runs.

use std::process::Stdio;

use heymarket_test_services::{POSTGRES, Postgres, REDIS, Redis};
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::command::Output;
use crate::error::Error;

/// Starts both servers and runs `command` with their URLs in the environment. Without a
/// command it prints the URLs, and waits for Ctrl-C. Returns whether the command
/// succeeded.
///
/// # Errors
///
/// Returns an error if a server does not start, or the command cannot be run.
pub fn run(command: &[String], output: &mut Output<'_>) -> Result<bool, Error> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed("tokio", &error))?;
    runtime.block_on(serve(command, output))
}

async fn serve(command: &[String], output: &mut Output<'_>) -> Result<bool, Error> {
    // Before the servers start: an interrupt must not leave them and their folders.
    let listen = |kind| signal(kind).map_err(|error| failed("signals", &error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let postgres = Postgres::start().map_err(|error| failed("PostgreSQL", &error))?;
    let redis = Redis::start().map_err(|error| failed("Redis", &error))?;
    let variables = [(POSTGRES, postgres.url()), (REDIS, redis.url())];
    let Some((program, arguments)) = command.split_first() else {
        for (name, url) in &variables {
            output.print(&format!("export {name}={url}"))?;
        }
        output.say("PostgreSQL and Redis run until Ctrl-C")?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        return Ok(true);
    };
    output.say("PostgreSQL and Redis have started")?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(variables)
        .stdin(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(program, &error))?;
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status.map_err(|error| failed(program, &error))?;
                return Ok(status.success());
            }
            // The terminal sends an interrupt to the command as well, which ends it.
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {
                let _ = child.kill().await;
                return Ok(false);
            }
        }
    }
}

fn failed(program: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::Command {
        program: program.to_owned(),
        reason: reason.to_string(),
    }
}
