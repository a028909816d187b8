//! Connections: where the database is, and a pool of them.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, ErrorKind};

/// Connections of one process. More would not send faster: the limit is one of
/// the API.
const CONNECTIONS: usize = 8;

/// How long one connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a free one is waited for.
const POOL_TIMEOUT: Duration = Duration::from_secs(10);

/// The isolation that all statements here are written for, whatever the default of the database.
const READ_COMMITTED: &str =
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Reads a URL and makes the pool; nothing is connected yet. Returns the place
/// as it is named in errors, without the password.
pub(super) fn pool(url: &str) -> Result<(Pool, String), Error> {
    // The parser's error may quote a part of the URL.
    let mut config: Config = url.parse().map_err(|_| {
        Error::invalid(
            "the URL of the database cannot be read; write it as \
             postgres://USER:PASSWORD@HOST:5432/DATABASE",
        )
    })?;
    let place = place(&config);
    if config.get_application_name().is_none() {
        config.application_name("heymarket-outbox");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    // A server that is gone without a word is noticed.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(15));
    }
    let manager = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = match config.get_ssl_mode() {
        // `prefer` protects nothing: it accepts a server that offers no TLS.
        SslMode::Disable | SslMode::Prefer => {
            config.ssl_mode(SslMode::Disable);
            Manager::from_config(config, NoTls, manager)
        }
        _ => Manager::from_config(config, MakeRustlsConnect::new(tls()?), manager),
    };
    let pool = Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(POOL_TIMEOUT))
        .create_timeout(Some(POOL_TIMEOUT))
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async {
                let isolated = client.batch_execute(READ_COMMITTED).await;
                isolated.map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(|error| Error::new(ErrorKind::Database, format!("{place}: {error}")))?;
    Ok((pool, place))
}

/// The certificate is checked by the platform's own authorities, and by the name.
fn tls() -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| Error::new(ErrorKind::Database, format!("no TLS: {error}")))?;
    Ok(config.with_no_client_auth())
}

fn place(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or_default();
    format!("the database {database:?} at {host}:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_no_password() {
        let url = "postgres://robin:canary@db.example.com:6432/texts?sslmode=require";
        let (_, place) = pool(url).expect("a URL");
        assert_eq!(place, "the database \"texts\" at db.example.com:6432");
        let error = pool("postgres://robin:canary@db.example.com:port/texts");
        let error = error.expect_err("no port").to_string();
        assert!(error.contains("postgres://USER"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }

    #[tokio::test]
    async fn work_is_read_committed_whatever_the_default() {
        let Some(database) = heymarket_test_services::postgres() else {
            return;
        };
        let default = database.set_default("default_transaction_isolation", "serializable");
        default.expect("a setting");
        let (pool, _) = pool(&database.url()).expect("a pool");
        let client = pool.get().await.expect("a connection");
        let row = client.query_one("SHOW transaction_isolation", &[]).await;
        let isolation: String = row.expect("a setting").get(0);
        assert_eq!(isolation, "read committed");
    }
}
