//! How a walk goes on, which requests it refuses, and which checkpoints it
//! accepts.

use proc_macro2::TokenStream;
use quote::quote;

use super::walk::WalkOf;
use crate::generate::methods::Place;

/// A checkpoint is of one walk, so a walk with other filters refuses it.
pub(super) fn filters(walk: &WalkOf<'_>) -> TokenStream {
    let members = walk.paging_members();
    let parameters = walk.arguments.iter().filter_map(|argument| {
        let ident = argument.ident;
        match argument.place {
            Place::Path(name) => {
                // The body may have a member of the same name.
                let name = format!("{{{name}}}");
                Some(quote!((#name, &#ident)))
            }
            Place::Query(name) if !members.contains(&name) => Some(quote!((#name, &#ident))),
            Place::Query(_) | Place::Body => None,
        }
    });
    let parameters: Vec<_> = parameters.collect();
    let of_parameters = quote!(Filters::of_parameters(&[#(#parameters),*]));
    let request = &walk.locals.request;
    match (walk.request.is_some(), parameters.is_empty()) {
        (true, true) => quote!(Filters::of_body(&#request, PAGING)),
        (true, false) => quote!(Filters::of_body(&#request, PAGING).with(#of_parameters)),
        (false, _) => of_parameters,
    }
}

pub(super) fn style(walk: &WalkOf<'_>) -> TokenStream {
    let limit = walk.set_for("limit");
    let first = walk.number("first");
    if walk.is_by_number() {
        let (page, first) = (walk.set_for("page"), first.unwrap_or_default());
        let limit = limit.unwrap_or_else(|| quote!(None));
        return quote!(Style::Page { first: #page.unwrap_or(#first), limit: #limit });
    }
    let ascending = match walk.set_for("ascending") {
        Some(ascending) => quote!(#ascending.unwrap_or(false)),
        None => quote!(false),
    };
    let overlap = match walk.number("tick_seconds") {
        Some(seconds) => quote!(SignedDuration::from_secs(#seconds)),
        None => quote!(SignedDuration::from_millis(1)),
    };
    let size = walk.number("size").unwrap_or_default();
    let limit = match limit {
        Some(limit) => quote!(Some(#limit.unwrap_or(#size))),
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
pub(super) fn problem(walk: &WalkOf<'_>) -> TokenStream {
    let mut problems = Vec::new();
    if let Some(limit) = walk.set_for("limit") {
        problems.push((
            quote!(#limit.is_some_and(|limit| limit < 1)),
            "`limit`: a page of a walk has at least 1 item",
        ));
    }
    let by_time = |name: &str| walk.set_by_caller(name).filter(|_| !walk.is_by_number());
    if let Some(ascending) = by_time("ascending")
        && walk.text("ascending").is_none()
    {
        problems.push((
            quote!(#ascending == Some(true)),
            "`ascending`: this list can only be walked from the latest on",
        ));
    }
    let is_taken_over = walk.text("page") == Some("page") && walk.member("page").is_none();
    if let Some(page) = by_time("page").filter(|_| !is_taken_over) {
        problems.push((
            quote!(#page.is_some()),
            "`page`: a walk goes by time; leave it out",
        ));
    }
    if let Some(order) = by_time("order") {
        let wanted = if walk.text("from") == Some("updated") {
            "updated_at"
        } else {
            "created_at"
        };
        problems.push((
            quote!(#order.as_ref().is_some_and(|order| order.as_str() != #wanted)),
            "`order`: a walk goes by the time that its cursor is of; leave it out",
        ));
    }
    let otherwise = quote!(None);
    problems
        .iter()
        .rev()
        .fold(otherwise, |otherwise, (condition, problem)| {
            quote!(if #condition { Some(#problem) } else { #otherwise })
        })
}
