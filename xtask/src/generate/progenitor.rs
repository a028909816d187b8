//! Runs progenitor, and names the operation that it cannot generate.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use quote::quote;
use serde_json::{Value, json};

use super::methods::Methods;
use super::model::{Model, Origin};
use super::prepare::prepare;
use crate::error::Error;
use crate::formats::FORMATS;
use crate::operation;
use crate::schema;

/// The derive that stands for `JsonSchema` until codegen puts it behind its
/// feature.
pub(super) const JSON_SCHEMA_MARK: &str = "JSON_SCHEMA_MARK";

/// The parts of progenitor's output.
pub(super) struct Generated {
    /// The items of its `types` module.
    pub(super) types: Vec<syn::Item>,
    /// The methods of its client, one for each operation.
    pub(super) methods: Methods,
}

/// Generates types and methods from the document.
pub(super) fn generate(document: &Value, model: &Model<'_>) -> Result<Generated, Error> {
    let prepared = prepare(document, model);
    match tokens(&prepared, model) {
        Ok(tokens) => take_apart(tokens, model),
        Err(reason) => Err(Error::Generator {
            operation: culprit(&prepared, model),
            reason,
        }),
    }
}

fn tokens(document: &Value, model: &Model<'_>) -> Result<TokenStream, String> {
    let spec: OpenAPI = serde_json::from_value(document.clone())
        .map_err(|error| format!("not an OpenAPI document: {error}"))?;
    let settings = settings(model)?;
    catch(|| {
        Generator::new(&settings)
            .generate_tokens(&spec)
            .map_err(|error| error.to_string())
    })
}

fn settings(model: &Model<'_>) -> Result<GenerationSettings, String> {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(()))
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq")
        .with_derive(JSON_SCHEMA_MARK);
    let text_impls = [TypeImpl::Display, TypeImpl::FromStr];
    for (name, _) in model.of_origin(Origin::OpenEnum) {
        settings.with_replacement(
            name,
            format!("crate::types::{name}"),
            text_impls.into_iter(),
        );
    }
    for (name, _) in model.of_origin(Origin::Wire) {
        settings.with_replacement(name, format!("crate::wire::{name}"), std::iter::empty());
    }
    for format in FORMATS {
        let schema = serde_json::from_value(json!({"type": "string", "format": format.name}))
            .map_err(|error| error.to_string())?;
        settings.with_conversion(schema, format.path, text_impls.into_iter());
    }
    for id in &model.ids {
        let schema = serde_json::from_value(json!({"type": "integer", "format": id}))
            .map_err(|error| error.to_string())?;
        settings.with_conversion(
            schema,
            format!("crate::types::{id}"),
            text_impls.into_iter(),
        );
    }
    Ok(settings)
}

/// Returns the first operation, or else schema, that cannot be generated alone.
fn culprit(document: &Value, model: &Model<'_>) -> String {
    let mut without_operations = document.clone();
    without_operations["paths"] = json!({});
    if tokens(&without_operations, model).is_err() {
        return culprit_schema(&without_operations, model);
    }
    for operation in operation::operations(document) {
        let mut alone = without_operations.clone();
        alone["paths"][operation.path][operation.method] = operation.value.clone();
        if tokens(&alone, model).is_err() {
            return format!("the operation {}", operation.name());
        }
    }
    "these operations together".to_owned()
}

fn culprit_schema(document: &Value, model: &Model<'_>) -> String {
    for (name, schema) in schema::components(document) {
        let mut alone = document.clone();
        let mut schema = schema.clone();
        // References to the others would lead nowhere: let them be free JSON.
        loosen(&mut schema);
        alone["components"]["schemas"] = json!({ name: schema });
        if tokens(&alone, model).is_err() {
            return format!("the schema {name}");
        }
    }
    "these schemas together".to_owned()
}

fn loosen(value: &mut Value) {
    match value {
        Value::Object(members) if members.contains_key("$ref") => *value = json!({}),
        Value::Object(members) => members.values_mut().for_each(loosen),
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}

/// Turns a panic into an error: progenitor panics on much that it does not
/// support.
fn catch<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static HOOK: Once = Once::new();
    thread_local! {
        static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
    }
    // A hook is the process's, so it leaves the panics of other threads, and
    // of this one at other times, to the hook that was there before.
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_ours = MESSAGE.with_borrow_mut(|message| match message {
                Some(message) => {
                    *message = panic_text(info.payload());
                    true
                }
                None => false,
            });
            if !is_ours {
                before(info);
            }
        }));
    });
    MESSAGE.set(Some(String::new()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    let message = MESSAGE.take().unwrap_or_default();
    outcome.unwrap_or_else(|_| Err(format!("it panicked: {message}")))
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

fn take_apart(tokens: TokenStream, model: &Model<'_>) -> Result<Generated, Error> {
    let file: syn::File = syn::parse2(tokens)
        .map_err(|error| Error::Unexpected(format!("progenitor's output: {error}")))?;
    let mut types = None;
    let mut methods = Vec::new();
    for item in file.items {
        match item {
            syn::Item::Mod(module) if module.ident == "types" => {
                types = module.content.map(|(_, items)| items);
            }
            // Of the impls of `Client`, the one with the operations is the
            // one with the async methods.
            syn::Item::Impl(item) if item.trait_.is_none() => {
                methods.extend(item.items.into_iter().filter_map(|item| match item {
                    syn::ImplItem::Fn(method) if method.sig.asyncness.is_some() => Some(method),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    let types = types.ok_or_else(|| Error::Unexpected("no module `types`".to_owned()))?;
    Ok(Generated {
        types,
        methods: Methods::new(methods, model),
    })
}
