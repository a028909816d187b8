//! Requests that are no attempts: the ledger notes them, since they count toward
//! the limit after a crash.

use std::sync::{Arc, Mutex, PoisonError};

use heymarket_api::{Client, Error as ApiError};

use super::stop::Stop;
use crate::engine::Engine;
use crate::error::Error;
use crate::store::Millis;

/// Returns how long a request of a client that is not answered counts toward the
/// limit: its timeouts, and a minute.
pub(super) fn counts_unanswered(client: &Client) -> Millis {
    let flight = Millis::try_from(client.max_flight().as_millis()).unwrap_or(Millis::MAX);
    flight.saturating_add(COUNTS_ANSWERED)
}

/// How long a request counts that is answered, in milliseconds.
pub(super) const COUNTS_ANSWERED: Millis = 60_100;

/// Why such a request gave nothing.
pub(super) enum Failed {
    Api(ApiError),
    /// The ledger could not note it, so it was not made.
    Ledger(Error),
    /// The run was stopped.
    Stopped,
}

/// What the callback before an attempt has noted.
#[derive(Default)]
struct Noted {
    last: Option<i64>,
    failure: Option<Error>,
}

/// Makes requests in the background, unless the run is stopped. Each is noted once
/// the rate limit admits it and before it leaves.
pub(super) async fn noted<T>(
    engine: &Engine,
    client: &Client,
    stop: &Stop,
    call: impl AsyncFnOnce(Client) -> Result<T, ApiError>,
) -> Result<T, Failed> {
    let noted = Arc::new(Mutex::new(Noted::default()));
    let counts = counts_unanswered(client);
    let client = client.with_options(|options| {
        let (engine, noted) = (engine.clone(), Arc::clone(&noted));
        options.background().before_attempt(move || {
            let (engine, noted) = (engine.clone(), Arc::clone(&noted));
            async move {
                let until = engine.millis().saturating_add(counts);
                match engine.store.note_request(until).await {
                    Ok(request) => {
                        lock(&noted).last = Some(request);
                        Ok(())
                    }
                    Err(error) => {
                        lock(&noted).failure = Some(error);
                        Err("it could not be noted".into())
                    }
                }
            }
        })
    });
    let result = tokio::select! {
        biased;
        result = call(client) => result,
        // One that is in flight counts as one without an answer.
        () = stop.wait() => return Err(Failed::Stopped),
    };
    let Noted { last, failure } = std::mem::take(&mut *lock(&noted));
    if let Some(error) = failure {
        return Err(Failed::Ledger(error));
    }
    let is_answered = match &result {
        Ok(_) => true,
        Err(failure) => failure.status().is_some(),
    };
    if let Some(request) = last.filter(|_| is_answered) {
        let until = engine.millis() + COUNTS_ANSWERED;
        let ended = engine.store.end_request(request, until).await;
        ended.map_err(Failed::Ledger)?;
    }
    result.map_err(Failed::Api)
}

fn lock(noted: &Mutex<Noted>) -> std::sync::MutexGuard<'_, Noted> {
    noted.lock().unwrap_or_else(PoisonError::into_inner)
}
