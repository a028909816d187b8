//! Checks of the connection to the server, step by step.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::check::{Check, Report};
use crate::connection::server::Server;

/// The timeout of a step.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Checks each step until one fails.
pub(super) async fn check(server: &Server, report: &mut Report) {
    let Some(url) = server.url() else {
        let advice = "write it like https://api.heymarket.com";
        return report.add(Check::fail("server", "not a URL", advice));
    };
    let origin = url.origin().ascii_serialization();
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        let advice = "write it like https://api.heymarket.com";
        return report.add(Check::fail("server", "no host in the URL", advice));
    };
    report.add(Check::ok("server", origin));
    if proxy(&url, report) {
        // The proxy makes the rest of the connection.
        return;
    }
    let Some(addresses) = dns(host, port, report).await else {
        return;
    };
    let Some(stream) = tcp(&addresses, report).await else {
        return;
    };
    if url.scheme() == "https" {
        tls(host, stream, report).await;
    } else {
        let detail = "not used: the server is on this machine";
        report.add(Check::ok("tls", detail));
    }
}

/// Returns whether a proxy is used.
fn proxy(url: &Url, report: &mut Report) -> bool {
    const NAME: &str = "proxy";
    let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let names = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ];
    let set: Vec<&str> = names.iter().filter(is_set).copied().collect();
    if set.is_empty() {
        report.add(Check::ok(NAME, "none set"));
        return false;
    }
    let set = set.join(", ");
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    if host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        let detail = format!("{set} set, but not used for this machine");
        report.add(Check::ok(NAME, detail));
        return false;
    }
    let uri = url.as_str().parse::<http::Uri>().ok();
    let intercepted = uri.and_then(|uri| Matcher::from_env().intercept(&uri));
    let Some(intercepted) = intercepted else {
        report.add(Check::ok(
            NAME,
            format!("{set} set, but none applies to this server"),
        ));
        return false;
    };
    // Neither has a password.
    let proxy = intercepted.uri();
    let host = proxy.host().unwrap_or_default();
    let port = proxy.port_u16().map(|port| format!(":{port}"));
    report.add(Check::warn(
        NAME,
        format!(
            "requests go through {host}{}, as {set} says",
            port.unwrap_or_default()
        ),
        "if the server is unreachable, check the proxy; NO_PROXY exempts a host",
    ));
    true
}

async fn dns(host: &str, port: u16, report: &mut Report) -> Option<Vec<SocketAddr>> {
    const NAME: &str = "dns";
    let start = Instant::now();
    let host = host.trim_matches(['[', ']']);
    let found = timeout(TIMEOUT, lookup_host((host, port))).await;
    let advice = "check the name of the server and the network of this machine";
    match found {
        Ok(Ok(addresses)) => {
            let addresses: Vec<SocketAddr> = addresses.collect();
            let detail = match addresses.len() {
                1 => format!("{host}, 1 address"),
                count => format!("{host}, {count} addresses"),
            };
            report.add(Check::ok(NAME, detail).took(start.elapsed()));
            Some(addresses)
        }
        Ok(Err(error)) => {
            report.add(Check::fail(NAME, format!("{host}: {error}"), advice));
            None
        }
        Err(_) => {
            report.add(Check::fail(NAME, format!("{host}: {}", late()), advice));
            None
        }
    }
}

async fn tcp(addresses: &[SocketAddr], report: &mut Report) -> Option<TcpStream> {
    const NAME: &str = "tcp";
    let start = Instant::now();
    let problem = match timeout(TIMEOUT, TcpStream::connect(addresses)).await {
        Ok(Ok(stream)) => {
            let peer = stream.peer_addr().map(|peer| peer.to_string());
            let detail = format!("connected to {}", peer.unwrap_or_default());
            report.add(Check::ok(NAME, detail).took(start.elapsed()));
            return Some(stream);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => late(),
    };
    let advice = "check that a server runs there, and that no firewall blocks this program";
    report.add(Check::fail(NAME, problem, advice));
    None
}

async fn tls(host: &str, stream: TcpStream, report: &mut Report) {
    const NAME: &str = "tls";
    let start = Instant::now();
    let problem = match timeout(TIMEOUT, handshake(host, stream)).await {
        Ok(Ok(version)) => {
            let detail = format!("{version}, valid certificate");
            return report.add(Check::ok(NAME, detail).took(start.elapsed()));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => late(),
    };
    report.add(Check::fail(
        NAME,
        problem,
        "an unknown certificate may be a proxy's: add it to the system's trust store, or name it in \
         SSL_CERT_FILE; if a certificate is not valid yet, check the clock",
    ));
}

/// Performs the handshake as the client does, and returns the version of TLS.
async fn handshake(host: &str, stream: TcpStream) -> io::Result<String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(io::Error::other)?
        .with_no_client_auth();
    let host = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await?;
    let version = stream.get_ref().1.protocol_version();
    Ok(version.map_or_else(|| "TLS".to_owned(), |version| format!("{version:?}")))
}

fn late() -> String {
    format!("no response within {} s", TIMEOUT.as_secs())
}
