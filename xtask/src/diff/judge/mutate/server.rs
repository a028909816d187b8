//! Mutations of events and of the server.

use fastrand::Rng;
use serde_json::json;

use super::pick::{Drawn, new_name, pick};
use crate::diff::judge::edit::Edit;
use crate::diff::judge::places::Places;
use crate::schema;

pub(super) fn remove_event(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let name = *pick(&places.events, rng)?;
    let pointer = format!("/{}/{name}", schema::WEBHOOKS);
    Some((name.to_owned(), vec![Edit::remove(pointer)]))
}

pub(super) fn change_event(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let name = *pick(&places.events, rng)?;
    let pointer = format!("/{}/{name}/x-event/topic", schema::WEBHOOKS);
    Some((
        name.to_owned(),
        vec![Edit::set(pointer, json!(new_name(rng)))],
    ))
}

pub(super) fn move_server(_: &Places<'_>, rng: &mut Rng) -> Drawn {
    let url = format!("https://{}.example.com", new_name(rng));
    Some((
        "servers".to_owned(),
        vec![Edit::set("/servers/0/url", json!(url))],
    ))
}

pub(super) fn change_rate(_: &Places<'_>, rng: &mut Rng) -> Drawn {
    let key = schema::REQUESTS_PER_MINUTE;
    let edit = Edit::set(format!("/{key}"), json!(rng.u32(600..2000)));
    Some((key.to_owned(), vec![edit]))
}
