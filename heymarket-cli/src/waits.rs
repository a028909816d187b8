//! Says on standard error when the library waits: before another attempt, and for the
//! rate limit.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::context::Context;

/// The field of the library's event that holds the wait.
const FIELD: &str = "heymarket.wait";

/// The library's span of a wait for the rate limit.
const RATE_LIMIT: &str = "heymarket.rate_limit";

/// A wait for the rate limit is shown once it is this long.
const NOTICEABLE: Duration = Duration::from_secs(3);

/// Shows waits on a terminal. `--debug` shows them with everything else.
pub(crate) fn show(context: &Context) {
    if context.globals.debug || !context.terminal.shows_progress {
        return;
    }
    let terminal = context.terminal;
    let waits = Waits::new(move |line| terminal.notice(line));
    let subscriber = tracing_subscriber::registry().with(waits);
    // A process runs one command, so there is no other subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

type Tell = Arc<dyn Fn(&str) + Send + Sync>;

struct Waits {
    tell: Tell,
    limited: Arc<Mutex<Limited>>,
}

/// The waits for the rate limit.
#[derive(Default)]
struct Limited {
    /// How many callers wait.
    waiting: usize,
    /// Counts the times in which at least one caller waits.
    period: u64,
}

impl Waits {
    fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            tell: Arc::new(tell),
            limited: Arc::default(),
        }
    }

    /// Says once that callers wait, if they still do so after a while.
    fn begin(&self) {
        let mut limited = lock(&self.limited);
        limited.waiting += 1;
        if limited.waiting > 1 {
            return;
        }
        limited.period += 1;
        let (period, limited, tell) = (
            limited.period,
            Arc::clone(&self.limited),
            Arc::clone(&self.tell),
        );
        // The library waits in a runtime, so there is one.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(NOTICEABLE).await;
                let still_waits = {
                    let limited = lock(&limited);
                    limited.waiting > 0 && limited.period == period
                };
                if still_waits {
                    tell("waiting for the rate limit");
                }
            });
        }
    }

    fn end(&self) {
        let mut limited = lock(&self.limited);
        limited.waiting = limited.waiting.saturating_sub(1);
    }
}

fn lock(limited: &Mutex<Limited>) -> MutexGuard<'_, Limited> {
    limited.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Waits {
    fn enabled(&self, metadata: &Metadata<'_>, _: LayerContext<'_, S>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with("heymarket_api")
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: LayerContext<'_, S>) {
        if attributes.metadata().name() == RATE_LIMIT {
            self.begin();
        }
    }

    fn on_close(&self, id: Id, context: LayerContext<'_, S>) {
        let metadata = context.metadata(&id);
        if metadata.is_some_and(|metadata| metadata.name() == RATE_LIMIT) {
            self.end();
        }
    }

    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let mut wait = Wait(None);
        event.record(&mut wait);
        if let Some(notice) = wait.0.as_deref().and_then(notice) {
            (self.tell)(&notice);
        }
    }
}

/// Describes a wait of a second or more, such as `57000 ms of Retry-After`.
fn notice(wait: &str) -> Option<String> {
    let (milliseconds, reason) = wait.split_once(" ms of ")?;
    let seconds = milliseconds.parse::<u64>().ok()?.div_ceil(1000);
    let cause = match reason {
        "Retry-After" => "rate limited",
        _ => "the request failed",
    };
    (seconds > 1).then(|| format!("{cause}: retrying in {seconds} s"))
}

/// The wait of an event, as text.
struct Wait(Option<String>);

impl Visit for Wait {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == FIELD {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens the library's span of a wait, and returns what is said after some seconds.
    async fn said_after(seconds: u64, callers: usize) -> Vec<String> {
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&said);
        let waits = Waits::new(move |line| lines.lock().expect("a lock").push(line.to_owned()));
        let subscriber = tracing_subscriber::registry().with(waits);
        let _guard = tracing::subscriber::set_default(subscriber);
        let span = || tracing::debug_span!(target: "heymarket_api::run", "heymarket.rate_limit");
        let waiting: Vec<_> = (0..callers).map(|_| span()).collect();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        drop(waiting);
        tokio::time::sleep(Duration::from_secs(60)).await;
        said.lock().expect("a lock").clone()
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_for_the_rate_limit_is_said_once() {
        assert!(said_after(2, 1).await.is_empty());
        assert_eq!(said_after(4, 1).await, ["waiting for the rate limit"]);
        assert_eq!(said_after(30, 8).await, ["waiting for the rate limit"]);
    }

    #[test]
    fn only_a_noticeable_wait_is_described() {
        let rate_limited = Some("rate limited: retrying in 57 s".to_owned());
        assert_eq!(notice("56789 ms of Retry-After"), rate_limited);
        let failed = Some("the request failed: retrying in 3 s".to_owned());
        assert_eq!(notice("2100 ms of backoff"), failed);
        assert_eq!(notice("900 ms of backoff"), None);
        assert_eq!(notice("token refreshed"), None);
    }
}
