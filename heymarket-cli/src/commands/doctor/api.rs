//! Checks of one request and its response.

use std::time::{Duration, Instant};

use heymarket_api::server::REQUESTS_PER_MINUTE;
use heymarket_api::{Client, Error};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use super::check::{Check, Report};
use crate::time;

const TIMEOUT: Duration = Duration::from_secs(15);

/// A smaller difference of clocks does not matter to a token, which is valid for five
/// minutes.
const HARMLESS: SignedDuration = SignedDuration::from_secs(60);
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(300);
/// The largest difference that the client corrects.
const MAX_CORRECTED: SignedDuration = SignedDuration::from_secs(600);

/// Lists the inboxes once.
pub(super) async fn check(client: &Client, report: &mut Report) {
    let client = client.with_options(|options| {
        options
            .max_retries(0)
            .timeout(TIMEOUT)
            .deadline(2 * TIMEOUT)
    });
    let start = Instant::now();
    let outcome = client.list_inboxes().await;
    let (time, end) = (start.elapsed(), Timestamp::now());
    let (headers, error) = match &outcome {
        Ok(response) => (Some(response.headers()), None),
        Err(error) => (error.headers(), Some(error)),
    };
    report.add(http(error, time));
    if let Some(headers) = headers {
        report.add(clock(headers, end, time));
    }
    if let Some(check) = accepted(error) {
        report.add(check.of_credentials());
    }
    report.add(limit(error));
}

fn http(error: Option<&Error>, time: Duration) -> Check {
    const NAME: &str = "http";
    match error {
        Some(error) if error.status().is_none() => Check::fail(NAME, error.to_string(), ""),
        Some(error) if error.is_server_error() => Check::fail(
            NAME,
            error.to_string(),
            "the server has a problem; try again later",
        ),
        _ => Check::ok(NAME, "the API responds").took(time),
    }
}

fn accepted(error: Option<&Error>) -> Option<Check> {
    const NAME: &str = "accepted";
    Some(match error {
        None => Check::ok(NAME, "the API accepts the credentials"),
        Some(error) if error.is_unauthorized() => Check::fail(
            NAME,
            format!("the API rejects the credentials: {error}"),
            "check that the ID and the key belong to one secret, and that it still exists; \
             'heymarket auth login' replaces it",
        ),
        Some(error) if error.is_forbidden() => Check::fail(
            NAME,
            format!("the credentials may not list inboxes: {error}"),
            "ask Heymarket's support to grant the team access to the API",
        ),
        Some(error) if error.is_bad_request() || error.is_not_found() => Check::fail(
            NAME,
            format!("the server does not behave as the API: {error}"),
            "check --base-url and HEYMARKET_BASE_URL",
        ),
        // Other errors say nothing about the credentials.
        Some(_) => return None,
    })
}

fn clock(headers: &HeaderMap, end: Timestamp, took: Duration) -> Check {
    const NAME: &str = "clock";
    let Some(server) = time::of_response(headers) else {
        let detail = "the response has no Date";
        return Check::warn(
            NAME,
            detail,
            "check that this machine's clock is synchronized (NTP)",
        );
    };
    // The Date was set within the round trip, in whole seconds.
    let half = SignedDuration::try_from(took / 2).unwrap_or_default();
    let skew = end.duration_since(server) - half - SignedDuration::from_millis(500);
    let seconds = skew.as_millis() as f64 / 1000.0;
    let direction = if skew.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let detail = format!(
        "this machine is {:.0} s {direction} the server",
        seconds.abs()
    );
    let advice = "synchronize this machine's clock (NTP)";
    if skew.abs() < HARMLESS {
        Check::ok(NAME, detail)
    } else if skew.abs() < TOKEN_LIFETIME {
        let detail = format!("{detail}; a token is valid for 300 s");
        Check::warn(NAME, detail, advice)
    } else {
        let effect = if skew.abs() < MAX_CORRECTED {
            "the first is rejected, so each command sends its first request twice"
        } else {
            "all are rejected, since the client corrects at most 600 s"
        };
        let detail = format!("{detail}; a token is valid for 300 s: {effect}");
        Check::fail(NAME, detail, advice)
    }
}

fn limit(error: Option<&Error>) -> Check {
    const NAME: &str = "rate limit";
    if error.is_some_and(Error::is_rate_limited) {
        return Check::warn(
            NAME,
            "the API reports too many requests",
            "find out what else uses these credentials: all share one rate limit",
        );
    }
    Check::ok(
        NAME,
        format!(
            "each command sends at most {REQUESTS_PER_MINUTE} requests a minute and waits with \
             the rest; concurrent commands do not share the limit"
        ),
    )
}
