//! Generates the open enums. Closed ones would fail on a value that this version
//! does not know, and `serde(other)` would lose it.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::docs;
use super::model::{Model, Origin, Schema};
use super::syntax::ident;
use crate::error::Error;
use crate::schema;

/// Generates the file `enums.rs`.
pub(super) fn write(model: &Model<'_>) -> Result<TokenStream, Error> {
    let enums = model
        .of_origin(Origin::OpenEnum)
        .map(|(name, schema)| write_one(name, schema))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(quote! {
        //! The open enums. They keep values that this version does not know.

        #(#enums)*
    })
}

fn write_one(name: &str, schema: &Schema<'_>) -> Result<TokenStream, Error> {
    let ident = ident(name);
    let alias = |value: &str| schema.value.get(schema::ALIASES)?.get(value)?.as_str();
    let spellings: Vec<&str> = schema::strings(schema.value.get("enum")).collect();
    let pairs = spellings
        .iter()
        .map(|spelling| {
            let variant = variant(name, alias(spelling).unwrap_or(spelling))?;
            Ok(quote!((#variant, #spelling)))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let values = spellings
        .iter()
        .filter(|spelling| alias(spelling).is_none());
    let values: Vec<&str> = values.copied().collect();
    let variants = values
        .iter()
        .map(|value| variant(name, value))
        .collect::<Result<Vec<Ident>, Error>>()?;
    let comment = docs::comment(&docs::escape(schema.description()));
    let inferred: Vec<&str> = schema::strings(schema.value.get(schema::INFERRED)).collect();
    let value_docs = values.iter().map(|value| {
        let note = if inferred.contains(value) {
            ". Inferred: no source shows it."
        } else {
            ""
        };
        docs::comment(&format!("`{value}`{note}"))
    });
    Ok(quote! {
        #comment
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #ident {
            #(#value_docs #variants,)*
            #[doc = " A value that this version does not know, as the API sent it."]
            Unknown(::std::string::String),
        }

        impl #ident {
            #[doc = " All values that this version knows, in the order of the spec."]
            pub const KNOWN: &[Self] = &[#(Self::#variants),*];

            #[doc = " Returns the value as it is on the wire."]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Unknown(value) => value,
                }
            }
        }

        crate::wire::open_enum!(#ident, [#(#pairs),*]);
    })
}

/// Returns the name of a value's variant.
pub(super) fn variant(name: &str, value: &str) -> Result<Ident, Error> {
    let variant = value.to_upper_camel_case();
    let is_identifier = variant.starts_with(|c: char| c.is_ascii_alphabetic());
    if !is_identifier || variant == "Unknown" {
        return Err(Error::Unexpected(format!(
            "`{value}` of the enum {name} makes no name of a variant; write the type by hand and mark the component `x-wire: true`"
        )));
    }
    Ok(format_ident!("{variant}"))
}
