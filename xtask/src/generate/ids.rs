//! Generates the types of IDs, one for each name that `x-id` has.

use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;
use quote::quote;

use super::model::Model;
use super::syntax::ident;

/// Generates the file `ids.rs`.
pub(super) fn write(model: &Model<'_>) -> TokenStream {
    let ids = model.ids.iter().map(|name| {
        let (ident, of) = (ident(name), of(name));
        quote!(crate::wire::id!(#ident, #of);)
    });
    quote! {
        //! The types of IDs.

        #(#ids)*
    }
}

/// Returns what an ID is of, with its article: `an inbox` for `InboxId`.
fn of(name: &str) -> String {
    let noun = name.strip_suffix("Id").unwrap_or(name).to_snake_case();
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {}", noun.replace('_', " "))
}
