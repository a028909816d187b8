//! Writes what a request that is put together at run time needs to know of its
//! operation: the type of its body, and how its pages are walked.

use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::ImplItemFn;

use super::model::Model;
use super::paging::body_type;
use crate::error::Error;
use crate::schema::Operation;

/// The file `raw.rs`.
pub(super) fn write(methods: &[ImplItemFn], model: &Model<'_>) -> Result<TokenStream, Error> {
    let mut bodies = Vec::new();
    let mut phones = Vec::new();
    let mut walks = Vec::new();
    for operation in &model.operations {
        let id = operation.name();
        let method = methods.iter().find(|method| method.sig.ident == id);
        let method =
            method.ok_or_else(|| Error::Unexpected(format!("no method for the operation {id}")))?;
        if let Some(ty) = body_type(method) {
            bodies.push(quote!(#id => normal_form::<#ty>(body, now),));
        }
        let names: Vec<_> = query(operation).filter(|p| is_phone(p)).map(name).collect();
        if !names.is_empty() {
            phones.push(quote!(#id => &[#(#names),*],));
        }
        if let Some(paging) = operation.value.get("x-paging") {
            walks.push(walk(operation, paging));
        }
    }
    Ok(quote! {
        //! What a request that is put together at run time is checked by, and
        //! how its pages are walked.

        use ::jiff::Timestamp;
        use ::serde_json::Value;

        use super::types;
        use crate::paging::{Places, RawItem, Walk};
        use crate::error::Error;
        use crate::runtime::{Client, RawRequest, normal_form};
        use crate::wire::Violation;

        #[doc = " The body as the type of the operation writes it, checked if there is a"]
        #[doc = " time."]
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

        #[doc = " The walk over the pages of a request."]
        pub(crate) fn walk(client: &Client, request: RawRequest) -> Result<Walk<RawItem>, Error> {
            match request.operation().id() {
                #(#walks)*
                _ => Err(request.invalid("it has no pages to walk over".to_owned())),
            }
        }
    })
}

fn walk(operation: &Operation<'_>, paging: &Value) -> TokenStream {
    let id = operation.name();
    let text = |key: &str| paging.get(key).and_then(Value::as_str);
    let method = format_ident!("{}", text("walk").unwrap_or_default().to_snake_case());
    let by_body = operation.request_schema().is_some();
    let place = |field: &str, key: &str| {
        let (field, value) = (format_ident!("{field}"), text(key)?);
        Some(quote!(#field: Some(#value),))
    };
    let cursor = if by_body {
        "cursor"
    } else {
        "cursor_parameter"
    };
    let places = [
        place(cursor, "cursor"),
        place("page", "page"),
        place("limit", "limit"),
    ];
    let places = places.into_iter().flatten();
    let arguments = if by_body {
        quote!(request.typed()?)
    } else {
        let names = query(operation).filter(|p| Some(name(p)) != text("cursor"));
        // In the order of the method's arguments, which is that of their names.
        let mut names: Vec<_> = names
            .map(|parameter| (name(parameter).to_snake_case(), parameter))
            .collect();
        names.sort_by(|(left, _), (right, _)| left.cmp(right));
        let arguments = names.iter().map(|(_, parameter)| {
            let name = name(parameter);
            if is_phone(parameter) {
                quote!(request.typed_query::<String>(#name)?)
            } else {
                quote!(request.typed_query(#name)?)
            }
        });
        quote!(#(#arguments),*)
    };
    quote! {
        #id => {
            let walk = client.#method(#arguments);
            Ok(walk.raw(client, request, Places { #(#places)* ..Places::default() }))
        }
    }
}

fn query<'a>(operation: &Operation<'a>) -> impl Iterator<Item = &'a Value> {
    let parameters: Vec<&Value> = operation.parameters().collect();
    parameters
        .into_iter()
        .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"))
}

fn name(parameter: &Value) -> &str {
    parameter.get("name").and_then(Value::as_str).unwrap_or("")
}

fn is_phone(parameter: &Value) -> bool {
    parameter.pointer("/schema/format").and_then(Value::as_str) == Some("phone")
}
