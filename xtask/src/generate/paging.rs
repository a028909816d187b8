//! Writes a walk for each operation with `x-paging`; how it walks is the
//! runtime's.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote};
use serde_json::Value;
use syn::{FnArg, Ident, ImplItemFn, Type};

use super::client::{converted, first_argument, response_type};
use super::docs;
use super::model::{Model, Schema};
use super::operations::constant;
use crate::error::Error;
use crate::schema::Operation;

const BY_NUMBER: &str = "\n\nThe pages are numbered, so that an item that is deleted during the walk can \
                         hide another one, at the edge of a page, from it. Items that are inserted \
                         cause repeats alone, which are dropped.";

/// The file `paging.rs`.
pub(super) fn write(methods: &[ImplItemFn], model: &Model<'_>) -> Result<TokenStream, Error> {
    let mut walks = Vec::new();
    for operation in &model.operations {
        let Some(paging) = operation.value.get("x-paging") else {
            continue;
        };
        let id = operation.name();
        let method = methods.iter().find(|method| method.sig.ident == id);
        let method =
            method.ok_or_else(|| Error::Unexpected(format!("no method for the operation {id}")))?;
        let walk = WalkOf {
            operation,
            paging,
            method,
            request: model.request_schema(operation),
        };
        walks.push(walk.write()?);
    }
    Ok(quote! {
        //! A walk over the pages of each list.

        use ::jiff::SignedDuration;

        use super::{operations, types};
        use crate::paging::{ByTime, Filters, Source, Style, Walk};
        use crate::runtime::{Client, Response};

        impl Client {
            #(#walks)*
        }
    })
}

/// The type of a method's body, if it has one.
pub(super) fn body_type(method: &ImplItemFn) -> Option<TokenStream> {
    method
        .sig
        .inputs
        .iter()
        .find_map(|argument| match argument {
            FnArg::Typed(argument) if argument.pat.to_token_stream().to_string() == "body" => {
                match &*argument.ty {
                    Type::Reference(reference) => Some(reference.elem.to_token_stream()),
                    _ => None,
                }
            }
            _ => None,
        })
}

struct WalkOf<'a> {
    operation: &'a Operation<'a>,
    paging: &'a Value,
    method: &'a ImplItemFn,
    request: Option<&'a Schema<'a>>,
}

impl WalkOf<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.paging.get(key).and_then(Value::as_str)
    }

    /// The field of the request that a key of `x-paging` names.
    fn field(&self, key: &str) -> Option<Ident> {
        self.text(key)
            .map(|name| format_ident!("{}", name.to_snake_case()))
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.paging.get(key).and_then(Value::as_i64)
    }

    fn write(&self) -> Result<TokenStream, Error> {
        let id = self.operation.name();
        let unexpected = |what: &str| Error::Unexpected(format!("the walk of {id}: {what}"));
        let item = response_type(self.method)
            .and_then(|response| first_argument(&response).cloned())
            .ok_or_else(|| unexpected("its response is not a list"))?;
        let name = self.field("walk").ok_or_else(|| unexpected("no name"))?;
        let [arguments, prepare, filters, fetch] = match self.request {
            Some(request) => self.by_body(request),
            None => self.by_parameters(),
        };
        let style = self.style();
        let problem = self.problem();
        let time = match self.field("from") {
            Some(from) => quote!(|item| item.#from),
            None => quote!(|_| None),
        };
        let table = constant(&id);
        let paging = self.paging_members();
        let comment = docs::comment(&format!(
            "Walks over all items of [`{id}`](Self::{id}), page by page.\n\n{}{}",
            docs::escape(self.operation.text("summary")),
            if self.is_by_number() { BY_NUMBER } else { "" },
        ));
        Ok(quote! {
            #comment
            pub fn #name(&self, #arguments) -> Walk<#item> {
                const PAGING: &[&str] = &[#(#paging),*];
                let client = self.clone();
                #prepare
                let style = #style;
                let problem = #problem;
                Walk::new(Source {
                    operation: &operations::#table,
                    style,
                    paging: PAGING,
                    filters: #filters,
                    problem,
                    fetch: Box::new(move |page| {
                        let client = client.clone();
                        #fetch
                    }),
                    id: |item| item.id,
                    time: #time,
                })
            }
        })
    }

    fn is_by_number(&self) -> bool {
        self.text("cursor").is_none()
    }

    /// The members of the request that say which page is wanted. A page number
    /// means another page with another limit, so that there the limit is none.
    fn paging_members(&self) -> Vec<&str> {
        let mut keys = vec!["cursor", "page"];
        if !self.is_by_number() {
            keys.push("limit");
        }
        keys.into_iter().filter_map(|key| self.text(key)).collect()
    }

    /// Of a request with a body: its argument, its filters, and how a page is
    /// fetched.
    fn by_body(&self, request: &Schema<'_>) -> [TokenStream; 4] {
        let method = &self.method.sig.ident;
        let ty = body_type(self.method);
        let required = request.required();
        let set = |key: &str, wanted: TokenStream| {
            let name = self.text(key)?;
            let field = self.field(key)?;
            let value = if required.contains(&name) {
                quote!(value)
            } else {
                quote!(Some(value))
            };
            Some(quote!(if let Some(value) = #wanted { request.#field = #value; }))
        };
        let sets = [
            set("cursor", quote!(page.cursor)),
            set("page", quote!(page.page)),
            set("limit", quote!(page.limit)),
        ];
        let sets = sets.into_iter().flatten();
        let fetch = quote! {
            let mut request = request.clone();
            #(#sets)*
            Box::pin(async move { client.#method(&request).await.map(Response::into_inner) })
        };
        let filters = quote!(Filters::of_body(&request, PAGING));
        [quote!(request: #ty), quote!(), filters, fetch]
    }

    /// Of a request with parameters alone: those but the cursor.
    fn by_parameters(&self) -> [TokenStream; 4] {
        let method = &self.method.sig.ident;
        let cursor = self.field("cursor").map(|cursor| cursor.to_string());
        let mut arguments = Vec::new();
        let mut prepare = Vec::new();
        let mut filters = Vec::new();
        let mut clones = Vec::new();
        let mut call = Vec::new();
        for argument in &self.method.sig.inputs {
            let FnArg::Typed(argument) = argument else {
                continue;
            };
            let name = &argument.pat;
            let text = name.to_token_stream().to_string();
            if Some(&text) == cursor.as_ref() {
                call.push(quote!(page.cursor.map(|time| time.as_second())));
                continue;
            }
            let parameter = self.parameter(&text);
            filters.push(quote!((#parameter, &#name)));
            if let Some(ty) = converted(&argument.ty) {
                arguments.push(quote!(#name: impl Into<#ty>));
                prepare.push(quote!(let #name: #ty = #name.into();));
                clones.push(quote!(let #name = #name.clone();));
                call.push(quote!(#name));
            } else {
                let ty = &argument.ty;
                arguments.push(quote!(#name: #ty));
                call.push(quote!(#name));
            }
        }
        let fetch = quote! {
            #(#clones)*
            Box::pin(async move { client.#method(#(#call),*).await.map(Response::into_inner) })
        };
        let filters = quote!(Filters::of_parameters(&[#(#filters),*]));
        [
            quote!(#(#arguments),*),
            quote!(#(#prepare)*),
            filters,
            fetch,
        ]
    }

    /// The parameter that an argument of the method is for.
    fn parameter(&self, argument: &str) -> &str {
        let mut names = self
            .operation
            .parameters()
            .filter_map(|parameter| parameter.get("name").and_then(Value::as_str));
        names
            .find(|name| name.to_snake_case() == argument)
            .unwrap_or_default()
    }

    fn style(&self) -> TokenStream {
        let limit = self.field("limit");
        let first = self.number("first");
        if self.is_by_number() {
            let (page, first) = (self.field("page"), first.unwrap_or_default());
            let limit = match limit {
                Some(limit) => quote!(request.#limit),
                None => quote!(None),
            };
            return quote!(Style::Page { first: request.#page.unwrap_or(#first), limit: #limit });
        }
        let ascending = match self.field("ascending") {
            Some(ascending) => quote!(request.#ascending.unwrap_or(false)),
            None => quote!(false),
        };
        let overlap = match self.number("tick_seconds") {
            Some(seconds) => quote!(SignedDuration::from_secs(#seconds)),
            None => quote!(SignedDuration::from_millis(1)),
        };
        let size = self.number("size").unwrap_or_default();
        let limit = match limit {
            Some(limit) => quote!(Some(request.#limit.unwrap_or(#size))),
            None => quote!(None),
        };
        let first_page = match first {
            Some(first) => quote!(Some(#first)),
            None => quote!(None),
        };
        quote! {
            Style::Cursor(ByTime {
                ascending: #ascending,
                overlap: #overlap,
                limit: #limit,
                first_page: #first_page,
            })
        }
    }

    /// What a request may ask for and a walk cannot do: another order than that
    /// of its cursor, and pages beside it.
    fn problem(&self) -> TokenStream {
        let Some(request) = self.request else {
            return quote!(None);
        };
        let mut problems = Vec::new();
        if let Some(limit) = self.field("limit") {
            problems.push((
                quote!(request.#limit.is_some_and(|limit| limit < 1)),
                "`limit`: a page of a walk has at least 1 item",
            ));
        }
        let has = |name: &str| !self.is_by_number() && request.property(name).is_some();
        if has("ascending") && self.text("ascending").is_none() {
            problems.push((
                quote!(request.ascending == Some(true)),
                "`ascending`: this list can only be walked from the latest on",
            ));
        }
        if has("page") {
            problems.push((
                quote!(request.page.is_some()),
                "`page`: a walk goes by time; leave it out",
            ));
        }
        if has("order") {
            let by_update = self.text("from") == Some("updated");
            let order = if by_update {
                "updated_at"
            } else {
                "created_at"
            };
            problems.push((
                quote!(request.order.as_ref().is_some_and(|order| order.as_str() != #order)),
                "`order`: a walk goes by the time that its cursor is of; leave it out",
            ));
        }
        let branches = problems
            .iter()
            .map(|(condition, problem)| quote!(if #condition { Some(#problem) } else));
        quote!(#(#branches)* { None })
    }
}
