//! The default HTTP client, and what an HTTP client of the caller's may do.

use std::time::Duration;

use reqwest::Url;

use crate::error::Error;

/// Builds the default HTTP client: it follows no redirects and retries nothing.
pub(super) fn http_client(
    base_url: &Url,
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
) -> Result<reqwest::Client, Error> {
    // Otherwise every request would fail as if the server were unreachable.
    let has_tls = cfg!(any(feature = "rustls", feature = "native-tls"));
    if base_url.scheme() == "https" && !has_tls {
        return Err(Error::configuration(
            "heymarket-api was built without TLS; turn on its feature `rustls` or `native-tls`",
        ));
    }
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(pool_idle_timeout);
    if !cfg!(feature = "http2") {
        // reqwest retries what an HTTP/2 server reports as unprocessed. HTTP/1 has no
        // such report, and each request would be cloned for nothing.
        builder = builder
            .http1_only()
            .retry(reqwest::retry::never().max_retries_per_request(0));
    }
    if is_loopback(base_url) {
        // A proxy from the environment would take loopback traffic off this machine.
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| Error::configuration(format!("the HTTP client: {}", error.without_url())))
}

/// Returns whether a client may follow redirects. reqwest has no accessor for its
/// policy, but `Debug` names it. If that text ever changes, the client counts as one
/// that follows redirects, which is the safe side.
pub(super) fn follows_redirects(client: &reqwest::Client) -> bool {
    !format!("{client:?}").contains(r#"redirect_policy: "Policy(None)""#)
}

/// Returns whether a URL points to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use reqwest::redirect::Policy;

    use super::follows_redirects;

    #[test]
    fn a_client_without_redirects_has_a_known_debug_text() {
        let client = |policy| {
            let builder = reqwest::Client::builder().redirect(policy);
            builder.build().expect("an HTTP client")
        };
        assert!(!follows_redirects(&client(Policy::none())));
        for policy in [Policy::default(), Policy::limited(1)] {
            assert!(follows_redirects(&client(policy)));
        }
        let custom = Policy::custom(|attempt| attempt.stop());
        assert!(
            follows_redirects(&client(custom)),
            "a custom policy may follow them"
        );
    }
}
