//! Mutations of the members of requests and responses, and of their types.

use fastrand::Rng;
use serde_json::{Value, json};

use super::pick::{Drawn, new_name, pick};
use crate::diff::judge::edit::Edit;
use crate::diff::judge::places::{Member, Places};
use crate::schema::{self, array};

fn some_type(rng: &mut Rng) -> Value {
    let mut schema = match rng.u32(0..5) {
        0 => json!({ "type": "integer", "format": "int64" }),
        1 => json!({ "type": "boolean" }),
        2 => json!({ "type": "array", "items": { "type": "string" } }),
        3 => json!({ "type": "string", "format": "date-time" }),
        _ => json!({ "type": "string" }),
    };
    schema["description"] = json!("Invented");
    schema
}

fn add_member(schemas: &[&str], is_nullable: bool, rng: &mut Rng) -> Drawn {
    let name = pick(schemas, rng)?;
    let member = new_name(rng);
    let mut schema = some_type(rng);
    if is_nullable {
        schema["nullable"] = json!(true);
    }
    let pointer = format!("/components/schemas/{name}/properties/{member}");
    Some((format!("{name}.{member}"), vec![Edit::set(pointer, schema)]))
}

pub(super) fn add_response_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    add_member(&places.responses, true, rng)
}

pub(super) fn add_request_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    add_member(&places.requests, false, rng)
}

pub(super) fn add_required_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (place, mut edits) = add_member(&places.requests, false, rng)?;
    let (name, member) = place.split_once('.')?;
    let pointer = format!("/components/schemas/{name}");
    let mut required = array(places.document.pointer(&format!("{pointer}/required"))).to_vec();
    required.push(json!(member));
    edits.push(Edit::set(format!("{pointer}/required"), json!(required)));
    Some((place, edits))
}

/// Picks a member that fits a condition.
pub(super) fn member<'a, 'b>(
    places: &'b Places<'a>,
    rng: &mut Rng,
    fits: impl Fn(&Member<'a>) -> bool,
) -> Option<&'b Member<'a>> {
    let all: Vec<_> = places.members.iter().filter(|one| fits(one)).collect();
    pick(&all, rng).copied()
}

pub(super) fn remove_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_free && !one.is_required)?;
    Some((member.place(), vec![Edit::remove(member.pointer())]))
}

pub(super) fn rename_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_free && !one.is_required)?;
    let name = new_name(rng);
    let to = format!("/components/schemas/{}/properties/{name}", member.schema);
    let edits = vec![
        Edit::remove(member.pointer()),
        Edit::set(to, member.value.clone()),
    ];
    Some((member.place(), edits))
}

pub(super) fn change_type(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_free)?;
    let mut schema = some_type(rng);
    for key in ["nullable", "description", "x-sensitive"] {
        if let Some(value) = member.value.get(key) {
            schema[key] = value.clone();
        }
    }
    let same = ["type", "format"]
        .iter()
        .all(|key| member.value.get(key) == schema.get(key));
    (!same).then(|| (member.place(), vec![Edit::set(member.pointer(), schema)]))
}

pub(super) fn describe_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |_| true)?;
    let edit = Edit::set(
        format!("{}/description", member.pointer()),
        json!("Invented text"),
    );
    Some((member.place(), vec![edit]))
}

fn set_required(places: &Places<'_>, member: &Member<'_>, is_required: bool) -> Vec<Edit> {
    let pointer = format!("/components/schemas/{}/required", member.schema);
    let mut required = array(places.document.pointer(&pointer)).to_vec();
    required.retain(|name| name != member.name);
    if is_required {
        required.push(json!(member.name));
    }
    vec![if required.is_empty() {
        Edit::remove(pointer)
    } else {
        Edit::set(pointer, json!(required))
    }]
}

pub(super) fn require_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| {
        one.is_request && one.is_free && !one.is_required
    })?;
    Some((member.place(), set_required(places, member, true)))
}

pub(super) fn free_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_request && one.is_required)?;
    Some((member.place(), set_required(places, member, false)))
}

pub(super) fn change_null(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_free)?;
    let pointer = format!("{}/nullable", member.pointer());
    let edit = if schema::flag(member.value, "nullable") {
        Edit::remove(pointer)
    } else {
        Edit::set(pointer, json!(true))
    };
    Some((member.place(), vec![edit]))
}

pub(super) fn hide_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.value.get("x-sensitive").is_none())?;
    let edit = Edit::set(
        format!("{}/x-sensitive", member.pointer()),
        json!("personal"),
    );
    Some((member.place(), vec![edit]))
}

pub(super) fn show_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.value.get("x-sensitive").is_some())?;
    let edit = Edit::remove(format!("{}/x-sensitive", member.pointer()));
    Some((member.place(), vec![edit]))
}

/// Adds a type, and a member of a response that has it.
pub(super) fn add_type(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let name = format!("Invented{}", rng.u32(1000..1_000_000));
    let holder = pick(&places.responses, rng)?;
    let schema = json!({
        "type": "object", "description": "Invented",
        "properties": { "note": { "type": "string", "nullable": true, "description": "Invented" } },
    });
    let member = json!({
        "allOf": [{ "$ref": format!("{}{name}", schema::SCHEMAS) }],
        "nullable": true, "description": "Invented",
    });
    let at = format!("/components/schemas/{holder}/properties/{}", new_name(rng));
    let edits = vec![
        Edit::set(format!("/components/schemas/{name}"), schema),
        Edit::set(at, member),
    ];
    Some((name, edits))
}
