//! Generates the operation table, and the module's own file.

use heck::{ToShoutySnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::Ident;

use super::docs;
use super::model::Model;
use super::syntax::ident;
use crate::error::Error;
use crate::operation::Operation;
use crate::schema;

/// Returns the name of an operation in the table.
pub(super) fn constant(id: &str) -> Ident {
    format_ident!("{}", id.to_shouty_snake_case())
}

/// Generates the file `operations.rs`.
pub(super) fn write(model: &Model<'_>) -> Result<TokenStream, Error> {
    let mut entries = Vec::new();
    let mut names = Vec::new();
    for operation in &model.operations {
        let id = operation.name();
        let name = constant(&id);
        let method = format_ident!("{}", operation.method.to_uppercase());
        let path = operation.path;
        let resource = operation.tag();
        let safety = format_ident!("{}", operation.text("x-safety").to_upper_camel_case());
        let effect = effect(operation);
        let has_local_id = model.has_local_id(operation);
        let targets = targets(operation);
        let comment = docs::comment(&docs::escape(operation.text("summary")));
        entries.push(quote! {
            #comment
            pub static #name: Operation = Operation {
                id: #id,
                method: Method::#method,
                path: #path,
                resource: #resource,
                safety: Safety::#safety,
                effect: Effect::#effect,
                has_local_id: #has_local_id,
                targets: &[#(#targets),*],
            };
        });
        names.push(name);
    }
    let sensitive = model.sensitive_properties();
    Ok(quote! {
        //! The operation table: what the send loop knows about each operation.

        use ::http::Method;

        use crate::runtime::{Effect, Operation, Safety, TargetSafety};

        #(#entries)*

        #[doc = " All operations, in the order of the spec."]
        pub static ALL: &[&Operation] = &[#(&#names),*];

        #[doc = " Returns whether properties with this name are sensitive: secrets, personal"]
        #[doc = " data, or the text of messages. Their values are never shown."]
        #[must_use]
        pub fn is_sensitive(property: &str) -> bool {
            SENSITIVE.contains(&property)
        }

        #[doc = " The properties whose values are never shown."]
        pub(crate) static SENSITIVE: &[&str] = &[#(#sensitive),*];
    })
}

/// Returns what is to be confirmed: what the spec says, and every `DELETE`.
fn effect(operation: &Operation<'_>) -> Ident {
    format_ident!(
        "{}",
        match operation.text("x-effect") {
            "sends" => "Sends",
            "deletes" => "Deletes",
            "bulk" => "Bulk",
            _ if operation.method == "delete" => "Deletes",
            _ => "None",
        }
    )
}

/// Generates the safety of requests to each kind of target.
fn targets(operation: &Operation<'_>) -> Vec<TokenStream> {
    let targets = schema::object(operation.value.get(schema::SAFETY_BY_TARGET));
    let targets = targets.map(|(member, target)| {
        let safety = |key: &str| {
            let safety = target.get(key).and_then(Value::as_str).unwrap_or_default();
            format_ident!("{}", safety.to_upper_camel_case())
        };
        let (by_default, trusted) = (safety("safety"), safety("trusted"));
        quote! {
            TargetSafety {
                member: #member,
                by_default: Safety::#by_default,
                trusted: Safety::#trusted,
            }
        }
    });
    targets.collect()
}

/// Generates the file `mod.rs`.
pub(super) fn write_module(model: &Model<'_>) -> TokenStream {
    let names = model.schemas.keys().map(|name| ident(name));
    quote! {
        //! Written by `cargo xtask codegen` from `openapi/`.

        #[cfg(feature = "client")]
        mod client;
        mod enums;
        mod ids;
        #[cfg(feature = "client")]
        pub mod operations;
        #[cfg(feature = "client")]
        mod paging;
        #[cfg(feature = "client")]
        pub(crate) mod raw;
        #[cfg(feature = "client")]
        pub mod server;
        pub mod types;
        pub(crate) mod webhook;

        #[doc = " Calls a macro with the names of all types, so that tests can cover each of"]
        #[doc = " them."]
        #[doc(hidden)]
        #[macro_export]
        macro_rules! for_each_type {
            ($callback:ident) => {
                $callback! { #(#names),* }
            };
        }
    }
}
