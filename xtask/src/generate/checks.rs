//! What is checked of a request before it is sent.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::model::Schema;
use super::types::Member;

/// The `Check` impl of a request type.
pub(super) fn write(ident: &Ident, schema: &Schema<'_>, members: &[Member]) -> TokenStream {
    let choice = schema.choice();
    let alternatives = choice.iter().map(|names| {
        let names = names.iter().filter_map(|name| {
            let member = members.iter().find(|member| member.name == *name)?;
            let ident = &member.ident;
            Some(quote!((#name, self.#ident.is_some())))
        });
        quote!(&[#(#names),*])
    });
    let choice =
        (!choice.is_empty()).then(|| quote!(crate::wire::exactly_one(&[#(#alternatives),*])?;));
    quote! {
        impl crate::wire::Check for #ident {
            fn check(&self) -> ::std::result::Result<(), crate::wire::Violation> {
                #choice
                ::std::result::Result::Ok(())
            }
        }
    }
}
