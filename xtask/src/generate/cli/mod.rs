//! Writes the command tables of the command line: one entry for each operation,
//! from which it builds commands, flags, help and requests.

mod arguments;
mod examples;
mod names;
mod results;
mod text;

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::model::{Model, Schema};
use super::operations::constant;
use crate::error::Error;
use crate::operation::Operation;
use crate::schema::{self, Choice};
use arguments::{Argument, Place};
pub(super) use names::verbs;
use text::plain;

/// Generates the file `commands.rs`.
pub(super) fn write(document: &Value, model: &Model<'_>) -> Result<TokenStream, Error> {
    let mut resources: Vec<(&str, Vec<&Operation<'_>>)> = Vec::new();
    for operation in &model.operations {
        let tag = operation.tag();
        match resources.iter_mut().find(|(name, _)| *name == tag) {
            Some((_, operations)) => operations.push(operation),
            None => resources.push((tag, vec![operation])),
        }
    }
    let resources = resources
        .into_iter()
        .map(|(name, operations)| resource(document, model, name, &operations))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(quote! {
        //! The commands of the operations of the API, as tables.

        use heymarket_api::operations;

        use crate::catalog::spec::{
            Argument, Body, Entity, Kind, Operation, Place, Resource,
        };

        #[doc = " All resources, in the order of the paths of the spec."]
        pub(crate) static RESOURCES: &[Resource] = &[#(#resources),*];
    })
}

/// Generates the file `mod.rs`.
pub(super) fn write_module() -> TokenStream {
    quote! {
        //! Written by `cargo xtask codegen` from `openapi/`.

        pub(crate) mod commands;
    }
}

fn resource(
    document: &Value,
    model: &Model<'_>,
    name: &str,
    operations: &[&Operation<'_>],
) -> Result<TokenStream, Error> {
    let tags = schema::array(document.get("tags")).iter();
    let mut tags = tags.filter(|tag| tag.get("name").and_then(Value::as_str) == Some(name));
    let about = tags.next().and_then(|tag| tag.get("description"));
    let about = plain(about.and_then(Value::as_str).unwrap_or(""));
    let ids: Vec<String> = operations
        .iter()
        .map(|operation| operation.name())
        .collect();
    let verbs = names::verbs(name, &ids);
    let mut seen = BTreeMap::new();
    for (id, verb) in ids.iter().zip(&verbs) {
        if let Some(other) = seen.insert(verb, id) {
            return Err(Error::Unexpected(format!(
                "{other} and {id} are both the command `{name} {verb}`; rename one"
            )));
        }
    }
    let entries = operations
        .iter()
        .zip(&verbs)
        .map(|(operation, verb)| entry(document, model, name, operation, verb))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(quote!(Resource { name: #name, about: #about, operations: &[#(#entries),*] }))
}

fn entry(
    document: &Value,
    model: &Model<'_>,
    resource: &str,
    operation: &Operation<'_>,
    verb: &str,
) -> Result<TokenStream, Error> {
    let table = constant(&operation.name());
    let about = plain(operation.text("summary"));
    let arguments = arguments::read(document, model, resource, operation)?;
    let arguments = in_words_of_flags(arguments);
    let description = with_flags(&plain(operation.text("description")), &arguments);
    let examples = examples::of(operation, &format!("{resource} {verb}"), &arguments);
    let docs = operation.value.pointer("/externalDocs/url");
    let docs = docs.and_then(Value::as_str).unwrap_or("");
    let is_deprecated = schema::flag(operation.value, "deprecated");
    let is_paged = operation.value.get("x-paging").is_some();
    let page_size = page_size(operation);
    let (is_exclusive, choice) = choice(model, operation, &arguments);
    let body = match body(document, operation) {
        None => quote!(Body::None),
        Some(true) => quote!(Body::Object),
        Some(false) => quote!(Body::Free),
    };
    let columns = results::columns(document, operation);
    let items = match results::items(document, operation) {
        Some(name) => quote!(Some(#name)),
        None => quote!(None),
    };
    Ok(quote! {
        Operation {
            operation: &operations::#table,
            verb: #verb,
            about: #about,
            description: #description,
            docs: #docs,
            is_deprecated: #is_deprecated,
            is_paged: #is_paged,
            page_size: #page_size,
            examples: &[#(#examples),*],
            arguments: &[#(#arguments),*],
            choice: &[#(#choice),*],
            is_exclusive: #is_exclusive,
            body: #body,
            items: #items,
            columns: &[#(#columns),*],
        }
    })
}

/// Returns the documented size of a page.
fn page_size(operation: &Operation<'_>) -> TokenStream {
    let size = operation.value.pointer("/x-paging/size");
    match size.and_then(Value::as_u64) {
        Some(size) => {
            let size = proc_macro2::Literal::u64_unsuffixed(size);
            quote!(Some(#size))
        }
        None => quote!(None),
    }
}

/// Puts flags in place of the API's names in the helps of the arguments.
fn in_words_of_flags(mut arguments: Vec<Argument>) -> Vec<Argument> {
    let helps: Vec<String> = arguments
        .iter()
        .map(|argument| with_flags(&argument.help, &arguments))
        .collect();
    for (argument, help) in arguments.iter_mut().zip(helps) {
        argument.help = help;
    }
    arguments
}

/// Puts flags in place of the API's names of members: `inbox_id` is `--inbox`.
fn with_flags(text: &str, arguments: &[Argument]) -> String {
    let mut text = text.to_owned();
    for argument in arguments {
        if let Place::Member(path) = &argument.place
            && let Some(name) = path.last()
        {
            let flag = format!("`--{}`", argument.flag);
            text = text.replace(&format!("`{}`", path.join(".")), &flag);
            text = text.replace(&format!("`{name}`"), &flag);
        }
    }
    text
}

/// Returns whether the operation takes a body and, if so, whether that is an object
/// with known members.
fn body(document: &Value, operation: &Operation<'_>) -> Option<bool> {
    let pointer = operation.request_schema()?;
    let schema = schema::resolve(document, document.pointer(&pointer)?);
    Some(schema.get("properties").is_some())
}

/// Returns the flags of which at least one is required, and whether they exclude
/// each other.
fn choice(
    model: &Model<'_>,
    operation: &Operation<'_>,
    arguments: &[Argument],
) -> (bool, Vec<String>) {
    let choice = model.request_schema(operation).and_then(Schema::choice);
    let Some((choice, alternatives)) = choice else {
        return (false, Vec::new());
    };
    let keys = alternatives.iter().filter_map(|members| members.first());
    let flags = keys.filter_map(|key| {
        let mut flags = arguments
            .iter()
            .filter_map(|argument| argument.flag_of(key));
        flags.next()
    });
    (choice == Choice::ExactlyOne, flags.collect())
}
