//! Refuses what a web page could make a browser send: a `Host` of another name, after
//! DNS rebinding, and an `Origin`.

use std::net::IpAddr;

use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, StatusCode};

use crate::error::Error;
use crate::problem::Problem;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names that callers reach the gateway by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    /// In lower case, without a port.
    pub(crate) names: Vec<String>,
}

impl Hosts {
    /// Refuses names that no `Host` header can have.
    pub(crate) fn check_names(&self) -> Result<(), Error> {
        for name in &self.names {
            let host = name.parse::<Authority>();
            if !host.is_ok_and(|host| host.host() == name && !name.is_empty()) {
                return Err(Error::new(format!(
                    "\"{name}\" is not a host name; write it without a scheme and a port"
                )));
            }
        }
        Ok(())
    }

    /// Checks the headers of a request that arrived at a local address.
    pub(crate) fn check(&self, headers: &HeaderMap, local: IpAddr) -> Result<(), Problem> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            let detail = "the request must have one Host header";
            return Err(Problem::bad_request("host", detail));
        };
        let host = host.to_str().ok().and_then(|host| host.parse().ok());
        if !host.is_some_and(|host| self.is_own(&host, local)) {
            return Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "host",
                "The host is not this gateway",
                "the Host header does not name this gateway; use localhost or the address that \
                 it listens on, or name the host with --host or --behind-proxy",
            ));
        }
        // The gateway serves no pages, so no page of its own origin exists.
        if headers.contains_key(ORIGIN) {
            let detail = "requests of web pages, which have an Origin header, are refused";
            return Err(Problem::forbidden("origin", detail));
        }
        let site = headers.get(FETCH_SITE).map(|site| site.as_bytes());
        if site.is_some_and(|site| site != b"none") {
            let detail = "requests of web pages, which have a Sec-Fetch-Site header, are refused";
            return Err(Problem::forbidden("origin", detail));
        }
        Ok(())
    }

    /// Returns whether an authority names this gateway. The port is not checked: it may
    /// be forwarded.
    fn is_own(&self, named: &Authority, local: IpAddr) -> bool {
        if named.as_str().contains('@') {
            return false;
        }
        let host = named.host().to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        match address.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address == local.to_canonical()
                    || address.is_loopback() && local.to_canonical().is_loopback()
                    || self.names.iter().any(|name| name == &host)
            }
            Err(_) => {
                host == "localhost" && local.to_canonical().is_loopback()
                    || self.names.iter().any(|name| name == &host)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn check(hosts: &Hosts, headers: &[(&'static str, &'static str)], local: IpAddr) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a value"));
        }
        hosts.check(&map, local).is_ok()
    }

    #[test]
    fn only_own_hosts_are_served() {
        let hosts = Hosts::default();
        for host in [
            "localhost:8787",
            "127.0.0.1",
            "[::1]:1",
            "LOCALHOST",
            "127.8.8.8",
        ] {
            assert!(check(&hosts, &[("host", host)], LOCAL), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com",
            "user@localhost",
            "10.0.0.1",
            "",
            "127.0.0.1.example.com",
        ] {
            assert!(!check(&hosts, &[("host", host)], LOCAL), "{host}");
        }
        assert!(!check(&hosts, &[], LOCAL));
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert!(!check(&hosts, &twice, LOCAL));
    }

    #[test]
    fn elsewhere_only_the_named_hosts_are_served() {
        let hosts = Hosts {
            names: vec!["gateway.example.com".to_owned()],
        };
        let local = "10.0.0.1".parse().expect("an address");
        assert!(check(&hosts, &[("host", "gateway.example.com:443")], local));
        assert!(check(&hosts, &[("host", "10.0.0.1:8787")], local));
        assert!(!check(&hosts, &[("host", "localhost")], local));
        assert!(!check(&hosts, &[("host", "127.0.0.1")], local));
    }

    #[test]
    fn requests_of_web_pages_are_refused() {
        let hosts = Hosts::default();
        for header in [
            ("origin", "null"),
            ("origin", "http://localhost:8787"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-origin"),
        ] {
            assert!(
                !check(&hosts, &[("host", "localhost"), header], LOCAL),
                "{header:?}"
            );
        }
        assert!(check(
            &hosts,
            &[("host", "localhost"), ("sec-fetch-site", "none")],
            LOCAL
        ));
    }
}
