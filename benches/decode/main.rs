//! What it costs to decode a page of each list: into the crate's types, into
//! plain derived ones of the same fields, and into free JSON.
//!
//! With cargo's `--bench` it prints a report, which `cargo xtask bench` makes a
//! table of; without, or with `--test`, it makes one round and prints nothing.
//!
//! The time is that of decoding alone: a page is dropped after the clock has
//! stopped. The allocator counts all the while, which costs every way the same
//! for each allocation.

#![recursion_limit = "256"]

mod plain;

use std::hint::black_box;
use std::time::{Duration, Instant};

use heymarket_api::types;
use heymarket_benches::{Allocated, allocated, is_measuring, items, median, median_ratio, print};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const WARM_UP: usize = 200;
const ROUNDS: usize = 2_000;
const WAYS: [&str; 3] = ["crate", "derive", "Value"];

fn main() {
    let (warm_up, rounds) = if is_measuring() {
        (WARM_UP, ROUNDS)
    } else {
        (0, 1)
    };
    let mut pages = Vec::new();
    macro_rules! lists {
        ($($name:ident: $item:expr),* $(,)?) => {$(
            let body = items::page($item);
            check::<types::$name, plain::$name>(&body);
            let ways = [cost::<Vec<types::$name>>, cost::<Vec<plain::$name>>, cost::<Value>];
            let costs = compare(&body, ways, warm_up, rounds);
            pages.push(report(stringify!($name), body.len(), &costs));
        )*};
    }
    lists! {
        Conversation: items::conversation,
        Message: items::message,
        Contact: items::contact,
        List: items::list,
        Template: items::template,
        Tag: items::tag,
        Survey: items::survey,
        Inbox: items::inbox,
    }
    if is_measuring() {
        print(&json!({ "rounds": rounds, "items": items::PAGE, "pages": pages }));
    }
}

/// What it takes to decode one page.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    allocated: Allocated,
}

fn decode<P: DeserializeOwned>(body: &[u8]) -> P {
    serde_json::from_slice(body).expect("a page")
}

fn cost<P: DeserializeOwned>(body: &[u8]) -> Cost {
    let ((page, time), allocated) = allocated(|| {
        let start = Instant::now();
        let page: P = black_box(decode(black_box(body)));
        (page, start.elapsed())
    });
    drop(page);
    Cost { time, allocated }
}

/// The costs of each way. In every round each has its turn, and another one is
/// the first. Of a turn's two pages the second counts: the first leaves the
/// caches and the heap as this way does, whichever had the turn before.
fn compare(
    body: &[u8],
    ways: [fn(&[u8]) -> Cost; 3],
    warm_up: usize,
    rounds: usize,
) -> [Vec<Cost>; 3] {
    let mut costs = [const { Vec::new() }; 3];
    for round in 0..warm_up + rounds {
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            ways[way](body);
            let cost = ways[way](body);
            if round >= warm_up {
                costs[way].push(cost);
            }
        }
    }
    costs
}

/// What each way costs, and the crate by it.
fn report(name: &str, length: usize, costs: &[Vec<Cost>; 3]) -> Value {
    let micros = |costs: &[Cost]| -> Vec<f64> {
        let micros = |cost: &Cost| cost.time.as_secs_f64() * 1e6;
        costs.iter().map(micros).collect()
    };
    let typed = micros(&costs[0]);
    let ways = WAYS.iter().zip(costs).map(|(way, costs)| {
        let times = micros(costs);
        json!({
            "way": way,
            "ratio": median_ratio(&typed, &times),
            "us": median(times),
            "allocations": costs[0].allocated.times,
            "bytes": costs[0].allocated.bytes,
        })
    });
    json!({ "page": name, "bytes": length, "ways": ways.collect::<Vec<_>>() })
}

/// Checks that the ways do the same work: each gives all items, and the types
/// hold all that is in the body.
fn check<T, P>(body: &[u8])
where
    T: DeserializeOwned + Serialize,
    P: DeserializeOwned + Serialize,
{
    let free: Value = decode(body);
    let typed: Vec<T> = decode(body);
    let plain: Vec<P> = decode(body);
    assert_eq!(free.as_array().map(Vec::len), Some(items::PAGE));
    assert_eq!(typed.len(), items::PAGE);
    assert_eq!(plain.len(), items::PAGE);

    let (free, typed, plain) = (said(&free), said(&typed), said(&plain));
    assert_eq!(ids(&typed).len(), items::PAGE);
    assert_eq!(ids(&typed), ids(&plain));
    assert_eq!(typed, free);
    assert_eq!(plain, free);
}

fn ids(page: &Value) -> Vec<i64> {
    let items = page.as_array().into_iter().flatten();
    items.filter_map(|item| item["id"].as_i64()).collect()
}

/// A page as JSON, without the differences that are meant: what stands for
/// nothing is left out, and a reference, which the crate writes as an object,
/// is its id.
fn said(page: &impl Serialize) -> Value {
    fn prune(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(prune),
            Value::Object(members) => {
                for key in ["assigned", "inbox"] {
                    if let Some(reference) = members.get_mut(key)
                        && let Some(id) = reference.get("id").cloned()
                    {
                        *reference = id;
                    }
                }
                if members.get("assigned") == Some(&json!(0)) {
                    members.remove("assigned");
                }
                members.retain(|_, value| !value.is_null());
                members.values_mut().for_each(prune);
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(page).expect("JSON");
    prune(&mut value);
    value
}
