//! Generates what a request that is assembled at run time needs: the type of its
//! body, and the walk over its pages.

use std::collections::BTreeSet;

use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::methods::{self, Argument, Methods, Place};
use super::model::{Model, Origin};
use super::syntax::{self, generic_argument, is_named, referent, type_name};
use crate::error::Error;
use crate::formats;
use crate::operation::Operation;
use crate::schema;

/// Generates the file `raw.rs`.
pub(super) fn write(methods: &Methods, model: &Model<'_>) -> Result<TokenStream, Error> {
    let mut bodies = Vec::new();
    let mut phones = Vec::new();
    let mut walks = Vec::new();
    for operation in &model.operations {
        let id = operation.name();
        let arguments = methods::arguments(methods.of(operation)?, operation)?;
        if let Some(ty) = methods::body_type(&arguments) {
            bodies.push(quote!(#id => normal_form::<#ty>(body, now),));
        }
        phones.extend(phones_of(operation));
        if let Some(paging) = operation.value.get("x-paging") {
            walks.push(walk(operation, paging, &arguments, model));
        }
    }
    let query_values = query_values(model);
    Ok(quote! {
        //! The checks of a request that is assembled at run time, and the walks over
        //! its pages.

        use ::jiff::Timestamp;
        use ::serde_json::Value;

        use super::types;
        use crate::error::Error;
        use crate::paging::{Place, Places, RawItem, Walk};
        use crate::runtime::{Client, RawRequest, normal_form};
        use crate::wire::Violation;

        #[doc = " Returns the body as the type of the operation writes it. With a time, it is"]
        #[doc = " checked as well."]
        pub(crate) fn body(
            operation: &str,
            body: &Value,
            now: Option<Timestamp>,
        ) -> Result<Value, Violation> {
            match operation {
                #(#bodies)*
                _ => Ok(body.clone()),
            }
        }

        #[doc = " The parameters of the query that are phone numbers."]
        pub(crate) fn phones(operation: &str) -> &'static [&'static str] {
            match operation {
                #(#phones)*
                _ => &[],
            }
        }

        #[doc = " Returns the walk over the pages of a request."]
        pub(crate) fn walk(client: &Client, request: RawRequest) -> Result<Walk<RawItem>, Error> {
            match request.operation().id() {
                #(#walks)*
                _ => Err(request.invalid("it has no pages to walk over".to_owned())),
            }
        }

        #(#query_values)*
    })
}

/// Generates the list of the query parameters that are phone numbers.
fn phones_of(operation: &Operation<'_>) -> Option<TokenStream> {
    let id = operation.name();
    let parameters = operation.parameters_in("query");
    let phones = parameters.filter(|parameter| {
        parameter.pointer("/schema/format").and_then(Value::as_str) == Some("phone")
    });
    let names: Vec<_> = phones
        .filter_map(|parameter| parameter.get("name")?.as_str())
        .collect();
    (!names.is_empty()).then(|| quote!(#id => &[#(#names),*],))
}

/// Generates how the open enums and the IDs that are parameters are written.
fn query_values(model: &Model<'_>) -> Vec<TokenStream> {
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for operation in &model.operations {
        let schemas = operation.parameters().filter_map(|it| it.get("schema"));
        for schema in schemas {
            names.extend(schema::reference(schema));
            ids.extend(schema.get(schema::ID).and_then(Value::as_str));
        }
    }
    let enums = model.of_origin(Origin::OpenEnum);
    let enums = enums.filter(|(name, _)| names.contains(name));
    let values = enums.map(|(name, _)| {
        let ident = syntax::ident(name);
        quote! {
            impl crate::runtime::QueryValue for types::#ident {
                fn text(&self) -> Option<::std::borrow::Cow<'_, str>> {
                    Some(self.as_str().into())
                }
            }
        }
    });
    let ids = ids.into_iter().map(|name| {
        let ident = syntax::ident(name);
        quote! {
            impl crate::runtime::QueryValue for types::#ident {
                fn text(&self) -> Option<::std::borrow::Cow<'_, str>> {
                    Some(self.to_string().into())
                }
            }
        }
    });
    values.chain(ids).collect()
}

fn walk(
    operation: &Operation<'_>,
    paging: &Value,
    arguments: &[Argument<'_>],
    model: &Model<'_>,
) -> TokenStream {
    let id = operation.name();
    let text = |key: &str| paging.get(key).and_then(Value::as_str);
    let method = format_ident!("{}", text("walk").unwrap_or_default().to_snake_case());
    let request = model.request_schema(operation);
    let places = ["cursor", "page", "limit"].into_iter().map(|key| {
        let field = format_ident!("{key}");
        let Some(name) = text(key) else {
            return quote!(#field: None,);
        };
        let parameter = arguments.iter().find(|it| it.place == Place::Query(name));
        let in_body = request.is_some_and(|request| request.property(name).is_some());
        let is_integer = parameter.is_some_and(is_optional_integer);
        let in_seconds = key == "cursor" && !in_body && is_integer;
        quote! {
            #field: Some(Place { name: #name, in_body: #in_body, in_seconds: #in_seconds }),
        }
    });
    // A walk chooses its cursor, and without numbered pages the page as well.
    let is_chosen = |name: &str| {
        Some(name) == text("cursor") || (text("cursor").is_some() && Some(name) == text("page"))
    };
    let values = arguments
        .iter()
        .filter_map(|argument| match argument.place {
            Place::Body => Some(quote!(request.typed()?)),
            Place::Query(name) if is_chosen(name) => None,
            Place::Path(name) | Place::Query(name) => Some(value(argument, name)),
        });
    quote! {
        #id => {
            let walk = client.#method(#(#values),*);
            Ok(walk.raw(client, request, Places { #(#places)* }))
        }
    }
}

fn is_optional_integer(argument: &Argument<'_>) -> bool {
    generic_argument(argument.ty, "Option").is_some_and(|ty| is_named(ty, "i64"))
}

/// An argument of a walk, read from the request.
fn value(argument: &Argument<'_>, name: &str) -> TokenStream {
    let inner = generic_argument(argument.ty, "Option");
    let ty = inner.unwrap_or(argument.ty);
    let target = referent(ty);
    let private = target.and_then(type_name);
    let private = private.and_then(|name| formats::of_type(&name));
    let is_text = target.is_some_and(|ty| is_named(ty, "str")) || private.is_some();
    let owned = match target {
        _ if is_text => quote!(String),
        Some(ty) => quote!(#ty),
        None => quote!(#ty),
    };
    if inner.is_none() {
        let value = quote!(request.typed_parameter::<#owned>(#name)?);
        // A value of a private format is converted.
        let is_borrowed = target.is_some() && private.is_none();
        return if is_borrowed { quote!(&#value) } else { value };
    }
    let value = quote!(request.optional_parameter::<#owned>(#name)?);
    match (private, target) {
        (Some(format), _) => {
            let ty = syntax::ident(format.type_name());
            quote!(#value.map(types::#ty::from).as_ref())
        }
        (None, Some(_)) if is_text => quote!(#value.as_deref()),
        (None, Some(_)) => quote!(#value.as_ref()),
        (None, None) => value,
    }
}
