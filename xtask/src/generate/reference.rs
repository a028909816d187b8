//! Writes `docs/operations.md`: all operations at a glance.

use serde_json::Value;
use syn::Type;

use super::methods::{self, Methods, Place};
use super::model::Model;
use super::syntax::{first_argument, is_vector, referent, type_name};
use crate::error::Error;
use crate::operation::Operation;
use crate::schema;

const HEAD: &str = "\
<!-- Written by `cargo xtask codegen` from openapi/. -->

# Operations

What each operation may do when it is sent twice is its safety: `read` changes nothing,
`idempotent` has no further effect, `keyed` is recognised by its `local_id`, and `unsafe` may be
done twice. The evidence tags are explained at the head of `openapi/heymarket.yaml`; what is
`inferred` no source shows as it is here.
";

/// The page, with a table for each resource in the order of the paths.
pub(super) fn write(methods: &Methods, model: &Model<'_>) -> Result<String, Error> {
    let mut text = HEAD.to_owned();
    let mut tags: Vec<&str> = Vec::new();
    for operation in &model.operations {
        if !tags.contains(&operation.tag()) {
            tags.push(operation.tag());
        }
    }
    for wanted in tags {
        text.push_str(&format!(
            "\n## {wanted}\n\n\
             | operation | method and path | safety | paging | evidence | call |\n\
             |---|---|---|---|---|---|\n"
        ));
        for operation in &model.operations {
            if operation.tag() == wanted {
                text.push_str(&row(operation, methods)?);
            }
        }
    }
    Ok(text)
}

fn row(operation: &Operation<'_>, methods: &Methods) -> Result<String, Error> {
    let id = operation.name();
    let deprecated = if schema::flag(operation.value, "deprecated") {
        " (deprecated)"
    } else {
        ""
    };
    let evidence: Vec<_> = schema::strings(operation.value.get("x-evidence")).collect();
    Ok(format!(
        "| {id}{deprecated} | `{} {}` | {} | {} | {} | `{}` |\n",
        operation.method.to_uppercase(),
        operation.path,
        operation.text("x-safety"),
        paging(operation),
        evidence.join(", "),
        call(operation, methods)?,
    ))
}

fn paging(operation: &Operation<'_>) -> String {
    let text = |key: &str| {
        operation
            .value
            .get("x-paging")
            .and_then(|paging| paging.get(key))
            .map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
    };
    if let (Some(cursor), Some(from)) = (text("cursor"), text("from")) {
        format!("`{cursor}` from `{from}`")
    } else if let (Some(page), Some(first)) = (text("page"), text("first")) {
        format!("`{page}` from {first}")
    } else {
        String::new()
    }
}

/// The call as one writes it: `client.update_contact(id, overwrite, &UpdateContact)`.
fn call(operation: &Operation<'_>, methods: &Methods) -> Result<String, Error> {
    let arguments = methods::arguments(methods.of(operation)?, operation)?;
    let arguments: Vec<_> = arguments
        .iter()
        .map(|argument| match argument.place {
            Place::Body => body(argument.ty),
            Place::Path(_) | Place::Query(_) => argument.ident.to_string(),
        })
        .collect();
    Ok(format!(
        "client.{}({})",
        operation.name(),
        arguments.join(", ")
    ))
}

fn body(ty: &Type) -> String {
    let ty = referent(ty).unwrap_or(ty);
    let item = first_argument(ty).filter(|_| is_vector(ty));
    let name = type_name(item.unwrap_or(ty)).unwrap_or_default();
    match item {
        Some(_) => format!("&[{name}]"),
        None => format!("&{name}"),
    }
}
