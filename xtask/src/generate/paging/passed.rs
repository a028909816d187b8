//! The arguments of a method as a walk takes them, and passes them on for each
//! page.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::walk::{Locals, WalkOf};
use crate::generate::client::converted;
use crate::generate::methods::{Argument, Place};
use crate::generate::syntax::{generic_argument, is_named, referent};

/// An argument as a walk takes it, and passes it on for each page.
pub(super) struct Passed {
    /// The argument of the walk, if it has one.
    pub(super) declaration: Option<TokenStream>,
    /// Before the walk begins.
    pub(super) prepare: Option<TokenStream>,
    /// In each fetch.
    pub(super) per_page: Option<TokenStream>,
    /// The argument of the call.
    pub(super) value: TokenStream,
}

impl Passed {
    /// `takes_any_id` says that the argument is an ID, and the only one.
    pub(super) fn of(argument: &Argument<'_>, walk: &WalkOf<'_>, takes_any_id: bool) -> Self {
        match argument.place {
            Place::Body => pass_body(argument, walk),
            Place::Query(name) if Some(name) == walk.text("cursor") => pass_cursor(argument, walk),
            Place::Query(name) if Some(name) == walk.text("page") => {
                let (wanted, ident, ty) = (&walk.locals.wanted, argument.ident, argument.ty);
                // A walk by time chooses the number; otherwise it is the first one.
                Passed {
                    declaration: walk.is_by_number().then(|| quote!(#ident: #ty)),
                    prepare: None,
                    per_page: None,
                    value: if walk.is_by_number() {
                        quote!(#wanted.page.or(#ident))
                    } else {
                        quote!(#wanted.page)
                    },
                }
            }
            Place::Query(name) if Some(name) == walk.text("limit") => {
                let (wanted, ident, ty) = (&walk.locals.wanted, argument.ident, argument.ty);
                Passed {
                    declaration: Some(quote!(#ident: #ty)),
                    prepare: None,
                    per_page: None,
                    value: quote!(#wanted.limit.or(#ident)),
                }
            }
            Place::Path(_) | Place::Query(_) => pass_parameter(argument, takes_any_id),
        }
    }
}

/// The cursor, which the walk chooses.
fn pass_cursor(argument: &Argument<'_>, walk: &WalkOf<'_>) -> Passed {
    let wanted = &walk.locals.wanted;
    let is_seconds = generic_argument(argument.ty, "Option").is_some_and(|ty| is_named(ty, "i64"));
    Passed {
        declaration: None,
        prepare: None,
        per_page: None,
        value: if is_seconds {
            quote!(#wanted.cursor.map(|time| time.as_second()))
        } else {
            quote!(#wanted.cursor.as_ref())
        },
    }
}

/// The body, with the members that the walk chooses.
fn pass_body(argument: &Argument<'_>, walk: &WalkOf<'_>) -> Passed {
    let Locals {
        request, wanted, ..
    } = &walk.locals;
    let ty = referent(argument.ty);
    let sets = ["cursor", "page", "limit"].into_iter().filter_map(|key| {
        let (field, wanted_field) = (walk.member(key)?, format_ident!("{key}"));
        Some(quote! {
            if let Some(value) = #wanted.#wanted_field { #request.#field = Some(value); }
        })
    });
    let sets: Vec<_> = sets.collect();
    let mutable = (!sets.is_empty()).then(|| quote!(mut));
    Passed {
        declaration: Some(quote!(#request: #ty)),
        prepare: None,
        per_page: Some(quote! {
            let #mutable #request = #request.clone();
            #(#sets)*
        }),
        value: quote!(&#request),
    }
}

/// A parameter that is the same for every page. The walk outlives the call, so
/// it keeps a copy of what it borrows.
fn pass_parameter(argument: &Argument<'_>, takes_any_id: bool) -> Passed {
    let (ident, ty) = (argument.ident, argument.ty);
    let kept = |declaration: TokenStream, owned: Option<TokenStream>, value: TokenStream| Passed {
        declaration: Some(quote!(#ident: #declaration)),
        per_page: owned
            .is_some()
            .then(|| quote!(let #ident = #ident.clone();)),
        prepare: owned,
        value,
    };
    if let Some(ty) = converted(ty) {
        let owned = quote!(let #ident: #ty = #ident.into(););
        return kept(quote!(impl Into<#ty>), Some(owned), quote!(#ident));
    }
    if takes_any_id {
        return Passed {
            declaration: Some(quote!(#ident: impl Into<#ty>)),
            prepare: Some(quote!(let #ident: #ty = #ident.into();)),
            per_page: None,
            value: quote!(#ident),
        };
    }
    let inner = generic_argument(ty, "Option");
    let Some(referent) = referent(inner.unwrap_or(ty)) else {
        return kept(quote!(#ty), None, quote!(#ident));
    };
    let is_text = is_named(referent, "str");
    match (inner.is_some(), is_text) {
        (false, true) => kept(
            quote!(&#referent),
            Some(quote!(let #ident = #ident.to_owned();)),
            quote!(&#ident),
        ),
        (false, false) => kept(
            quote!(&#referent),
            Some(quote!(let #ident = #ident.clone();)),
            quote!(&#ident),
        ),
        (true, true) => kept(
            quote!(Option<&#referent>),
            Some(quote!(let #ident = #ident.map(str::to_owned);)),
            quote!(#ident.as_deref()),
        ),
        (true, false) => kept(
            quote!(Option<&#referent>),
            Some(quote!(let #ident = #ident.cloned();)),
            quote!(#ident.as_ref()),
        ),
    }
}
