//! Generates the builder of a request: `new` with the required members, and a
//! setter for each optional one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Type};

use super::docs;
use super::member::Member;
use super::model::{Model, Schema};
use super::syntax::{generic_argument, map_value};

/// Generates `new` with the required members, and a setter for each optional one.
pub(super) fn write(
    ident: &Ident,
    schema: &Schema<'_>,
    members: &[Member],
    model: &Model<'_>,
) -> TokenStream {
    let required: Vec<&Member> = schema
        .required()
        .into_iter()
        .filter_map(|name| members.iter().find(|member| member.name == name))
        .collect();
    let Required {
        positional,
        by_name,
        takes_any_id,
    } = Required::of(&required, model);
    let argument = |member: &Member| {
        if takes_any_id || !model.is_id(&member.ty) {
            Argument::of(&member.ty)
        } else {
            Argument::plain(&member.ty)
        }
    };
    let arguments = positional.iter().map(|member| {
        let (ident, argument) = (&member.ident, argument(member));
        let ty = &argument.ty;
        quote!(#ident: #ty)
    });
    let values = members.iter().map(|member| {
        let ident = &member.ident;
        if by_name.is_some_and(|by_name| by_name.name == member.name) {
            quote!(#ident: 0.into())
        } else if member.is_required {
            match argument(member).convert(ident) {
                None => quote!(#ident),
                Some(value) => quote!(#ident: #value),
            }
        } else {
            quote!(#ident: ::std::default::Default::default())
        }
    });
    let new_docs = docs::comment(&new_docs(&positional));
    let default_impl = required.is_empty();
    let new = if default_impl {
        quote! {
            #[doc = " Creates a request with nothing set."]
            pub fn new() -> Self { Self::default() }
        }
    } else if by_name.is_some() {
        quote! {
            #new_docs
            pub fn new(#(#arguments),*) -> crate::wire::Incomplete<Self> {
                crate::wire::Incomplete(Self { #(#values),* })
            }
        }
    } else {
        quote! {
            #new_docs
            pub fn new(#(#arguments),*) -> Self { Self { #(#values),* } }
        }
    };
    let completion = by_name.map(|member| completion(ident, member));
    let setters = members
        .iter()
        .filter(|member| !member.is_required)
        .map(setter);
    quote! {
        impl #ident {
            #new
            #(#setters)*
        }
        #completion
    }
}

/// The required members of a request, by how they are set.
pub(super) struct Required<'a> {
    /// The arguments of `new`.
    pub(super) positional: Vec<&'a Member>,
    /// The member that is set by its name, because an argument of `new` has the same
    /// type of ID.
    pub(super) by_name: Option<&'a Member>,
    /// Whether `new` takes anything that becomes an ID. Two IDs side by side could be
    /// swapped, so each has to be of its type.
    pub(super) takes_any_id: bool,
}

impl<'a> Required<'a> {
    pub(super) fn of(required: &[&'a Member], model: &Model<'_>) -> Self {
        let is_id = |member: &&&Member| model.is_id(&member.ty);
        let by_name = required.iter().enumerate().find(|(index, member)| {
            let mut before = required[..*index].iter().filter(is_id);
            is_id(member) && before.any(|before| before.ty == member.ty)
        });
        let by_name = by_name.map(|(index, _)| index);
        let positional = (0..required.len()).filter(|index| Some(*index) != by_name);
        let positional: Vec<&Member> = positional.map(|index| required[index]).collect();
        Self {
            takes_any_id: positional.iter().filter(is_id).count() == 1,
            by_name: by_name.map(|index| required[index]),
            positional,
        }
    }
}

/// Generates the method that sets the last required member.
fn completion(request: &Ident, member: &Member) -> TokenStream {
    let ident = &member.ident;
    let ty = &member.ty;
    let comment = docs::comment(&member.description);
    quote! {
        impl crate::wire::Incomplete<#request> {
            #comment
            pub fn #ident(self, #ident: impl Into<#ty>) -> #request {
                #request { #ident: #ident.into(), ..self.0 }
            }
        }
    }
}

fn new_docs(required: &[&Member]) -> String {
    let mut text = "Creates a request with the required members.\n".to_owned();
    for member in required {
        let first = member.description.split("\n\n").next().unwrap_or("");
        text.push_str(&format!(
            "\n- `{}`: {}",
            member.shown,
            first.replace('\n', "\n  ")
        ));
    }
    text
}

fn setter(member: &Member) -> TokenStream {
    let ident = &member.ident;
    let argument = Argument::of(member.inner());
    let ty = &argument.ty;
    let value = argument.convert(ident).unwrap_or_else(|| quote!(#ident));
    let value = if generic_argument(&member.ty, "Option").is_some() {
        quote!(::std::option::Option::Some(#value))
    } else {
        value
    };
    let comment = docs::comment(&member.description);
    quote! {
        #comment
        #[must_use]
        pub fn #ident(mut self, #ident: #ty) -> Self {
            self.#ident = #value;
            self
        }
    }
}

/// How a function takes a value of a type.
struct Argument {
    ty: TokenStream,
    conversion: Conversion,
}

enum Conversion {
    None,
    Into,
    Collect,
    CollectInto,
    CollectPairs,
    CollectPairsInto,
}

impl Argument {
    fn of(ty: &Type) -> Self {
        if let Some(item) = generic_argument(ty, "Vec") {
            return if converts(item) {
                Self {
                    ty: quote!(impl IntoIterator<Item = impl Into<#item>>),
                    conversion: Conversion::CollectInto,
                }
            } else {
                Self {
                    ty: quote!(impl IntoIterator<Item = #item>),
                    conversion: Conversion::Collect,
                }
            };
        }
        if let Some(value) = map_value(ty) {
            let converted = converts(&value);
            let value = if converted {
                quote!(impl Into<#value>)
            } else {
                quote!(#value)
            };
            return Self {
                ty: quote!(impl IntoIterator<Item = (impl Into<String>, #value)>),
                conversion: if converted {
                    Conversion::CollectPairsInto
                } else {
                    Conversion::CollectPairs
                },
            };
        }
        if converts(ty) {
            return Self {
                ty: quote!(impl Into<#ty>),
                conversion: Conversion::Into,
            };
        }
        Self::plain(ty)
    }

    /// Takes a value of the type itself.
    fn plain(ty: &Type) -> Self {
        Self {
            ty: quote!(#ty),
            conversion: Conversion::None,
        }
    }

    /// Returns the conversion of the argument to the type; `None` if it has the type.
    fn convert(&self, ident: &Ident) -> Option<TokenStream> {
        match self.conversion {
            Conversion::None => None,
            Conversion::Into => Some(quote!(#ident.into())),
            Conversion::Collect => Some(quote!(#ident.into_iter().collect())),
            Conversion::CollectPairs => Some(quote! {
                #ident.into_iter().map(|(key, value)| (key.into(), value)).collect()
            }),
            Conversion::CollectPairsInto => Some(quote! {
                #ident.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
            }),
            Conversion::CollectInto => {
                Some(quote!(#ident.into_iter().map(::std::convert::Into::into).collect()))
            }
        }
    }
}

/// Returns whether a type is converted from others: text, open enums, wire types
/// and free JSON.
fn converts(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let first = path
        .path
        .segments
        .first()
        .map(|segment| segment.ident.to_string());
    let last = path
        .path
        .segments
        .last()
        .map(|segment| segment.ident.to_string());
    first.as_deref() == Some("crate") || matches!(last.as_deref(), Some("String" | "Value"))
}
