//! Runs SQL.

use std::process::{Command, Stdio};

use crate::error::Error;
use crate::program;

/// Runs SQL by `psql`, which a server's package brings.
pub(crate) fn execute(url: &str, sql: &str) -> Result<(), Error> {
    let psql = program::find("psql", "postgresql-client")?;
    let (url, password) = without_password(url);
    let mut command = Command::new(psql);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let output = command
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"])
        .args(["--dbname", &url, "--command", sql])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::failed("psql", error))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    Err(Error::failed("psql", printed.trim()))
}

/// Takes the password out of a URL, since other users see the arguments of a process.
fn without_password(url: &str) -> (String, Option<&str>) {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.split_once('@')?;
        let (user, password) = login.split_once(':')?;
        // An escaped one stays: decoding it is the work of libpq.
        (!password.contains('%')).then(|| (format!("{scheme}://{user}@{host}"), password))
    });
    match parts {
        Some((url, password)) => (url, Some(password)),
        None => (url.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_no_argument_of_a_command() {
        let (url, password) = without_password("postgres://a:b@127.0.0.1:5432/postgres");
        assert_eq!(url, "postgres://a@127.0.0.1:5432/postgres");
        assert_eq!(password, Some("b"));
        assert_eq!(
            without_password("postgres://h/x"),
            ("postgres://h/x".to_owned(), None)
        );
    }
}
