//! Mutations of enums, limits and choices of members.

use fastrand::Rng;
use serde_json::{Value, json};

use super::members::member;
use super::pick::{Drawn, new_name, pick};
use crate::diff::judge::edit::Edit;
use crate::diff::judge::places::{Member, Places};
use crate::schema::{self, array};

/// Picks an open enum: its name and its values.
fn open_enum<'a>(places: &Places<'a>, rng: &mut Rng) -> Option<(&'a str, Vec<Value>)> {
    let name = *pick(&places.enums, rng)?;
    let values = places
        .document
        .pointer(&format!("/components/schemas/{name}/enum"));
    Some((name, array(values).to_vec()))
}

pub(super) fn add_value(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, mut values) = open_enum(places, rng)?;
    values.push(json!(new_name(rng)));
    let edit = Edit::set(format!("/components/schemas/{name}/enum"), json!(values));
    Some((name.to_owned(), vec![edit]))
}

pub(super) fn remove_value(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, mut values) = open_enum(places, rng)?;
    // The events of webhooks have a value each.
    if name == "WebhookEventType" || values.len() < 2 {
        return None;
    }
    values.remove(rng.usize(0..values.len()));
    let edit = Edit::set(format!("/components/schemas/{name}/enum"), json!(values));
    Some((name.to_owned(), vec![edit]))
}

pub(super) fn add_alias(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, mut values) = open_enum(places, rng)?;
    let pointer = format!("/components/schemas/{name}");
    let target = pick(&values, rng)?.clone();
    let mut aliases = places
        .document
        .pointer(&format!("{pointer}/{}", schema::ALIASES))
        .cloned();
    if aliases
        .as_ref()
        .and_then(|all| all.get(target.as_str()?))
        .is_some()
    {
        return None;
    }
    let alias = new_name(rng);
    values.push(json!(alias));
    let all = aliases.get_or_insert_with(|| json!({}));
    all[alias.as_str()] = target;
    Some((
        name.to_owned(),
        vec![
            Edit::set(format!("{pointer}/enum"), json!(values)),
            Edit::set(format!("{pointer}/{}", schema::ALIASES), all.clone()),
        ],
    ))
}

/// Picks a limit of a request's member.
fn limit<'a, 'b>(
    places: &'b Places<'a>,
    rng: &mut Rng,
) -> Option<(&'b Member<'a>, &'static str, i64)> {
    let keys = [
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
    ];
    let all: Vec<_> = places
        .members
        .iter()
        .filter(|one| one.is_request)
        .flat_map(|one| {
            keys.into_iter()
                .filter_map(move |key| Some((one, key, one.value.get(key)?.as_i64()?)))
        })
        .collect();
    pick(&all, rng).copied()
}

pub(super) fn narrow_limit(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (member, key, value) = limit(places, rng)?;
    let value = if key.starts_with("min") {
        value + 1
    } else {
        value - 1
    };
    let edit = Edit::set(format!("{}/{key}", member.pointer()), json!(value));
    Some((member.place(), vec![edit]))
}

pub(super) fn widen_limit(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (member, key, value) = limit(places, rng)?;
    let pointer = format!("{}/{key}", member.pointer());
    let edit = if key.starts_with("min") {
        Edit::remove(pointer)
    } else {
        Edit::set(pointer, json!(value + 5))
    };
    Some((member.place(), vec![edit]))
}

/// Picks a request with a choice of members.
fn choice<'a>(places: &Places<'a>, rng: &mut Rng) -> Option<(&'a str, &'static str, Vec<Value>)> {
    let all: Vec<_> = places
        .requests
        .iter()
        .flat_map(|name| ["oneOf", "anyOf"].into_iter().map(move |key| (*name, key)))
        .filter_map(|(name, key)| {
            let value = places
                .document
                .pointer(&format!("/components/schemas/{name}/{key}"));
            Some((name, key, value?.as_array()?.clone()))
        })
        .collect();
    pick(&all, rng).cloned()
}

pub(super) fn widen_choice(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, key, mut items) = choice(places, rng)?;
    let member = member(places, rng, |one| one.schema == name && !one.is_required)?;
    if items
        .iter()
        .any(|item| array(item.get("required")).contains(&json!(member.name)))
    {
        return None;
    }
    items.push(json!({ "required": [member.name] }));
    let edit = Edit::set(format!("/components/schemas/{name}/{key}"), json!(items));
    Some((name.to_owned(), vec![edit]))
}

pub(super) fn narrow_choice(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, key, mut items) = choice(places, rng)?;
    if items.len() < 2 {
        return None;
    }
    items.remove(rng.usize(0..items.len()));
    let edit = Edit::set(format!("/components/schemas/{name}/{key}"), json!(items));
    Some((name.to_owned(), vec![edit]))
}
