//! Says on standard error when the library waits before another attempt.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt as _};

use crate::context::Context;
use crate::output::terminal::Terminal;

/// The field of the library's event that holds the wait.
const FIELD: &str = "heymarket.wait";

/// Shows waits on a terminal. `--debug` shows them with everything else.
pub(crate) fn show(context: &Context) {
    if context.globals.debug || !context.terminal.shows_progress {
        return;
    }
    let subscriber = tracing_subscriber::registry().with(Waits {
        terminal: context.terminal,
    });
    // A process runs one command, so there is no other subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct Waits {
    terminal: Terminal,
}

impl<S: Subscriber> Layer<S> for Waits {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: LayerContext<'_, S>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with("heymarket_api")
    }

    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let mut wait = Wait(None);
        event.record(&mut wait);
        if let Some(notice) = wait.0.as_deref().and_then(notice) {
            self.terminal.notice(&notice);
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
    use super::notice;

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
