//! Writes the structs as the crate's types: their documentation, `Debug`, builders
//! and checks.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, ItemStruct, Path, Token};

use super::member::Member;
use super::model::{Model, Origin};
use super::progenitor::JSON_SCHEMA_MARK;
use super::structs::{Struct, Structs};
use super::syntax::{generic_argument, ident};
use super::{builder, checks, docs, examples};
use crate::error::Error;
use crate::formats::FORMATS;

/// Generates the file `types.rs`.
pub(super) fn write(structs: &Structs, model: &Model<'_>) -> Result<TokenStream, Error> {
    let wire = model.of_origin(Origin::Wire).map(|(name, _)| ident(name));
    let open_enums = model
        .of_origin(Origin::OpenEnum)
        .map(|(name, _)| ident(name));
    let formats = FORMATS.iter().filter(|format| format.is_private());
    let formats = formats.map(|format| ident(format.type_name()));
    let ids = model.ids.iter().map(|name| ident(name));
    let mut items = Vec::new();
    for item in structs.iter() {
        items.push(write_struct(item, structs, model)?);
    }
    Ok(quote! {
        //! The types of requests and responses, one for each schema of the spec.

        #![expect(missing_docs, reason = "no source describes some of the members")]

        pub use super::enums::{#(#open_enums),*};
        pub use super::ids::{#(#ids),*};
        pub use crate::wire::{#(#formats,)* #(#wire),*};

        #(#items)*
    })
}

fn write_struct(item: &Struct, structs: &Structs, model: &Model<'_>) -> Result<TokenStream, Error> {
    let (members, mut item) = (&item.members, item.item.clone());
    let name = item.ident.to_string();
    let schema = &model.schemas[&name];
    let hides = members.iter().any(|member| member.sensitivity.is_some());
    let mut text = docs::escape(schema.description());
    if schema.is_request && !schema.is_hidden {
        text.push_str(&examples::of_type(&name, structs, model)?);
    }
    rewrite_attributes(&mut item, &text, |derive| {
        let is_replaced = match derive {
            "Debug" => hides,
            "Deserialize" | "Serialize" => true,
            _ => false,
        };
        !is_replaced
    })?;
    if schema.is_hidden {
        item.attrs.push(syn::parse_quote!(#[doc(hidden)]));
    }
    let object = object(&item.ident, members);
    let debug = hides.then(|| debug_impl(&item.ident, members));
    let of_request = schema.is_request.then(|| {
        let builder = builder::write(&item.ident, schema, members, model);
        let check = checks::write(&item.ident, schema, members, model);
        quote!(#builder #check)
    });
    Ok(quote!(#item #object #debug #of_request))
}

/// Sets the documentation, and those of the derives that are to be kept.
fn rewrite_attributes(
    item: &mut ItemStruct,
    text: &str,
    keeps: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let mut derives: Vec<Path> = Vec::new();
    for attribute in &item.attrs {
        if attribute.path().is_ident("derive") {
            let paths = attribute
                .parse_args_with(syn::punctuated::Punctuated::<Path, Token![,]>::parse_terminated)
                .map_err(|error| Error::Unexpected(format!("a derive: {error}")))?;
            derives.extend(paths);
        }
    }
    derives.retain(|path| {
        let name = path.segments.last().map(|last| last.ident.to_string());
        name.is_some_and(|name| name != JSON_SCHEMA_MARK && keeps(&name))
    });
    let comment = docs::comment(text);
    item.attrs = syn::parse_quote! {
        #comment
        #[derive(#(#derives),*)]
        #[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]
        #[non_exhaustive]
    };
    Ok(())
}

/// How the struct is read from an object and written as one.
fn object(ident: &Ident, members: &[Member]) -> TokenStream {
    let lines = members.iter().map(|member| {
        let (name, field) = (&member.name, &member.ident);
        match member.form.keyword() {
            Some(form) => quote!(#name #field: #form,),
            None => quote!(..#field),
        }
    });
    quote! {
        crate::wire::object::object! {
            #ident { #(#lines)* }
        }
    }
}

fn debug_impl(ident: &Ident, members: &[Member]) -> TokenStream {
    let name = ident.to_string();
    let fields = members.iter().map(|member| {
        let (name, ident) = (&member.shown, &member.ident);
        match &member.sensitivity {
            None => quote!(.field(#name, &self.#ident)),
            Some(kind) if generic_argument(&member.ty, "Option").is_some() => quote! {
                .field(#name, &self.#ident.as_ref().map(|_| crate::wire::Hidden::#kind))
            },
            Some(kind) => quote!(.field(#name, &crate::wire::Hidden::#kind)),
        }
    });
    quote! {
        impl ::std::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#name) #(#fields)* .finish()
            }
        }
    }
}
