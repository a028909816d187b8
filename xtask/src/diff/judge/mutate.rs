//! The mutations: one function for each kind of change that a person makes to the
//! spec. Each picks its place at random.

use fastrand::Rng;
use serde_json::{Value, json};

use super::edit::{Edit, Mutation};
use super::places::{Member, Places};
use crate::schema::{self, array};
use crate::yaml::escape_pointer;

/// A kind of mutation. It returns the place and the edits, or none if the document
/// has no place for it.
type Mutate = fn(&Places<'_>, &mut Rng) -> Option<(String, Vec<Edit>)>;

/// All kinds, with how often each is drawn.
const KINDS: &[(&str, u32, Mutate)] = &[
    ("an operation is added", 3, add_operation),
    ("an operation is removed", 2, remove_operation),
    ("an operation is renamed", 1, rename_operation),
    ("an operation has another path", 2, change_path),
    ("an operation has another method", 1, change_method),
    ("an operation has another safety", 3, change_safety),
    ("an operation is deprecated", 2, deprecate),
    ("an operation is described again", 3, describe_operation),
    ("a walk is renamed", 1, rename_walk),
    ("a walk is removed", 1, remove_walk),
    ("an optional parameter is added", 4, add_optional_parameter),
    ("a required parameter is added", 1, add_required_parameter),
    ("a parameter is removed", 1, remove_parameter),
    ("a parameter is renamed", 1, rename_parameter),
    ("a parameter is required, or optional", 1, change_parameter),
    ("a response has another type", 2, change_response),
    ("a failure is documented", 2, document_failure),
    ("a member of a response is added", 5, add_response_member),
    ("a member of a request is added", 5, add_request_member),
    (
        "a required member of a request is added",
        2,
        add_required_member,
    ),
    ("a member is removed", 4, remove_member),
    ("a member is renamed", 2, rename_member),
    ("a member has another type", 4, change_type),
    ("a member is described again", 3, describe_member),
    ("a member of a request becomes required", 2, require_member),
    ("a member of a request becomes optional", 2, free_member),
    ("a member may be null, or not", 2, change_null),
    ("a value is added", 4, add_value),
    ("a value is removed", 3, remove_value),
    ("an alias is added", 2, add_alias),
    ("a member is hidden", 2, hide_member),
    ("a member is shown", 2, show_member),
    ("a limit is narrower", 3, narrow_limit),
    ("a limit is wider", 3, widen_limit),
    ("a choice of members is wider", 2, widen_choice),
    ("a choice of members is narrower", 2, narrow_choice),
    ("a type is added", 3, add_type),
    ("an event is removed", 1, remove_event),
    ("an event has another topic", 1, change_event),
    ("the server has another address", 1, move_server),
    ("the limit of requests changes", 1, change_rate),
];

/// Draws a mutation.
pub(super) fn draw(document: &Value, rng: &mut Rng) -> Mutation {
    let places = Places::of(document);
    let total: u32 = KINDS.iter().map(|(_, weight, _)| weight).sum();
    loop {
        let mut at = rng.u32(0..total);
        for (kind, weight, mutate) in KINDS {
            if at < *weight {
                if let Some((place, edits)) = mutate(&places, rng) {
                    return Mutation { kind, place, edits };
                }
                break;
            }
            at -= weight;
        }
    }
}

type Drawn = Option<(String, Vec<Edit>)>;

fn pick<'a, T>(items: &'a [T], rng: &mut Rng) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[rng.usize(0..items.len())])
}

/// Returns a name that the document does not have.
fn new_name(rng: &mut Rng) -> String {
    format!("invented_{}", rng.u32(1000..1_000_000))
}

fn add_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn remove_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let edits = vec![Edit::remove(&operation.pointer)];
    Some((operation.name(), edits))
}

fn rename_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let id = Edit::set(
        format!("{}/operationId", operation.pointer),
        json!(new_name(rng)),
    );
    Some((operation.name(), vec![id]))
}

fn change_path(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn change_method(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn change_safety(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn deprecate(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn describe_operation(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let key = pick(&["summary", "description"], rng)?;
    let edit = Edit::set(
        format!("{}/{key}", operation.pointer),
        json!("Invented text"),
    );
    Some((operation.name(), vec![edit]))
}

fn paged<'a, 'b>(
    places: &'b Places<'a>,
    rng: &mut Rng,
) -> Option<&'b crate::operation::Operation<'a>> {
    let paged: Vec<_> = places
        .operations
        .iter()
        .filter(|operation| operation.value.get("x-paging").is_some())
        .collect();
    pick(&paged, rng).copied()
}

fn rename_walk(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = paged(places, rng)?;
    let pointer = format!("{}/x-paging/walk", operation.pointer);
    Some((
        operation.name(),
        vec![Edit::set(pointer, json!(new_name(rng)))],
    ))
}

fn remove_walk(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = paged(places, rng)?;
    let pointer = format!("{}/x-paging", operation.pointer);
    Some((operation.name(), vec![Edit::remove(pointer)]))
}

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

fn add_optional_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    add_parameter(places, rng, false)
}

fn add_required_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn remove_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    with_parameter(places, rng, |parameters, index, _| {
        parameters.remove(index);
    })
}

fn rename_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    with_parameter(places, rng, |parameters, index, rng| {
        parameters[index]["name"] = json!(new_name(rng));
    })
}

fn change_parameter(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    with_parameter(places, rng, |parameters, index, _| {
        let is_required = schema::flag(&parameters[index], "required");
        parameters[index]["required"] = json!(!is_required);
    })
}

const SUCCESS: &str = "responses/200/content/application~1json";

fn change_response(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn document_failure(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let operation = pick(&places.operations, rng)?;
    let pointer = format!("{}/responses/418", operation.pointer);
    let response = json!({ "description": "Invented" });
    Some((operation.name(), vec![Edit::set(pointer, response)]))
}

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

fn add_response_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    add_member(&places.responses, true, rng)
}

fn add_request_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    add_member(&places.requests, false, rng)
}

fn add_required_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (place, mut edits) = add_member(&places.requests, false, rng)?;
    let (name, member) = place.split_once('.')?;
    let pointer = format!("/components/schemas/{name}");
    let mut required = array(places.document.pointer(&format!("{pointer}/required"))).to_vec();
    required.push(json!(member));
    edits.push(Edit::set(format!("{pointer}/required"), json!(required)));
    Some((place, edits))
}

/// Picks a member that fits a condition.
fn member<'a, 'b>(
    places: &'b Places<'a>,
    rng: &mut Rng,
    fits: impl Fn(&Member<'a>) -> bool,
) -> Option<&'b Member<'a>> {
    let all: Vec<_> = places.members.iter().filter(|one| fits(one)).collect();
    pick(&all, rng).copied()
}

fn remove_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_free && !one.is_required)?;
    Some((member.place(), vec![Edit::remove(member.pointer())]))
}

fn rename_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_free && !one.is_required)?;
    let name = new_name(rng);
    let to = format!("/components/schemas/{}/properties/{name}", member.schema);
    let edits = vec![
        Edit::remove(member.pointer()),
        Edit::set(to, member.value.clone()),
    ];
    Some((member.place(), edits))
}

fn change_type(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn describe_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn require_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| {
        one.is_request && one.is_free && !one.is_required
    })?;
    Some((member.place(), set_required(places, member, true)))
}

fn free_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_request && one.is_required)?;
    Some((member.place(), set_required(places, member, false)))
}

fn change_null(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.is_free)?;
    let pointer = format!("{}/nullable", member.pointer());
    let edit = if schema::flag(member.value, "nullable") {
        Edit::remove(pointer)
    } else {
        Edit::set(pointer, json!(true))
    };
    Some((member.place(), vec![edit]))
}

/// Picks an open enum: its name and its values.
fn open_enum<'a>(places: &Places<'a>, rng: &mut Rng) -> Option<(&'a str, Vec<Value>)> {
    let name = *pick(&places.enums, rng)?;
    let values = places
        .document
        .pointer(&format!("/components/schemas/{name}/enum"));
    Some((name, array(values).to_vec()))
}

fn add_value(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, mut values) = open_enum(places, rng)?;
    values.push(json!(new_name(rng)));
    let edit = Edit::set(format!("/components/schemas/{name}/enum"), json!(values));
    Some((name.to_owned(), vec![edit]))
}

fn remove_value(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, mut values) = open_enum(places, rng)?;
    // The events of webhooks have a value each.
    if name == "WebhookEventType" || values.len() < 2 {
        return None;
    }
    values.remove(rng.usize(0..values.len()));
    let edit = Edit::set(format!("/components/schemas/{name}/enum"), json!(values));
    Some((name.to_owned(), vec![edit]))
}

fn add_alias(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn hide_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.value.get("x-sensitive").is_none())?;
    let edit = Edit::set(
        format!("{}/x-sensitive", member.pointer()),
        json!("personal"),
    );
    Some((member.place(), vec![edit]))
}

fn show_member(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let member = member(places, rng, |one| one.value.get("x-sensitive").is_some())?;
    let edit = Edit::remove(format!("{}/x-sensitive", member.pointer()));
    Some((member.place(), vec![edit]))
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

fn narrow_limit(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (member, key, value) = limit(places, rng)?;
    let value = if key.starts_with("min") {
        value + 1
    } else {
        value - 1
    };
    let edit = Edit::set(format!("{}/{key}", member.pointer()), json!(value));
    Some((member.place(), vec![edit]))
}

fn widen_limit(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn widen_choice(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn narrow_choice(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let (name, key, mut items) = choice(places, rng)?;
    if items.len() < 2 {
        return None;
    }
    items.remove(rng.usize(0..items.len()));
    let edit = Edit::set(format!("/components/schemas/{name}/{key}"), json!(items));
    Some((name.to_owned(), vec![edit]))
}

/// Adds a type, and a member of a response that has it.
fn add_type(places: &Places<'_>, rng: &mut Rng) -> Drawn {
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

fn remove_event(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let name = *pick(&places.events, rng)?;
    let pointer = format!("/{}/{name}", schema::WEBHOOKS);
    Some((name.to_owned(), vec![Edit::remove(pointer)]))
}

fn change_event(places: &Places<'_>, rng: &mut Rng) -> Drawn {
    let name = *pick(&places.events, rng)?;
    let pointer = format!("/{}/{name}/x-event/topic", schema::WEBHOOKS);
    Some((
        name.to_owned(),
        vec![Edit::set(pointer, json!(new_name(rng)))],
    ))
}

fn move_server(_: &Places<'_>, rng: &mut Rng) -> Drawn {
    let url = format!("https://{}.example.com", new_name(rng));
    Some((
        "servers".to_owned(),
        vec![Edit::set("/servers/0/url", json!(url))],
    ))
}

fn change_rate(_: &Places<'_>, rng: &mut Rng) -> Drawn {
    let key = schema::REQUESTS_PER_MINUTE;
    let edit = Edit::set(format!("/{key}"), json!(rng.u32(600..2000)));
    Some((key.to_owned(), vec![edit]))
}
