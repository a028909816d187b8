//! Questions about the syntax trees of types and methods.

use quote::format_ident;
use syn::{Ident, ImplItemFn, Type};

/// Returns a name of the spec as an identifier.
pub(super) fn ident(name: &str) -> Ident {
    format_ident!("{name}")
}

/// Returns an identifier that is not in `taken`: `name`, followed by underscores if
/// necessary.
pub(super) fn unused(name: &str, taken: &[&Ident]) -> Ident {
    let mut name = name.to_owned();
    while taken.iter().any(|taken| **taken == name) {
        name.push('_');
    }
    ident(&name)
}

/// Returns `T` of a type `wrapper<T>`.
pub(super) fn generic_argument<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let is_wrapper = path.path.segments.last()?.ident == wrapper;
    first_argument(ty).filter(|_| is_wrapper)
}

/// Returns the first generic argument of a type, if it is a type.
pub(super) fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    match &path.path.segments.last()?.arguments {
        syn::PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

/// Returns the type of the values, if a type is a map.
pub(super) fn map_value(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident != "Map" && last.ident != "BTreeMap" {
        return None;
    }
    match &last.arguments {
        syn::PathArguments::AngleBracketed(arguments) => match arguments.args.last()? {
            syn::GenericArgument::Type(value) => Some(value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Returns `T` of a type `&T`.
pub(super) fn referent(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Reference(reference) => Some(&reference.elem),
        _ => None,
    }
}

/// Returns the last name of a path.
pub(super) fn type_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
}

pub(super) fn is_vector(ty: &Type) -> bool {
    type_name(ty).as_deref() == Some("Vec")
}

/// Returns whether a type is this name, without a path before it.
pub(super) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

/// Returns `T` of `Result<ResponseValue<T>, Error<()>>`.
pub(super) fn response_type(method: &ImplItemFn) -> Option<Type> {
    let syn::ReturnType::Type(_, ty) = &method.sig.output else {
        return None;
    };
    first_argument(ty).and_then(first_argument).cloned()
}
