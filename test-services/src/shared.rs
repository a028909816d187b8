//! What a test gets of the shared servers, and what happens without them.

use std::env;
use std::io::Write as _;
use std::thread;

use crate::error::Error;
use crate::postgres::Postgres;
use crate::psql::execute;
use crate::redis::Redis;

/// The variable with the URL of the shared PostgreSQL server.
pub const POSTGRES: &str = "HEYMARKET_TEST_POSTGRES";

/// The variable with the URL of the shared Redis server.
pub const REDIS: &str = "HEYMARKET_TEST_REDIS";

/// A database of the shared server for one test. Dropping it drops the database.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    fn create(server: String) -> Result<Self, Error> {
        let name = unique();
        // Copying the template block by block is faster than by a checkpoint.
        let options = "TEMPLATE template0 STRATEGY wal_log";
        execute(&server, &format!("CREATE DATABASE {name} {options}"))?;
        Ok(Self { server, name })
    }

    /// Returns the URL of the database, for its owner.
    #[must_use]
    pub fn url(&self) -> String {
        with_path(&self.server, &self.name)
    }

    /// Runs SQL in the database.
    ///
    /// # Errors
    ///
    /// Returns the error of the server.
    pub fn execute(&self, sql: &str) -> Result<(), Error> {
        execute(&self.url(), sql)
    }

    /// Sets the default of a setting of the server, for sessions that connect later.
    ///
    /// # Errors
    ///
    /// Returns the error of the server.
    pub fn set_default(&self, setting: &str, value: &str) -> Result<(), Error> {
        let name = &self.name;
        self.execute(&format!("ALTER DATABASE {name} SET {setting} = '{value}'"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // What remains ends with the server.
        let _ = execute(&self.server, &drop);
    }
}

/// A prefix of the shared Redis server's keys for one test.
pub struct RedisKeys {
    url: String,
    prefix: String,
}

impl RedisKeys {
    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the prefix, which no other test has.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// Returns a database of the shared PostgreSQL server, or `None` if the test is left out.
///
/// # Panics
///
/// Panics if the database cannot be created, and without a server in CI.
#[must_use]
pub fn postgres() -> Option<Database> {
    let server = variable(POSTGRES)?;
    match Database::create(server) {
        Ok(database) => Some(database),
        Err(error) => panic!("{POSTGRES} has no usable server: {error}"),
    }
}

/// Returns a prefix for the keys of the shared Redis server, or `None` if the test is left
/// out.
///
/// # Panics
///
/// Panics without a server in CI.
#[must_use]
pub fn redis() -> Option<RedisKeys> {
    let url = variable(REDIS)?;
    let prefix = unique();
    Some(RedisKeys { url, prefix })
}

/// Starts a PostgreSQL server for one test that stops it, or returns `None` if the test
/// is left out.
///
/// # Panics
///
/// Panics if the server does not start, and without the shared one in CI.
#[must_use]
pub fn private_postgres() -> Option<Postgres> {
    variable(POSTGRES)?;
    Some(Postgres::start().expect("a PostgreSQL server"))
}

/// Starts a Redis server for one test that stops it, or returns `None` if the test is
/// left out.
///
/// # Panics
///
/// Panics if the server does not start, and without the shared one in CI.
#[must_use]
pub fn private_redis() -> Option<Redis> {
    variable(REDIS)?;
    Some(Redis::start().expect("a Redis server"))
}

fn variable(name: &str) -> Option<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        left_out(&format!("{name} is not set"));
    }
    value
}

/// Says that the test of this thread is left out, and how to run it.
///
/// # Panics
///
/// Panics in CI, where no test is left out.
pub fn left_out(reason: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    let text = format!(
        "left out: {test}: {reason}; run `cargo xtask services -- cargo test --workspace`\n"
    );
    assert!(env::var_os("CI").is_none(), "{text}");
    // Not `eprint!`, which libtest shows only of tests that fail.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Replaces the path of a URL, and keeps its query.
fn with_path(url: &str, path: &str) -> String {
    let (base, query) = url
        .split_once('?')
        .map_or((url, None), |(base, query)| (base, Some(query)));
    let start = base.find("://").map_or(0, |at| at + 3);
    let end = base[start..].find('/').map_or(base.len(), |at| start + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{path}{query}", &base[..end])
}

fn unique() -> String {
    format!("test_{}", uuid::Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::with_path;

    #[test]
    fn the_path_of_a_url_is_replaced() {
        for (url, expected) in [
            (
                "postgres://a:b@127.0.0.1:5432/postgres",
                "postgres://a:b@127.0.0.1:5432/x",
            ),
            ("postgres://h", "postgres://h/x"),
            (
                "postgres://h/y?sslmode=disable",
                "postgres://h/x?sslmode=disable",
            ),
        ] {
            assert_eq!(with_path(url, "x"), expected);
        }
    }
}
