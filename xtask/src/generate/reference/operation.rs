//! The reference of one operation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syn::Type;

use super::markdown::{codes, text, type_of, vendor_page};
use crate::error::Error;
use crate::generate::methods::{self, Methods, Place};
use crate::generate::syntax::{first_argument, is_vector, referent, type_name};
use crate::operation::Operation;
use crate::schema::{self, Choice};

/// Returns the section of an operation.
pub(super) fn write(
    operation: &Operation<'_>,
    command: &str,
    document: &Value,
    methods: &Methods,
) -> Result<String, Error> {
    let name = operation.name();
    let deprecated = if schema::flag(operation.value, "deprecated") {
        " It is deprecated."
    } else {
        ""
    };
    let mut section = format!(
        "\n### {name}\n\n{}: `{} {}`, documented on {}.{deprecated}\n\n{}\n\n",
        operation.text("summary"),
        operation.method.to_uppercase(),
        operation.path,
        vendor_page(operation.value),
        operation.text("description").trim(),
    );
    for (label, value) in [
        ("Call", Some(format!("`{}`", call(operation, methods)?))),
        ("Command", Some(format!("`{command}`"))),
        ("Parameters", parameters(operation)),
        ("Body", body(operation, document)),
        ("Response", response(operation, document)),
        ("Errors", Some(errors(operation))),
        ("Safety", Some(safety(operation))),
        ("Effect", effect(operation)),
        ("Paging", paging(operation)),
        ("Sensitive", sensitive(operation, document)),
        ("Replaced by", replacement(operation)),
        ("Evidence", Some(evidence(operation.value))),
    ] {
        if let Some(value) = value {
            section.push_str(&format!("- {label}: {value}\n"));
        }
    }
    Ok(section)
}

/// Returns the call in Rust: `client.update_contact(id, overwrite, &UpdateContact)`.
fn call(operation: &Operation<'_>, methods: &Methods) -> Result<String, Error> {
    let shortcut = operation.text(schema::SHORTCUT);
    if !shortcut.is_empty() {
        return Ok(format!("client.{}({shortcut})", operation.name()));
    }
    let arguments = methods::arguments(methods.of(operation)?, operation)?;
    let arguments: Vec<_> = arguments
        .iter()
        .map(|argument| match argument.place {
            Place::Body => body_argument(argument.ty),
            Place::Path(_) | Place::Query(_) => argument.ident.to_string(),
        })
        .collect();
    Ok(format!(
        "client.{}({})",
        operation.name(),
        arguments.join(", ")
    ))
}

fn body_argument(ty: &Type) -> String {
    let ty = referent(ty).unwrap_or(ty);
    let item = first_argument(ty).filter(|_| is_vector(ty));
    let name = type_name(item.unwrap_or(ty)).unwrap_or_default();
    match item {
        Some(_) => format!("&[{name}]"),
        None => format!("&{name}"),
    }
}

fn parameters(operation: &Operation<'_>) -> Option<String> {
    let parameters: Vec<_> = operation
        .parameters()
        .map(|parameter| {
            let optional = if schema::flag(parameter, "required") {
                ""
            } else {
                ", optional"
            };
            let (name, place) = (text(parameter, "name"), text(parameter, "in"));
            format!("`{name}` ({place}{optional})")
        })
        .collect();
    (!parameters.is_empty()).then(|| parameters.join(", "))
}

/// The type of the body, with what it requires.
fn body(operation: &Operation<'_>, document: &Value) -> Option<String> {
    let schema = document.pointer(&operation.request_schema()?)?;
    let item = schema.get("items").unwrap_or(schema);
    let component = schema::resolve(document, item);
    let mut required: Vec<_> = schema::strings(component.get("required"))
        .map(|name| format!("`{name}`"))
        .collect();
    required.extend(choice(component));
    let required = if required.is_empty() {
        "without required members".to_owned()
    } else {
        format!("with {}", required.join(", "))
    };
    Some(format!("{}, {required}", type_of(schema)))
}

fn choice(component: &Value) -> Option<String> {
    let (choice, alternatives) = Choice::of(component)?;
    let count = match choice {
        Choice::ExactlyOne => "exactly one",
        Choice::AtLeastOne => "at least one",
    };
    let alternatives: Vec<_> = alternatives
        .iter()
        .map(|alternative| {
            let names = schema::strings(alternative.get("required"));
            let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
            names.join(" with ")
        })
        .collect();
    Some(format!("{count} of {}", alternatives.join(", ")))
}

fn response(operation: &Operation<'_>, document: &Value) -> Option<String> {
    let schema = document.pointer(&operation.success_schema()?)?;
    Some(type_of(schema))
}

fn errors(operation: &Operation<'_>) -> String {
    let statuses = operation.responses().map(|(status, _)| status.as_str());
    let statuses: Vec<_> = statuses.filter(|status| !status.starts_with('2')).collect();
    statuses.join(", ")
}

/// The safety, and where it depends on the target, what is promised for each.
fn safety(operation: &Operation<'_>) -> String {
    let mut safety = operation.text("x-safety").to_owned();
    for (member, target) in schema::object(operation.value.get(schema::SAFETY_BY_TARGET)) {
        let (by_default, trusted) = (text(target, "safety"), text(target, "trusted"));
        let promise = text(target, "promise").split_whitespace();
        let promise = promise.collect::<Vec<_>>().join(" ");
        let trusted = if trusted == by_default {
            String::new()
        } else {
            format!(", {trusted} with `trust_local_id`")
        };
        safety.push_str(&format!(
            "\n  - to `{member}`: {by_default}{trusted}. {promise}"
        ));
    }
    safety
}

fn effect(operation: &Operation<'_>) -> Option<String> {
    let effect = match operation.text("x-effect") {
        "sends" => "sends messages",
        "bulk" => "changes several records",
        _ if operation.method == "delete" => "deletes",
        _ => return None,
    };
    Some(effect.to_owned())
}

fn paging(operation: &Operation<'_>) -> Option<String> {
    let paging = operation.value.get("x-paging")?;
    let number = |key: &str| paging.get(key).and_then(Value::as_u64);
    let by_cursor = paging.get("cursor").map(|_| {
        format!(
            "`{}` takes the `{}` of the last item; the client expects pages of {}",
            text(paging, "cursor"),
            text(paging, "from"),
            number("size").unwrap_or_default(),
        )
    });
    let by_page = number("first").map(|first| format!("`{}` from {first}", text(paging, "page")));
    let ways: Vec<_> = by_cursor.into_iter().chain(by_page).collect();
    Some(format!(
        "{}; `client.{}` walks all pages",
        ways.join(", or "),
        text(paging, "walk")
    ))
}

/// The members of the body and of the response that are never shown, by kind.
fn sensitive(operation: &Operation<'_>, document: &Value) -> Option<String> {
    let roots = [operation.request_schema(), operation.success_schema()];
    let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for root in roots.into_iter().flatten() {
        schema::visit(document, &root, &mut seen, &mut |_, schema| {
            for (name, property) in schema::object(schema.get("properties")) {
                let kind = text(property, "x-sensitive");
                if !kind.is_empty() {
                    members.entry(kind).or_default().insert(name);
                }
            }
        });
    }
    let kinds: Vec<_> = members
        .iter()
        .map(|(kind, names)| format!("{kind}: {}", codes(names)))
        .collect();
    (!kinds.is_empty()).then(|| kinds.join("; "))
}

fn replacement(operation: &Operation<'_>) -> Option<String> {
    if !schema::flag(operation.value, "deprecated") {
        return None;
    }
    Some(match operation.text(schema::REPLACED_BY) {
        "" => "no operation".to_owned(),
        name => format!("[{name}](#{name})"),
    })
}

fn evidence(value: &Value) -> String {
    let tags: Vec<_> = schema::strings(value.get("x-evidence")).collect();
    tags.join(", ")
}
