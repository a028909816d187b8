//! The findings as a table: a column for each seed.

use std::fmt::Write as _;

use crate::counts::Share;
use crate::judge::Findings;

/// What is promised of a run, and the figure of each seed.
pub(crate) fn table(all: &[Findings]) -> String {
    let mut text = String::from("| |");
    for findings in all {
        let _ = write!(text, " seed {} |", findings.seed);
    }
    text.push_str("\n|---|");
    text.push_str(&"---:|".repeat(all.len()));
    text.push('\n');
    let mut row = |name: &str, figure: &dyn Fn(&Findings) -> String| {
        let _ = write!(text, "| {name} |");
        for findings in all {
            let _ = write!(text, " {} |", figure(findings));
        }
        text.push('\n');
    };
    row("recipients", &|f| f.recipients.to_string());
    row("kills of the sender", &|f| f.kills.to_string());
    row("**double**", &|f| f.doubled.to_string());
    row("**lost or unaccounted**", &|f| f.lost.to_string());
    row("**to people who opted out**", &|f| {
        f.to_opted_out.to_string()
    });
    row("**outside of the window**", &|f| {
        f.outside_windows.to_string()
    });
    row("**to review**", &|f| f.to_review.to_string());
    row("**429 of its own making**", &|f| f.own_refusals.to_string());
    row("sent", &|f| f.sent.to_string());
    row("of these found in the history", &|f| {
        f.found_in_history.to_string()
    });
    row("refused, since they opted out", &|f| {
        f.opted_out.to_string()
    });
    row("requests", &|f| f.requests.to_string());
    row("**limit used**", &|f| share(f.limit.without_storms));
    row("with the storms", &|f| share(f.limit.all));
    row("without the kills, too", &|f| share(f.limit.calm));
    row("limit held for lost answers", &|f| percent(f.limit.held));
    row("from kills to the next request", &|f| {
        format!("{:.1} min", f.downtime.as_secs_f64() / 60.0)
    });
    row("real time", &|f| format!("{:.0} s", f.seconds));
    text
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn share(share: Share) -> String {
    match share.minutes {
        0 => "-".to_owned(),
        minutes => format!("{} of {minutes} min", percent(share.used)),
    }
}
