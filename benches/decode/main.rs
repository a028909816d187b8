//! Measures decoding a page of each list: into the crate's types, into derived
//! structs with the same fields, and into `serde_json::Value`.
//!
//! With cargo's `--bench` it prints a report, of which `cargo xtask bench` makes a
//! table. Without it, or with `--test`, it makes one round and prints nothing.
//!
//! The time covers decoding alone: a page is dropped after the clock stops. The
//! counting allocator adds the same cost to each allocation of every target.

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
const TARGETS: [&str; 3] = ["crate", "derive", "Value"];

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
            let targets = [cost::<Vec<types::$name>>, cost::<Vec<plain::$name>>, cost::<Value>];
            let costs = compare(&body, targets, warm_up, rounds);
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

/// The cost of decoding one page.
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

/// Returns the costs of each target. Each round starts with another target. In a
/// turn two pages are decoded and the second counts: the first one leaves the
/// caches and the heap in the same state for every target.
fn compare(
    body: &[u8],
    targets: [fn(&[u8]) -> Cost; 3],
    warm_up: usize,
    rounds: usize,
) -> [Vec<Cost>; 3] {
    let mut costs = [const { Vec::new() }; 3];
    for round in 0..warm_up + rounds {
        for turn in 0..targets.len() {
            let target = (round + turn) % targets.len();
            targets[target](body);
            let cost = targets[target](body);
            if round >= warm_up {
                costs[target].push(cost);
            }
        }
    }
    costs
}

/// Reports the cost of each target, and its ratio to the crate's.
fn report(name: &str, length: usize, costs: &[Vec<Cost>; 3]) -> Value {
    let micros = |costs: &[Cost]| -> Vec<f64> {
        let micros = |cost: &Cost| cost.time.as_secs_f64() * 1e6;
        costs.iter().map(micros).collect()
    };
    let typed = micros(&costs[0]);
    let ways = TARGETS.iter().zip(costs).map(|(way, costs)| {
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

/// Checks that the targets do the same work: each holds all items, and the types
/// hold every member of the body.
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

/// Returns a page as JSON without the intended differences: absent values are left
/// out, and a reference, which the crate writes as an object, becomes its ID.
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
