//! One request, and what can be read off it.

use std::time::{Duration, Instant};

use heymarket_api::{Client, Error};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use super::check::{Check, Report};
use crate::time;

const TIMEOUT: Duration = Duration::from_secs(15);

/// Clocks that differ by less do no harm to a token, which lives five minutes.
const SLIGHT: SignedDuration = SignedDuration::from_secs(60);
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(300);
/// The largest difference that the client corrects.
const CORRECTED: SignedDuration = SignedDuration::from_secs(600);

/// Lists the inboxes, once.
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
            "the server is in trouble; try again later",
        ),
        _ => Check::ok(NAME, "the API answers").took(time),
    }
}

fn accepted(error: Option<&Error>) -> Option<Check> {
    const NAME: &str = "accepted";
    Some(match error {
        None => Check::ok(NAME, "the API takes the credentials"),
        Some(error) if error.is_unauthorized() => Check::fail(
            NAME,
            format!("the API does not take the credentials: {error}"),
            "are the id and the key those of one secret, and was it not deleted? \
             `heymarket auth login` replaces it",
        ),
        Some(error) if error.is_forbidden() => Check::fail(
            NAME,
            format!("the credentials may not list inboxes: {error}"),
            "the team may not have access to the API; Heymarket's support grants it",
        ),
        Some(error) if error.is_bad_request() || error.is_not_found() => Check::fail(
            NAME,
            format!("the server does not answer as the API does: {error}"),
            "is the server right? See --base-url and HEYMARKET_BASE_URL",
        ),
        // Nothing is known of the credentials.
        Some(_) => return None,
    })
}

fn clock(headers: &HeaderMap, end: Timestamp, took: Duration) -> Check {
    const NAME: &str = "clock";
    let Some(server) = time::of_server(headers) else {
        let detail = "the server did not say what time it is";
        return Check::warn(
            NAME,
            detail,
            "see that this machine's clock is set by the network",
        );
    };
    // It was said somewhere on the way, in whole seconds.
    let half = SignedDuration::try_from(took / 2).unwrap_or_default();
    let skew = end.duration_since(server) - half - SignedDuration::from_millis(500);
    let seconds = skew.as_millis() as f64 / 1000.0;
    let way = if skew.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let detail = format!("this machine is {:.0} s {way} the server", seconds.abs());
    let advice = "set this machine's clock by the network (NTP)";
    if skew.abs() < SLIGHT {
        Check::ok(NAME, detail)
    } else if skew.abs() < TOKEN_LIFETIME {
        let detail = format!("{detail}, and a token lives 300 s");
        Check::warn(NAME, detail, advice)
    } else {
        let effect = if skew.abs() < CORRECTED {
            "the first one is refused, and each command has to ask twice"
        } else {
            "every one is refused, since the client corrects 600 s at most"
        };
        let detail = format!("{detail}, and a token lives 300 s: {effect}");
        Check::fail(NAME, detail, advice)
    }
}

fn limit(error: Option<&Error>) -> Check {
    const NAME: &str = "rate limit";
    if error.is_some_and(Error::is_rate_limited) {
        return Check::warn(
            NAME,
            "the API says that there are too many requests now",
            "who else uses these credentials? All of them share 500 requests a minute",
        );
    }
    Check::ok(
        NAME,
        "a command sends 500 requests a minute at most, and waits with the others; commands that \
         run at the same time do not know of each other",
    )
}
