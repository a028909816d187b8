//! Progress on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use super::Terminal;

/// How many there are so far.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn start(terminal: &Terminal, what: &'static str) -> Self {
        if !terminal.shows_progress {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg} {per_sec} {elapsed}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        Self(bar)
    }

    /// Writes to the terminal without the bar in between.
    pub(crate) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    pub(crate) fn add(&self, count: usize) {
        self.0.inc(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Leaves the last line, with the total, on the terminal.
    pub(crate) fn finish(&self) {
        self.0.finish();
    }
}
