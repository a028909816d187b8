//! `cargo xtask bench`: the cost of calls, pages and deliveries, compared with
//! hand-written code.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::aims::{self, Aim};
use super::document;
use super::machine;
use super::table::Table;
use crate::cargo::bench;
use crate::command::Output;
use crate::error::Error;

const VERSIONS: [&str; 6] = [
    "reqwest",
    "hyper",
    "hyper-util",
    "tokio",
    "serde",
    "serde_json",
];

/// Measures, prints the tables, and writes them to `docs/performance.md`. With
/// `growth` it measures growth with the requests in flight and the length of a
/// walk, and otherwise everything else.
///
/// # Errors
///
/// Returns an error if a benchmark fails or the document cannot be written.
pub fn run(root: &Path, growth: bool, output: &mut Output<'_>) -> Result<(), Error> {
    let mut text = machine::describe(root, &VERSIONS)?;
    text.push_str("\n\n");
    let section = if growth {
        output.say("measuring throughput and a long walk: about a minute")?;
        text.push_str(&growth_tables(&bench(
            root,
            "call",
            "bench",
            &["--growth"],
        )?));
        "bench-growth"
    } else {
        output.say("measuring calls, pages and deliveries: about three minutes")?;
        let calls = bench(root, "call", "bench", &[])?;
        let pages = bench(root, "decode", "bench", &[])?;
        let delivery = bench(root, "webhook", "bench", &[])?;
        text.push_str(&aims::table(&aims(&calls, &pages)));
        text.push('\n');
        text.push_str(&call_tables(&calls));
        text.push_str(&decode_table(&pages));
        text.push_str(&webhook_table(&delivery));
        "bench"
    };
    output.print(&text)?;
    document::replace(root, section, &text)
}

pub(super) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub(super) fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or(f64::NAN)
}

/// Returns the aims: the client with everything on relative to reqwest by hand with
/// the same types, and pages relative to `serde_json::Value`.
fn aims(calls: &Value, pages: &Value) -> Vec<Aim> {
    let mut aims = Vec::new();
    for call in items(calls, "calls") {
        let rows: Vec<&Value> = items(call, "rows").collect();
        let by_hand = rows.iter().find(|row| row["row"] == calls["compared_with"]);
        let (Some(ours), Some(by_hand)) = (rows.first(), by_hand) else {
            continue;
        };
        let name = text(call, "call");
        let more = number(ours, "allocations") - number(by_hand, "allocations");
        for (what, most, is) in [
            (
                "latency relative to reqwest",
                1.00,
                number(ours, "latency_ratio"),
            ),
            (
                "processor time relative to reqwest",
                1.03,
                number(ours, "cpu_ratio"),
            ),
            ("allocations beyond reqwest", 4.0, more),
        ] {
            let name = format!("{name}: {what}");
            aims.push(Aim { name, most, is });
        }
    }
    for page in items(pages, "pages") {
        let free = items(page, "ways").find(|way| way["way"] == "Value");
        aims.push(Aim {
            name: format!("{} page: time relative to `Value`", text(page, "page")),
            most: 0.6,
            is: free.map_or(f64::NAN, |way| number(way, "ratio")),
        });
    }
    aims
}

fn call_tables(report: &Value) -> String {
    let pinned = if report["is_pinned"] == true {
        "pinned to another processor"
    } else {
        "not pinned to a processor"
    };
    let mut out = format!(
        "Latency is that of sequential calls: the median of {} rounds. In each round every row \
         makes {} calls, in alternation. Processor time is the client's at {} calls in flight: the \
         median of {} rounds. The server is a separate process, {pinned}. x is the median of the \
         per-round ratios to \u{201c}{}\u{201d}.\n",
        report["rounds"],
        report["calls_per_round"],
        report["in_flight"],
        report["rounds_in_flight"],
        text(report, "compared_with"),
    );
    for call in items(report, "calls") {
        let mut table = Table::new(&[
            text(call, "call"),
            "latency",
            "x",
            "processor time",
            "x",
            "allocations",
            "bytes",
        ]);
        for row in items(call, "rows") {
            table.row([
                text(row, "row").to_owned(),
                format!("{:.1} us", number(row, "latency_us")),
                format!("{:.2}", number(row, "latency_ratio")),
                format!("{:.1} us", number(row, "cpu_us")),
                format!("{:.2}", number(row, "cpu_ratio")),
                format!("{:.0}", number(row, "allocations")),
                format!("{:.0}", number(row, "bytes")),
            ]);
        }
        let _ = write!(out, "\n{}", table.render());
    }
    out
}

fn decode_table(report: &Value) -> String {
    let mut out = format!(
        "\nDecoding a page of {} items, the median of {} rounds: into the types of this crate, \
         into derived structs with the same members, and into `serde_json::Value`. x is the \
         crate's cost divided by the other.\n\n",
        report["items"], report["rounds"],
    );
    let mut table = Table::new(&[
        "page",
        "crate",
        "derive",
        "x",
        "Value",
        "x",
        "allocations",
        "derive",
        "Value",
    ]);
    for page in items(report, "pages") {
        let ways: Vec<&Value> = items(page, "ways").collect();
        let [typed, derive, free] = ways[..] else {
            continue;
        };
        let time = |way| format!("{:.1} us", number(way, "us"));
        let ratio = |way| format!("{:.2}", number(way, "ratio"));
        let count = |way| format!("{:.0}", number(way, "allocations"));
        table.row([
            format!("{}, {} bytes", text(page, "page"), page["bytes"]),
            time(typed),
            time(derive),
            ratio(derive),
            time(free),
            ratio(free),
            count(typed),
            count(derive),
            count(free),
        ]);
    }
    out.push_str(&table.render());
    out
}

fn webhook_table(report: &Value) -> String {
    let mut table = Table::new(&["", "median", "allocations"]);
    for (name, way) in [
        ("verified and read", "verified"),
        ("`Value`, not verified", "Value"),
    ] {
        table.row([
            name.to_owned(),
            format!("{:.2} us", number(&report[way], "us")),
            format!("{:.0}", number(&report[way], "allocations")),
        ]);
    }
    format!(
        "\nA webhook delivery of {} bytes, {} rounds; {:.2} times the cost of `Value`.\n\n{}",
        report["bytes"],
        report["rounds"],
        number(report, "ratio"),
        table.render(),
    )
}

fn growth_tables(report: &Value) -> String {
    let mut flights = Table::new(&[
        "in flight",
        "client",
        "by hand",
        "x",
        "processor time",
        "by hand",
        "x",
    ]);
    for point in items(report, "in_flight") {
        let pair = |ours: &str, theirs: &str, unit: &str| {
            let (ours, theirs) = (number(point, ours), number(point, theirs));
            [
                format!("{ours:.0}{unit}"),
                format!("{theirs:.0}{unit}"),
                format!("{:.2}", ours / theirs),
            ]
        };
        let mut row = vec![point["in_flight"].to_string()];
        row.extend(pair("client_per_second", "by_hand_per_second", " /s"));
        row.extend(pair("client_cpu_us", "by_hand_cpu_us", " us"));
        flights.row(row);
    }
    let mut walk = Table::new(&["items walked", "peak allocated", "peak resident", "elapsed"]);
    for point in items(report, "walk") {
        walk.row([
            point["items"].to_string(),
            format!("{:.0} KiB", number(point, "peak_bytes") / 1024.0),
            format!("{:.1} MiB", number(point, "resident_kib") / 1024.0),
            format!("{:.1} s", number(point, "seconds")),
        ]);
    }
    format!(
        "One conversation, with n calls in flight on one thread; the median of ten rounds, in \
         alternation with reqwest by hand.\n\n{}\nA walk over a million contacts in pages of 500: \
         the memory allocated during the walk, beyond what was allocated before.\n\n{}",
        flights.render(),
        walk.render(),
    )
}
