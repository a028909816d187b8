//! Progress on standard error, where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::terminal::Terminal;

/// A counter of the items that are done.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts a counter without a known end.
    pub(crate) fn start(terminal: &Terminal, what: &'static str) -> Self {
        Self::with(
            terminal,
            ProgressBar::new_spinner(),
            what,
            "{spinner} {pos} {msg}, {rate}, {elapsed}",
        )
    }

    /// Starts a counter to a total, with the remaining time.
    pub(crate) fn to(terminal: &Terminal, what: &'static str, total: u64) -> Self {
        Self::with(
            terminal,
            ProgressBar::new(total),
            what,
            "{spinner} {pos} of {len} {msg}, {rate}, {eta} left",
        )
    }

    fn with(terminal: &Terminal, bar: ProgressBar, what: &'static str, template: &str) -> Self {
        if !terminal.shows_progress {
            return Self(ProgressBar::hidden());
        }
        let bar = bar.with_message(what);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key(
                "rate",
                |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                    // A bar has no other place for a failure to write.
                    let _ = text.write_str(&rate(state.per_sec()));
                },
            ));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Writes to the terminal while the counter is hidden.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Counts further items.
    pub(crate) fn add(&self, count: usize) {
        self.0.inc(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Removes the counter from the terminal.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }

    /// Leaves the last line, with the total, on the terminal.
    pub(crate) fn finish(&self) {
        self.0.finish();
    }
}

/// Formats a rate in items a second, or a minute where that is clearer.
fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second <= 0.0 {
        return "0/s".to_owned();
    }
    if per_second >= 10.0 {
        format!("{per_second:.0}/s")
    } else if per_second >= 1.0 {
        format!("{per_second:.1}/s")
    } else {
        format!("{:.0}/min", per_second * 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn a_rate_is_readable() {
        for (per_second, shown) in [
            (0.0, "0/s"),
            (f64::NAN, "0/s"),
            (0.5, "30/min"),
            (3.25, "3.2/s"),
            (123.4, "123/s"),
        ] {
            assert_eq!(rate(per_second), shown);
        }
    }
}
