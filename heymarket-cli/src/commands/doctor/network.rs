//! The way to the server, step by step.

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

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Tries each step until one fails.
pub(super) async fn check(server: &Server, report: &mut Report) {
    let Some(url) = server.url() else {
        let advice = "write it like https://api.heymarket.com";
        return report.add(Check::fail("server", "it is no URL", advice));
    };
    let origin = url.origin().ascii_serialization();
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        let advice = "write it like https://api.heymarket.com";
        return report.add(Check::fail("server", "it has no host", advice));
    };
    report.add(Check::ok("server", origin));
    if proxy(&url, report) {
        // The proxy goes the rest of the way.
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
        let detail = "not used, since the server is on this machine";
        report.add(Check::ok("tls", detail));
    }
}

/// Whether a proxy is used.
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
        report.add(Check::ok(NAME, "none is set"));
        return false;
    }
    let set = set.join(", ");
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    if host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        let detail = format!("{set} set, and not used for this machine");
        report.add(Check::ok(NAME, detail));
        return false;
    }
    let uri = url.as_str().parse::<http::Uri>().ok();
    let intercepted = uri.and_then(|uri| Matcher::from_env().intercept(&uri));
    let Some(intercepted) = intercepted else {
        report.add(Check::ok(
            NAME,
            format!("{set} set, and none is for this server"),
        ));
        return false;
    };
    // A password in it is no part of these.
    let proxy = intercepted.uri();
    let host = proxy.host().unwrap_or_default();
    let port = proxy.port_u16().map(|port| format!(":{port}"));
    report.add(Check::warn(
        NAME,
        format!(
            "requests go through {host}{}, by {set}",
            port.unwrap_or_default()
        ),
        "if the server is not reached, look there; NO_PROXY takes a host out",
    ));
    true
}

async fn dns(host: &str, port: u16, report: &mut Report) -> Option<Vec<SocketAddr>> {
    const NAME: &str = "dns";
    let start = Instant::now();
    let host = host.trim_matches(['[', ']']);
    let found = timeout(LIMIT, lookup_host((host, port))).await;
    let advice = "is the name right, and is this machine on the network?";
    match found {
        Ok(Ok(addresses)) => {
            let addresses: Vec<SocketAddr> = addresses.collect();
            let detail = format!("{host}, addresses: {}", addresses.len());
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
    let problem = match timeout(LIMIT, TcpStream::connect(addresses)).await {
        Ok(Ok(stream)) => {
            let peer = stream.peer_addr().map(|peer| peer.to_string());
            let detail = format!("connected to {}", peer.unwrap_or_default());
            report.add(Check::ok(NAME, detail).took(start.elapsed()));
            return Some(stream);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => late(),
    };
    let advice = "does a server run there, and does a firewall let this program through?";
    report.add(Check::fail(NAME, problem, advice));
    None
}

async fn tls(host: &str, stream: TcpStream, report: &mut Report) {
    const NAME: &str = "tls";
    let start = Instant::now();
    let problem = match timeout(LIMIT, handshake(host, stream)).await {
        Ok(Ok(version)) => {
            let detail = format!("{version}, and the certificate is good");
            return report.add(Check::ok(NAME, detail).took(start.elapsed()));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => late(),
    };
    report.add(Check::fail(
        NAME,
        problem,
        "a certificate that is not known may be that of a proxy: the system has to trust it, or \
         SSL_CERT_FILE has to name it; one that is not valid yet may be a clock that is wrong",
    ));
}

/// Does what the client does, and tells the version that was agreed on.
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
    format!("nothing within {} s", LIMIT.as_secs())
}
