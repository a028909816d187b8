//! The web pages that may use the sandbox from a browser (CORS).

use std::str::FromStr;

use http::Uri;

use crate::error::quoted;

/// The origins of pages that may send requests and read responses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    named: Vec<Origin>,
}

/// An origin, or all of this machine.
///
/// As text it is an origin such as `http://localhost:3000`, or `local`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Local,
    Named(String),
}

impl Origins {
    pub(crate) fn add(&mut self, origin: Origin) {
        self.named.push(origin);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    pub(crate) fn allow(&self, origin: &str) -> bool {
        self.named.iter().any(|allowed| match allowed {
            Origin::Local => is_local(origin),
            Origin::Named(named) => named.eq_ignore_ascii_case(origin),
        })
    }
}

/// Returns whether an origin is of this machine, on any port.
fn is_local(origin: &str) -> bool {
    let Some(host) = origin.parse::<Uri>().ok().and_then(|uri| host(&uri)) else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Returns the host of an origin: of a URL that has nothing else.
fn host(uri: &Uri) -> Option<String> {
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let authority = uri.authority()?;
    let has_user = authority.as_str().contains('@');
    (is_web && is_bare && !has_user).then(|| authority.host().to_ascii_lowercase())
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "local" {
            return Ok(Self::Local);
        }
        let uri = text.parse::<Uri>().ok();
        if uri.is_some_and(|uri| host(&uri).is_some()) && !text.ends_with('/') {
            return Ok(Self::Named(text.to_owned()));
        }
        Err(format!(
            "{} is not an origin, such as http://localhost:3000, nor `local`",
            quoted(text)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_of_this_machine_are_local() {
        let mut origins = Origins::default();
        origins.add("local".parse().expect("an origin"));
        origins.add("https://app.example.com".parse().expect("an origin"));
        for allowed in [
            "http://localhost:3000",
            "https://localhost",
            "http://127.0.0.1:5173",
            "http://[::1]:8000",
            "http://app.localhost:1",
            "https://app.example.com",
        ] {
            assert!(origins.allow(allowed), "{allowed}");
        }
        for refused in [
            "http://example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "https://app.example.com.evil.example.com",
            "http://app.example.com",
            "null",
            "file://",
            "",
        ] {
            assert!(!origins.allow(refused), "{refused}");
        }
        for text in [
            "*",
            "localhost",
            "http://localhost/",
            "http://localhost/path",
            "",
        ] {
            text.parse::<Origin>().expect_err(text);
        }
    }
}
