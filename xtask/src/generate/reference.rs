//! Writes `docs/operations.md`: all operations at a glance.

use quote::ToTokens as _;
use serde_json::Value;
use syn::{FnArg, ImplItemFn};

use super::model::Model;
use crate::schema::{self, Operation};

const HEAD: &str = "\
<!-- Written by `cargo xtask codegen` from openapi/. -->

# Operations

What each operation may do when it is sent twice is its safety: `read` changes nothing,
`idempotent` has no further effect, `keyed` is recognised by its `local_id`, and `unsafe` may be
done twice. The evidence tags are explained at the head of `openapi/heymarket.yaml`; what is
`inferred` no source shows as it is here.
";

/// The page, with a table for each resource in the order of the paths.
pub(super) fn write(methods: &[ImplItemFn], model: &Model<'_>) -> String {
    let mut text = HEAD.to_owned();
    let mut tags: Vec<&str> = Vec::new();
    for operation in &model.operations {
        if !tags.contains(&tag(operation)) {
            tags.push(tag(operation));
        }
    }
    for wanted in tags {
        text.push_str(&format!(
            "\n## {wanted}\n\n\
             | operation | method and path | safety | paging | evidence | call |\n\
             |---|---|---|---|---|---|\n"
        ));
        for operation in &model.operations {
            if tag(operation) == wanted {
                text.push_str(&row(operation, methods));
            }
        }
    }
    text
}

fn tag<'a>(operation: &Operation<'a>) -> &'a str {
    let tags = operation.value.get("tags");
    schema::strings(tags).next().unwrap_or("others")
}

fn row(operation: &Operation<'_>, methods: &[ImplItemFn]) -> String {
    let id = operation.name();
    let deprecated = if schema::flag(operation.value, "deprecated") {
        " (deprecated)"
    } else {
        ""
    };
    let evidence: Vec<_> = schema::strings(operation.value.get("x-evidence")).collect();
    format!(
        "| {id}{deprecated} | `{} {}` | {} | {} | {} | `{}` |\n",
        operation.method.to_uppercase(),
        operation.path,
        operation.text("x-safety"),
        paging(operation),
        evidence.join(", "),
        call(&id, methods),
    )
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
fn call(id: &str, methods: &[ImplItemFn]) -> String {
    let method = methods.iter().find(|method| method.sig.ident == id);
    let arguments = method.into_iter().flat_map(|method| &method.sig.inputs);
    let arguments: Vec<_> = arguments
        .filter_map(|argument| match argument {
            FnArg::Receiver(_) => None,
            FnArg::Typed(argument) => {
                let name = argument.pat.to_token_stream().to_string();
                Some(match name.as_str() {
                    "body" => body(&argument.ty),
                    _ => name,
                })
            }
        })
        .collect();
    format!("client.{id}({})", arguments.join(", "))
}

fn body(ty: &syn::Type) -> String {
    let text = ty.to_token_stream().to_string();
    let name = text
        .rsplit([':', ' ', '<', '>'])
        .find(|part| !part.is_empty());
    let name = name.unwrap_or("body");
    if text.contains("Vec") {
        format!("&[{name}]")
    } else {
        format!("&{name}")
    }
}
