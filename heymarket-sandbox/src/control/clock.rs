//! The clock: reading and setting the sandbox's time.

use std::time::Duration;

use axum::extract;
use axum::extract::Request;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Access, with_body};
use super::reply::Reply;
use crate::clock::Clock;
use crate::state::Shared;
use crate::store::Rejection;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SetClock {
    now: Option<Timestamp>,
    advance_seconds: Option<u64>,
    frozen: Option<bool>,
    system: bool,
}

pub(super) async fn get(extract::State(shared): Access) -> Reply {
    Reply(Ok(shown(&shared.state().clock)))
}

fn shown(clock: &Clock) -> Value {
    json!({"now": clock.now().to_string(), "frozen": clock.is_frozen()})
}

pub(super) async fn set(extract::State(shared): Access, request: Request) -> Reply {
    Reply(with_body(&shared, request, apply).await)
}

fn apply(shared: &Shared, set: SetClock) -> Result<Value, Rejection> {
    let choices = usize::from(set.now.is_some())
        + usize::from(set.advance_seconds.is_some())
        + usize::from(set.system);
    if choices > 1 || (choices == 0 && set.frozen.is_none()) {
        return Err(Rejection::bad_data(
            "now",
            "give one of now, advance_seconds and system, or frozen",
        ));
    }
    shared.set_clock(|clock| {
        if set.system {
            clock.follow_system();
        }
        if let Some(seconds) = set.advance_seconds {
            clock.advance(Duration::from_secs(seconds));
        }
        let frozen = set.frozen.unwrap_or(clock.is_frozen());
        if set.now.is_some() || frozen != clock.is_frozen() {
            clock.set(set.now.unwrap_or(clock.now()), frozen);
        }
    });
    Ok(shown(&shared.state().clock))
}
