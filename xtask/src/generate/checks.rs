//! What is checked of a request before it is sent.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::visit::Visit;
use syn::{Ident, TypePath};

use super::client::is_vector;
use super::model::{Model, Origin, Schema};
use super::types::Member;
use crate::schema::Choice;

/// The `Check` impl of a request type.
pub(super) fn write(
    ident: &Ident,
    schema: &Schema<'_>,
    members: &[Member],
    model: &Model<'_>,
) -> TokenStream {
    let local_id = members.iter().find(|member| member.name == "local_id");
    let local_id = local_id.map(|member| {
        let value = if member.is_required {
            quote!(::std::option::Option::Some(&self.local_id))
        } else {
            quote!(self.local_id.as_deref())
        };
        quote! {
            fn local_id(&self) -> ::std::option::Option<&str> {
                #value
            }
        }
    });
    let choice = choice(schema, members);
    let has = schema.is_targeted.then(|| has(schema, members));
    let members = members
        .iter()
        .map(|member| member_checks(schema, member, model));
    let checks = quote!(#choice #(#members)*);
    let now = if checks.to_string().contains("now") {
        quote!(now)
    } else {
        quote!(_)
    };
    quote! {
        impl crate::wire::Check for #ident {
            fn check(
                &self,
                #now: ::jiff::Timestamp,
            ) -> ::std::result::Result<(), crate::wire::Violation> {
                #checks
                ::std::result::Result::Ok(())
            }

            #local_id
            #has
        }
    }
}

/// Whether a member of the choice is set.
fn has(schema: &Schema<'_>, members: &[Member]) -> TokenStream {
    let alternatives = schema.choice().map(|(_, alternatives)| alternatives);
    let keys = alternatives
        .iter()
        .flatten()
        .filter_map(|names| names.first());
    let arms = keys.filter_map(|name| {
        let is_set = is_set(name, members)?;
        Some(quote!(#name => #is_set,))
    });
    quote! {
        fn has(&self, member: &str) -> bool {
            match member {
                #(#arms)*
                _ => false,
            }
        }
    }
}

/// An expression for whether an optional member is set.
fn is_set(name: &str, members: &[Member]) -> Option<TokenStream> {
    let member = members.iter().find(|member| member.name == name)?;
    let ident = &member.ident;
    // An empty list names no target.
    Some(if is_vector(member.inner()) {
        quote!(self.#ident.as_ref().is_some_and(|items| !items.is_empty()))
    } else {
        quote!(self.#ident.is_some())
    })
}

fn choice(schema: &Schema<'_>, members: &[Member]) -> Option<TokenStream> {
    let (choice, alternatives) = schema.choice()?;
    let alternatives = alternatives.iter().map(|names| {
        let names = names.iter().filter_map(|name| {
            let is_set = is_set(name, members)?;
            Some(quote!((#name, #is_set)))
        });
        quote!(&[#(#names),*])
    });
    let check = match choice {
        Choice::ExactlyOne => quote!(exactly_one),
        Choice::AtLeastOne => quote!(at_least_one),
    };
    Some(quote!(crate::wire::#check(&[#(#alternatives),*])?;))
}

fn member_checks(schema: &Schema<'_>, member: &Member, model: &Model<'_>) -> TokenStream {
    let (name, ident) = (&member.name, &member.ident);
    let property = schema.property(name);
    let number = |key: &str| {
        let number = property?.get(key)?.as_u64()?;
        usize::try_from(number).ok()
    };
    let count = if member.is_required {
        quote!(Some(self.#ident.len()))
    } else {
        quote!(self.#ident.as_ref().map(|items| items.len()))
    };
    let length = match (number("minItems"), number("maxItems")) {
        (None, None) => None,
        (least, most) => {
            let least = least.unwrap_or(0);
            let most = most.map_or_else(|| quote!(usize::MAX), |most| quote!(#most));
            Some(quote!(crate::wire::item_count(#name, #count, #least, #most)?;))
        }
    };
    let check = property
        .and_then(|property| property.get("x-check"))
        .and_then(Value::as_str);
    let time = (check == Some("schedule-time")).then(|| {
        if member.is_required {
            quote!(crate::wire::schedule_time(#name, Some(self.#ident), now)?;)
        } else {
            quote!(crate::wire::schedule_time(#name, self.#ident, now)?;)
        }
    });
    let nested = holds_checked(member, model).then(|| {
        quote!(crate::wire::Check::check(&self.#ident, now).map_err(|violation| violation.within(#name))?;)
    });
    quote!(#length #time #nested)
}

/// Whether the type of a member is one with checks of its own, or a collection
/// of such.
fn holds_checked(member: &Member, model: &Model<'_>) -> bool {
    struct Finder<'a> {
        model: &'a Model<'a>,
        found: bool,
    }

    impl Visit<'_> for Finder<'_> {
        fn visit_type_path(&mut self, path: &TypePath) {
            if let Some(last) = path.path.segments.last() {
                let name = last.ident.to_string();
                let is_request =
                    self.model.schemas.get(&name).is_some_and(|schema| {
                        schema.is_request && schema.origin == Origin::Progenitor
                    });
                self.found |=
                    is_request || matches!(name.as_str(), "Address" | "Phone" | "EmailRecipient");
            }
            syn::visit::visit_type_path(self, path);
        }
    }

    let mut finder = Finder {
        model,
        found: false,
    };
    finder.visit_type(&member.ty);
    finder.found
}
