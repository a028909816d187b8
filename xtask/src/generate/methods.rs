//! The methods that progenitor writes, and the part of the request that each
//! argument sets.

use std::collections::BTreeMap;

use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, Ident, ImplItemFn, Pat, Type};

use super::model::Model;
use super::syntax::{referent, type_name};
use crate::error::Error;
use crate::operation::Operation;

/// progenitor's methods, by the id of their operation.
pub(super) struct Methods(BTreeMap<String, ImplItemFn>);

impl Methods {
    /// An ID is passed by value, like a number.
    pub(super) fn new(methods: impl IntoIterator<Item = ImplItemFn>, model: &Model<'_>) -> Self {
        let methods = methods.into_iter().map(|mut method| {
            for argument in &mut method.sig.inputs {
                if let FnArg::Typed(argument) = argument {
                    ById(model).visit_type_mut(&mut argument.ty);
                }
            }
            (method.sig.ident.to_string(), method)
        });
        Self(methods.collect())
    }

    /// Returns the method of an operation.
    pub(super) fn of(&self, operation: &Operation<'_>) -> Result<&ImplItemFn, Error> {
        let id = operation.name();
        self.0
            .get(&id)
            .ok_or_else(|| Error::Unexpected(format!("no method for the operation {id}")))
    }
}

/// Takes the reference from around the type of an ID.
struct ById<'a>(&'a Model<'a>);

impl VisitMut for ById<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Some(target) = referent(ty)
            && let Some(name) = type_name(target).filter(|_| self.0.is_id(target))
        {
            let name = super::syntax::ident(&name);
            *ty = syn::parse_quote!(types::#name);
        }
        visit_mut::visit_type_mut(self, ty);
    }
}

/// An argument of a method.
pub(super) struct Argument<'a> {
    pub(super) ident: &'a Ident,
    pub(super) ty: &'a Type,
    pub(super) place: Place<'a>,
}

/// The part of the request that an argument is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// The parameter of the path with this name.
    Path(&'a str),
    /// The parameter of the query with this name.
    Query(&'a str),
    Body,
}

/// Returns the arguments of a method. progenitor puts the parameters of the path
/// first, in the order of the path, then those of the query by name, and the body
/// last.
pub(super) fn arguments<'a>(
    method: &'a ImplItemFn,
    operation: &Operation<'a>,
) -> Result<Vec<Argument<'a>>, Error> {
    let mut query: Vec<&str> = operation.names_in("query").collect();
    query.sort_unstable();
    let path = operation.names_in_template();
    let mut places = path
        .map(Place::Path)
        .chain(query.into_iter().map(Place::Query));
    let mut arguments = Vec::new();
    for input in &method.sig.inputs {
        let FnArg::Typed(input) = input else { continue };
        let Pat::Ident(pattern) = &*input.pat else {
            continue;
        };
        arguments.push(Argument {
            ident: &pattern.ident,
            ty: &input.ty,
            place: places.next().unwrap_or(Place::Body),
        });
    }
    let bodies = arguments.iter().filter(|it| it.place == Place::Body);
    if places.next().is_some() || bodies.count() > 1 {
        let id = operation.name();
        return Err(Error::Unexpected(format!(
            "the method {id} has other arguments than its operation"
        )));
    }
    Ok(arguments)
}

/// Returns the type of a method's body, if it has one.
pub(super) fn body_type<'a>(arguments: &[Argument<'a>]) -> Option<&'a Type> {
    let body = arguments.iter().find(|it| it.place == Place::Body)?;
    referent(body.ty)
}
