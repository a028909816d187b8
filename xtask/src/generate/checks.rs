//! Generates the checks of a request before it is sent.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::visit::Visit;
use syn::{Ident, TypePath};

use super::member::Member;
use super::model::{Model, Origin, Schema};
use super::syntax::is_vector;
use crate::formats;
use crate::schema::Choice;

/// Generates the `Check` impl of a request type.
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
    let of_members: Vec<MemberChecks> = members
        .iter()
        .map(|member| MemberChecks::of(schema, member, model))
        .collect();
    let uses_now = of_members.iter().any(|member| !member.timed.is_empty());
    let now = if uses_now { quote!(now) } else { quote!(_) };
    let checks = of_members
        .iter()
        .map(|MemberChecks { timeless, timed }| quote!(#timeless #timed));
    quote! {
        impl crate::wire::Check for #ident {
            fn check(
                &self,
                #now: ::jiff::Timestamp,
            ) -> ::std::result::Result<(), crate::wire::Violation> {
                #choice
                #(#checks)*
                ::std::result::Result::Ok(())
            }

            #local_id
            #has
        }
    }
}

/// Generates the question whether a member of the choice is set.
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

/// Returns an expression for whether an optional member is set.
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

/// The checks of one member.
struct MemberChecks {
    /// The checks that need no time.
    timeless: TokenStream,
    /// The checks that need the current time.
    timed: TokenStream,
}

impl MemberChecks {
    fn of(schema: &Schema<'_>, member: &Member, model: &Model<'_>) -> Self {
        let (name, ident) = (&member.name, &member.ident);
        let property = schema.property(name);
        let check = property
            .and_then(|property| property.get("x-check"))
            .and_then(Value::as_str);
        let time = (check == Some("schedule-time")).then(|| {
            let value = if member.is_required {
                quote!(Some(self.#ident))
            } else {
                quote!(self.#ident)
            };
            quote!(crate::wire::schedule_time(#name, #value, now)?;)
        });
        let nested = holds_checked(member, model).then(|| {
            quote! {
                crate::wire::Check::check(&self.#ident, now)
                    .map_err(|violation| violation.within(#name))?;
            }
        });
        Self {
            timeless: item_count(property, member).unwrap_or_default(),
            timed: quote!(#time #nested),
        }
    }
}

/// Generates the check of the number of items.
fn item_count(property: Option<&Value>, member: &Member) -> Option<TokenStream> {
    let (name, ident) = (&member.name, &member.ident);
    let number = |key: &str| {
        let number = property?.get(key)?.as_u64()?;
        usize::try_from(number).ok()
    };
    let (least, most) = (number("minItems"), number("maxItems"));
    if (least, most) == (None, None) {
        return None;
    }
    let count = if member.is_required {
        quote!(Some(self.#ident.len()))
    } else {
        quote!(self.#ident.as_ref().map(|items| items.len()))
    };
    let least = least.unwrap_or(0);
    let most = most.map_or_else(|| quote!(usize::MAX), |most| quote!(#most));
    Some(quote!(crate::wire::item_count(#name, #count, #least, #most)?;))
}

/// Returns whether the type of a member checks itself, or is a collection of
/// such types.
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
                self.found |= is_request || formats::of_type(&name).is_some();
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
