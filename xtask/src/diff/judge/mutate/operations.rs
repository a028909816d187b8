//! Mutations of operations, their walks and their responses.

use fastrand::Rng;
use serde_json::json;

use super::pick::{Drawn, new_name, pick};
use crate::diff::judge::edit::Edit;
use crate::diff::judge::places::Places;
use crate::operation::Operation;
use crate::schema;
use crate::yaml::escape_pointer;

pub(super) fn add_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let name = new_name(rng);
    let mut value = operation.value.clone();
    value["operationId"] = json!(name);
    let members = value.as_object_mut()?;
    members.remove("x-paging");
    members.remove("parameters");
    let pointer = format!("/paths/{}", escape_pointer(&format!("/v3/{name}")));
    let item = json!({ operation.method: value });
    Some((name, vec![Edit::set(pointer, item)]))
}

pub(super) fn remove_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let edits = vec![Edit::remove(&operation.pointer)];
    Some((operation.name(), edits))
}

pub(super) fn rename_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let id = Edit::set(
        format!("{}/operationId", operation.pointer),
        json!(new_name(rng)),
    );
    Some((operation.name(), vec![id]))
}

pub(super) fn change_path(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let path = format!("/v9{}", operation.path);
    let item = json!({ operation.method: operation.value });
    Some((
        operation.name(),
        vec![
            Edit::remove(&operation.pointer),
            Edit::set(format!("/paths/{}", escape_pointer(&path)), item),
        ],
    ))
}

pub(super) fn change_method(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let item = places.document.get("paths")?.get(operation.path)?;
    let method = ["patch", "put", "post"]
        .into_iter()
        .find(|method| item.get(method).is_none())?;
    let parent = operation.pointer.rsplit_once('/')?.0;
    Some((
        operation.name(),
        vec![
            Edit::remove(&operation.pointer),
            Edit::set(format!("{parent}/{method}"), operation.value.clone()),
        ],
    ))
}

pub(super) fn change_safety(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let safeties = ["read", "idempotent", "unsafe"];
    let others: Vec<_> = safeties
        .into_iter()
        .filter(|one| *one != operation.text("x-safety"))
        .collect();
    let safety = pick(&others, rng)?;
    let edit = Edit::set(format!("{}/x-safety", operation.pointer), json!(safety));
    Some((operation.name(), vec![edit]))
}

pub(super) fn deprecate(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    if operation.value.get("deprecated").is_some() {
        return None;
    }
    let mut edits = vec![Edit::set(
        format!("{}/deprecated", operation.pointer),
        json!(true),
    )];
    if rng.bool() {
        let other = pick(&places.operations, rng)?.name();
        let pointer = format!("{}/{}", operation.pointer, schema::REPLACED_BY);
        edits.push(Edit::set(pointer, json!(other)));
    }
    Some((operation.name(), edits))
}

pub(super) fn describe_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let key = pick(&["summary", "description"], rng)?;
    let edit = Edit::set(
        format!("{}/{key}", operation.pointer),
        json!("Invented text"),
    );
    Some((operation.name(), vec![edit]))
}

fn paged<'a, 'b>(places: &'b Places<'a>, rng: &mut Rng) -> Option<&'b Operation<'a>> {
    let paged: Vec<_> = places
        .operations
        .iter()
        .filter(|operation| operation.value.get("x-paging").is_some())
        .collect();
    pick(&paged, rng).copied()
}

pub(super) fn rename_walk(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = paged(places, rng)?;
    let pointer = format!("{}/x-paging/walk", operation.pointer);
    Some((
        operation.name(),
        vec![Edit::set(pointer, json!(new_name(rng)))],
    ))
}

pub(super) fn remove_walk(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = paged(places, rng)?;
    let pointer = format!("{}/x-paging", operation.pointer);
    Some((operation.name(), vec![Edit::remove(pointer)]))
}

const SUCCESS: &str = "responses/200/content/application~1json";

pub(super) fn change_response(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let plain: Vec<_> = places
        .operations
        .iter()
        .filter(|one| one.value.get("x-paging").is_none())
        .collect();
    let operation = pick(&plain, rng)?;
    let name = pick(&places.responses, rng)?;
    let reference = json!({ "$ref": format!("{}{name}", schema::SCHEMAS) });
    let pointer = format!("{}/{SUCCESS}/schema", operation.pointer);
    if places.document.pointer(&pointer) == Some(&reference) {
        return None;
    }
    Some((operation.name(), vec![Edit::set(pointer, reference)]))
}

pub(super) fn document_failure(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let pointer = format!("{}/responses/418", operation.pointer);
    let response = json!({ "description": "Invented" });
    Some((operation.name(), vec![Edit::set(pointer, response)]))
}
