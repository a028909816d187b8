//! Generates a walk for each operation with `x-paging`. The runtime walks.

mod passed;
mod settings;
mod walk;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::docs;
use super::methods::{self, Methods};
use super::model::{self, Model};
use super::operations::constant;
use super::syntax::{first_argument, response_type, type_name};
use crate::error::Error;
use crate::schema;
use passed::Passed;
use walk::{Locals, WalkOf};

const BY_NUMBER: &str = "\n\nThe pages are numbered. If an item is deleted during the walk, the walk \
                         may miss another item at the edge of a page. Items that are inserted cause \
                         repeats only, which the walk drops.";

/// Generates the file `paging.rs`.
pub(super) fn write(methods: &Methods, model: &Model<'_>) -> Result<TokenStream, Error> {
    let mut walks = Vec::new();
    for operation in &model.operations {
        if let Some(paging) = operation.value.get("x-paging") {
            let method = methods.of(operation)?;
            let item = response_type(method);
            let item = item.as_ref().and_then(first_argument);
            let unexpected = |what: &str| {
                let id = operation.name();
                Error::Unexpected(format!("the walk of {id}: {what}"))
            };
            let walk = WalkOf {
                operation,
                paging,
                item: item.ok_or_else(|| unexpected("its response is not a list"))?,
                request: model.request_schema(operation),
                locals: Locals::beside(&methods::arguments(method, operation)?),
                arguments: methods::arguments(method, operation)?,
            };
            walks.push(write_walk(&walk, model).ok_or_else(|| unexpected("no name"))?);
        }
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

/// Generates the method of a walk; `None` if `x-paging` does not name it.
fn write_walk(walk: &WalkOf<'_>, model: &Model<'_>) -> Option<TokenStream> {
    let id = walk.operation.name();
    let (name, item) = (walk.field("walk")?, walk.item);
    let Locals { client, wanted, .. } = &walk.locals;
    let arguments = walk.arguments.iter();
    let ids = walk.arguments.iter().filter(|it| model.is_id(it.ty));
    let takes_any_id = ids.count() == 1;
    let passed: Vec<Passed> = arguments
        .map(|it| Passed::of(it, walk, takes_any_id && model.is_id(it.ty)))
        .collect();
    let declarations = passed.iter().filter_map(|it| it.declaration.as_ref());
    let prepares = passed.iter().filter_map(|it| it.prepare.as_ref());
    let per_page = passed.iter().filter_map(|it| it.per_page.as_ref());
    let values = passed.iter().map(|it| &it.value);
    let method = format_ident!("{id}");
    let (style, problem, filters) = (
        settings::style(walk),
        settings::problem(walk),
        settings::filters(walk),
    );
    let of_item = type_name(item).and_then(|name| model.schemas.get(&name));
    let time = match walk.text("from") {
        Some(from) => {
            let property = of_item.and_then(|schema| schema.property(from));
            let from = model::field(from, property.unwrap_or(&Value::Null));
            quote!(|item| item.#from)
        }
        None => quote!(|_| None),
    };
    let property = of_item.and_then(|schema| schema.property("id"));
    let item_id = match property.and_then(|property| property.get(schema::ID)) {
        Some(_) => quote!(|item| item.id.into()),
        None => quote!(|item| item.id),
    };
    let table = constant(&id);
    let paging = walk.paging_members();
    let comment = docs::comment(&format!(
        "Walks over all items of [`{id}`](Self::{id}), page by page.\n\n{}{}",
        docs::escape(walk.operation.text("summary")),
        if walk.is_by_number() { BY_NUMBER } else { "" },
    ));
    Some(quote! {
        #comment
        pub fn #name(&self, #(#declarations),*) -> Walk<#item> {
            const PAGING: &[&str] = &[#(#paging),*];
            let #client = self.clone();
            #(#prepares)*
            Walk::new(Source {
                operation: &operations::#table,
                style: #style,
                paging: PAGING,
                filters: #filters,
                problem: #problem,
                fetch: Box::new(move |#wanted| {
                    let #client = #client.clone();
                    #(#per_page)*
                    Box::pin(async move {
                        #client.#method(#(#values),*).await.map(Response::into_inner)
                    })
                }),
                id: #item_id,
                time: #time,
            })
        }
    })
}
