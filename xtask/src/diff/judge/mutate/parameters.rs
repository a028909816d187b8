//! Mutations of the parameters of queries.

use fastrand::Rng;
use serde_json::{Value, json};

use super::pick::{Drawn, new_name, pick};
use crate::diff::judge::edit::Edit;
use crate::diff::judge::places::Places;
use crate::schema::{self, array};

fn add_parameter(places: &Places<'_>, rng: &mut Rng, is_required: bool) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let types = [
        json!({ "type": "integer" }),
        json!({ "type": "string" }),
        json!({ "type": "boolean" }),
    ];
    let name = new_name(rng);
    let mut parameters = array(operation.value.get("parameters")).to_vec();
    parameters.push(json!({
        "name": name, "in": "query", "required": is_required,
        "description": "Invented", "schema": pick(&types, rng)?,
    }));
    let pointer = format!("{}/parameters", operation.pointer);
    Some((
        operation.name(),
        vec![Edit::set(pointer, json!(parameters))],
    ))
}

pub(super) fn add_optional_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    add_parameter(places, rng, false)
}

pub(super) fn add_required_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    add_parameter(places, rng, true)
}

/// Picks a parameter of a query that no walk uses, and edits it.
fn with_parameter(
    places: &Places<'_>,
    rng: &mut Rng,
    edit: impl Fn(&mut Vec<Value>, usize, &mut Rng),
) -> Drawn {
    let all: Vec<_> = places
        .operations
        .iter()
        .filter(|operation| operation.value.get("x-paging").is_none())
        .flat_map(|operation| {
            let parameters = array(operation.value.get("parameters"));
            (0..parameters.len())
                .filter(|index| parameters[*index]["in"] == "query")
                .map(move |index| (operation, index))
        })
        .collect();
    let (operation, index) = *pick(&all, rng)?;
    let mut parameters = array(operation.value.get("parameters")).to_vec();
    edit(&mut parameters, index, rng);
    let pointer = format!("{}/parameters", operation.pointer);
    Some((
        operation.name(),
        vec![Edit::set(pointer, json!(parameters))],
    ))
}

pub(super) fn remove_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    with_parameter(places, rng, |parameters, index, _| {
        parameters.remove(index);
    })
}

pub(super) fn rename_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    with_parameter(places, rng, |parameters, index, rng| {
        parameters[index]["name"] = json!(new_name(rng));
    })
}

pub(super) fn change_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    with_parameter(places, rng, |parameters, index, _| {
        let is_required = schema::flag(&parameters[index], "required");
        parameters[index]["required"] = json!(!is_required);
    })
}
