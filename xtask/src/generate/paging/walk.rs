//! A walk that is to be written: its operation, and what `x-paging` names in the
//! request.

use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Ident, Type};

use crate::generate::methods::{Argument, Place};
use crate::generate::model::{self, Schema};
use crate::generate::syntax::unused;
use crate::operation::Operation;

/// The variables of a walk. None of them hides an argument.
pub(super) struct Locals {
    pub(super) client: Ident,
    pub(super) request: Ident,
    pub(super) wanted: Ident,
}

impl Locals {
    pub(super) fn beside(arguments: &[Argument<'_>]) -> Self {
        let taken: Vec<&Ident> = arguments.iter().map(|argument| argument.ident).collect();
        Self {
            client: unused("client", &taken),
            request: unused("request", &taken),
            wanted: unused("wanted", &taken),
        }
    }
}

/// A walk that is to be written.
pub(super) struct WalkOf<'a> {
    pub(super) operation: &'a Operation<'a>,
    pub(super) paging: &'a Value,
    /// The type of an item.
    pub(super) item: &'a Type,
    /// The component that the body is.
    pub(super) request: Option<&'a Schema<'a>>,
    pub(super) arguments: Vec<Argument<'a>>,
    pub(super) locals: Locals,
}

impl<'a> WalkOf<'a> {
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.paging.get(key).and_then(Value::as_str)
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.paging.get(key).and_then(Value::as_i64)
    }

    /// The name of a key of `x-paging` as a field.
    pub(super) fn field(&self, key: &str) -> Option<Ident> {
        self.text(key)
            .map(|name| format_ident!("{}", name.to_snake_case()))
    }

    pub(super) fn is_by_number(&self) -> bool {
        self.text("cursor").is_none()
    }

    /// The members of the request that say which page is wanted. A page number
    /// means another page with another limit, so the limit of numbered pages is
    /// not one of them.
    pub(super) fn paging_members(&self) -> Vec<&'a str> {
        let mut keys = vec!["cursor", "page"];
        if !self.is_by_number() {
            keys.push("limit");
        }
        keys.into_iter().filter_map(|key| self.text(key)).collect()
    }

    /// The field of the body that a key of `x-paging` names.
    pub(super) fn member(&self, key: &str) -> Option<Ident> {
        let name = self.text(key)?;
        let property = self.request?.property(name)?;
        Some(model::field(name, property))
    }

    /// What the caller set for a member of the body or a parameter: an `Option`.
    pub(super) fn set_by_caller(&self, name: &str) -> Option<TokenStream> {
        let request = &self.locals.request;
        if let Some(property) = self.request.and_then(|it| it.property(name)) {
            let field = model::field(name, property);
            return Some(quote!(#request.#field));
        }
        let mut arguments = self.arguments.iter();
        let argument = arguments.find(|argument| argument.place == Place::Query(name))?;
        let ident = argument.ident;
        Some(quote!(#ident))
    }

    pub(super) fn set_for(&self, key: &str) -> Option<TokenStream> {
        self.set_by_caller(self.text(key)?)
    }
}
