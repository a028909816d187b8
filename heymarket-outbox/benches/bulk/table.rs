//! The findings as a table: a column for each seed.

use std::fmt::Write as _;

use crate::counts::Share;
use crate::judge::{Findings, Workers};

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
    if all.iter().any(|findings| findings.workers.is_some()) {
        let mut of_workers = |name: &str, figure: &dyn Fn(&Workers) -> String| {
            row(name, &|f| {
                f.workers.as_ref().map_or_else(String::new, figure)
            });
        };
        of_workers("workers", &|w| w.count.to_string());
        of_workers("store of the limit", &|w| w.limit.to_owned());
        of_workers("restarts of a store", &|w| w.restarts.to_string());
        of_workers("flushes of Redis", &|w| w.flushes.to_string());
        of_workers("cuts of a network", &|w| w.cuts.to_string());
    }
    row("kills of a sender", &|f| f.kills.to_string());
    row("**double**", &|f| f.verdict.doubled.to_string());
    row("**lost or unaccounted**", &|f| f.verdict.lost.to_string());
    row("**to people who opted out**", &|f| {
        f.verdict.to_opted_out.to_string()
    });
    row("**outside of the window**", &|f| {
        f.verdict.outside_windows.to_string()
    });
    row("**to review**", &|f| f.verdict.to_review.to_string());
    row("**429 of its own making**", &|f| f.own_refusals.to_string());
    row("**most requests in a minute**", &|f| {
        f.most_in_a_minute.to_string()
    });
    row("sent", &|f| f.verdict.sent.to_string());
    row("of these found in the history", &|f| {
        f.verdict.found_in_history.to_string()
    });
    row("refused, since they opted out", &|f| {
        f.verdict.opted_out.to_string()
    });
    row("requests", &|f| f.requests.to_string());
    row("**limit used**", &|f| share(f.limit.without_storms));
    row("with the storms", &|f| share(f.limit.all));
    row("without the kills, too", &|f| share(f.limit.calm));
    row("limit held for lost answers", &|f| percent(f.limit.held));
    row("from kills to the next request", &|f| {
        format!("{:.1} min", f.downtime.as_secs_f64() / 60.0)
    });
    row("ended in order", &|f| {
        if f.exited_well { "yes" } else { "**no**" }.to_owned()
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
