//! Colors.

use anstyle::{AnsiColor, Style};

use crate::globals::ColorMode;

pub(crate) const HEADER: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default().bold();

/// Returns whether to use colors on a stream.
pub(crate) fn is_colored(mode: Option<ColorMode>, is_terminal: bool) -> bool {
    match mode.unwrap_or(ColorMode::Auto) {
        ColorMode::Always => true,
        ColorMode::Never => false,
        ColorMode::Auto => {
            let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            is_terminal
                && !is_set("NO_COLOR")
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// Styles a text that holds no escape sequences.
pub(crate) fn paint(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// Returns the style of a status of a conversation or a message.
pub(crate) fn of_status(status: &str) -> Style {
    match status {
        "open" | "sent" | "delivered" | "received" | "ok" | "active" | "subscribed" => GOOD,
        "pending" | "queued" | "scheduled" | "warn" => WARN,
        "failed" | "fail" | "blocked" | "unsubscribed" | "undelivered" => BAD,
        "closed" => DIM,
        _ => Style::new(),
    }
}
