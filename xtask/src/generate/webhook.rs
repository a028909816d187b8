//! Generates the data of webhook events: how the data of each type is read, written
//! and shown, and how its duplicates are recognized.

use std::collections::BTreeMap;

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::Ident;

use super::docs;
use super::enums;
use crate::error::Error;
use crate::schema;
use crate::webhooks;

/// The open enum of the event types.
const EVENT_TYPE: &str = "WebhookEventType";

/// An event type of the spec.
struct Event<'a> {
    /// Its variant of the enum of the types.
    event_type: Ident,
    /// Its variant of `EventData`.
    variant: Ident,
    description: &'a str,
    /// The component that its data is, or free JSON.
    component: Option<&'a str>,
    class: Ident,
    topic: &'a str,
}

impl<'a> Event<'a> {
    fn read(name: &'a str, webhook: &'a Value) -> Result<Self, Error> {
        let event = webhook.get(webhooks::EVENT);
        let text = |key: &str| event?.get(key)?.as_str();
        let required = |key: &str| {
            text(key).ok_or_else(|| Error::Unexpected(format!("the webhook {name} has no {key}")))
        };
        let description = webhook.get("description").and_then(Value::as_str);
        Ok(Self {
            event_type: enums::variant(EVENT_TYPE, name)?,
            variant: format_ident!("{}", required("variant")?),
            description: description.unwrap_or_default(),
            component: webhooks::data_schema(webhook).and_then(schema::reference),
            class: format_ident!("{}", required("dedupe")?.to_upper_camel_case()),
            topic: text("topic").unwrap_or(name),
        })
    }

    fn declaration(&self) -> TokenStream {
        let comment = docs::comment(&docs::escape(self.description));
        let variant = &self.variant;
        let data = match self.component.map(super::syntax::ident) {
            Some(component) => quote!(Box<types::#component>),
            None => quote!(Value),
        };
        quote!(#comment #variant(#data))
    }

    /// How data of a component is read.
    fn reading(&self) -> Option<TokenStream> {
        let (event_type, variant) = (&self.event_type, &self.variant);
        self.component.map(|_| {
            quote! {
                WebhookEventType::#event_type => {
                    Box::deserialize(deserializer).map(Self::#variant)
                }
            }
        })
    }

    /// How free JSON becomes data.
    fn converting(&self) -> Option<TokenStream> {
        let (event_type, variant) = (&self.event_type, &self.variant);
        let is_free = self.component.is_none();
        is_free.then(|| quote!(WebhookEventType::#event_type => Self::#variant(json)))
    }

    /// Free JSON may hold anything, so it is not shown.
    fn debugging(&self) -> TokenStream {
        let variant = &self.variant;
        let name = variant.to_string();
        match self.component {
            Some(_) => quote!(Self::#variant(data) => f.debug_tuple(#name).field(data).finish()),
            None => quote!(Self::#variant(_) => hidden(f, #name)),
        }
    }

    fn deduping(&self) -> TokenStream {
        let (event_type, class, topic) = (&self.event_type, &self.class, self.topic);
        quote! {
            WebhookEventType::#event_type => {
                Dedupe { class: DedupeClass::#class, topic: #topic }
            }
        }
    }
}

/// Generates the file `webhook.rs`.
pub(super) fn write(document: &Value) -> Result<TokenStream, Error> {
    let events = webhooks::all(document)
        .map(|(name, webhook)| Event::read(name, webhook))
        .collect::<Result<Vec<_>, Error>>()?;
    let (data, impls, dedupe) = (data(&events), impls(&events), dedupe(&events));
    Ok(quote! {
        //! The data of webhook events, one variant for each type of the spec.

        use std::fmt;

        use ::serde::{Deserialize, Deserializer, Serialize, Serializer};
        use ::serde_json::Value;

        use super::types::{self, WebhookEventType};
        use crate::webhook::{Dedupe, DedupeClass};
        use crate::wire::Hidden;

        #data
        #impls
        #dedupe
    })
}

/// Generates the enum `EventData`, and how it is read.
fn data(events: &[Event<'_>]) -> TokenStream {
    let declarations = events.iter().map(Event::declaration);
    let readings = events.iter().filter_map(Event::reading);
    let conversions = events.iter().filter_map(Event::converting);
    let accessors = accessors(events);
    quote! {
        #[doc = " The data of an event. Its serialized form is that of a delivery; an"]
        #[doc = " [`Event`](crate::webhook::Event) says which type it has."]
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum EventData {
            #(#declarations,)*
            #[doc = " An event of a type that this version does not know, or whose data does not"]
            #[doc = " have the shape of its type: the JSON as delivered."]
            Unknown(Value),
        }

        impl EventData {
            #[doc = " Reads the data of an event type, which must have its shape."]
            pub(crate) fn of_type<'de, D: Deserializer<'de>>(
                event_type: &WebhookEventType,
                deserializer: D,
            ) -> Result<Self, D::Error> {
                match event_type {
                    #(#readings,)*
                    _ => Value::deserialize(deserializer)
                        .map(|json| Self::of_free_json(event_type, json)),
                }
            }

            #[doc = " Returns data of an event type that has another shape, or none."]
            pub(crate) fn of_free_json(event_type: &WebhookEventType, json: Value) -> Self {
                match event_type {
                    #(#conversions,)*
                    _ => Self::Unknown(json),
                }
            }

            #(#accessors)*
        }
    }
}

/// Generates how `EventData` is written and shown.
fn impls(events: &[Event<'_>]) -> TokenStream {
    let variants = events.iter().map(|event| &event.variant);
    let debuggings = events.iter().map(Event::debugging);
    quote! {
        impl Serialize for EventData {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    #(Self::#variants(data) => data.serialize(serializer),)*
                    Self::Unknown(data) => data.serialize(serializer),
                }
            }
        }

        impl fmt::Debug for EventData {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    #(#debuggings,)*
                    Self::Unknown(_) => hidden(f, "Unknown"),
                }
            }
        }

        #[doc = " Shows the name of a variant alone: free JSON may hold anything."]
        fn hidden(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
            f.debug_tuple(name).field(&Hidden::Content).finish()
        }
    }
}

/// Generates how the duplicates of each type are recognized.
fn dedupe(events: &[Event<'_>]) -> TokenStream {
    let dedupings = events.iter().map(Event::deduping);
    quote! {
        #[doc = " Returns how the duplicates of an event type are recognized; `None` for a type"]
        #[doc = " that this version does not know."]
        pub(crate) fn dedupe(event_type: &WebhookEventType) -> Option<Dedupe> {
            Some(match event_type {
                #(#dedupings)*
                WebhookEventType::Unknown(_) => return None,
            })
        }
    }
}

/// Generates a method for each component that is the data of an event.
fn accessors(events: &[Event<'_>]) -> Vec<TokenStream> {
    let mut variants: BTreeMap<&str, Vec<&Ident>> = BTreeMap::new();
    for event in events {
        if let Some(component) = event.component {
            variants.entry(component).or_default().push(&event.variant);
        }
    }
    let accessors = variants.into_iter().map(|(component, variants)| {
        let noun = component.to_snake_case();
        let comment = docs::comment(&format!(
            "Returns the {}, if the event is about one.",
            noun.replace('_', " ")
        ));
        let (name, ty) = (format_ident!("{noun}"), format_ident!("{component}"));
        quote! {
            #comment
            #[must_use]
            pub fn #name(&self) -> Option<&types::#ty> {
                match self {
                    #(Self::#variants(data))|* => Some(data),
                    _ => None,
                }
            }
        }
    });
    accessors.collect()
}
