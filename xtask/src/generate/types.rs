//! Rewrites the structs that progenitor writes into the crate's types.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Attribute, Field, Fields, Ident, Item, ItemStruct, Path, Token, Type};

use super::model::{Model, Origin, Schema};
use super::progenitor::JSON_SCHEMA_MARK;
use super::{checks, docs};
use crate::error::Error;

/// The file `types.rs`.
pub(super) fn write(items: Vec<Item>, model: &Model<'_>) -> Result<TokenStream, Error> {
    let wire = model.of_origin(Origin::Wire).map(|(name, _)| ident(name));
    let open_enums = model
        .of_origin(Origin::OpenEnum)
        .map(|(name, _)| ident(name));
    let mut structs = Vec::new();
    for item in items {
        match item {
            Item::Struct(item) => structs.push(rewrite(item, model)?),
            // Conversion errors of constrained newtypes: there are none.
            Item::Mod(_) => {}
            other => {
                let text = quote!(#other).to_string();
                let start: String = text.chars().take(120).collect();
                return Err(Error::Unexpected(format!(
                    "a type that is not a struct: {start}; mark its component `x-open-enum` \
                     or `x-wire`, or make it an object"
                )));
            }
        }
    }
    Ok(quote! {
        //! The types of requests and responses, one for each schema of the spec.

        #![expect(missing_docs, reason = "no source describes some of the members")]

        pub use super::enums::{#(#open_enums),*};
        pub use crate::wire::{Address, EmailRecipient, Phone, #(#wire),*};

        #(#structs)*
    })
}

fn rewrite(mut item: ItemStruct, model: &Model<'_>) -> Result<TokenStream, Error> {
    let name = item.ident.to_string();
    let schema = model.schemas.get(&name).ok_or_else(|| {
        Error::Unexpected(format!("the type {name} is of no component of the spec"))
    })?;
    let Fields::Named(fields) = &mut item.fields else {
        return Err(Error::Unexpected(format!(
            "the type {name} is not an object: mark its component `x-wire: true`"
        )));
    };
    let mut members = Vec::new();
    for field in &mut fields.named {
        members.push(rewrite_field(field, schema, model)?);
    }
    let hides = members.iter().any(|member| member.sensitivity.is_some());
    rewrite_attributes(&mut item, schema, hides)?;

    let debug = hides.then(|| debug_impl(&item.ident, &members));
    let builder = schema
        .is_request
        .then(|| builder_impl(&item.ident, schema, &members));
    let check = schema
        .is_request
        .then(|| checks::write(&item.ident, schema, &members, model));
    Ok(quote!(#item #debug #builder #check))
}

/// A field, with what the spec says of its property.
pub(super) struct Member {
    /// The property's name in JSON.
    pub(super) name: String,
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) is_required: bool,
    description: String,
    sensitivity: Option<Ident>,
}

impl Member {
    /// The type inside `Option`, or the type itself.
    pub(super) fn inner(&self) -> &Type {
        generic_argument(&self.ty, "Option").unwrap_or(&self.ty)
    }
}

fn rewrite_field(
    field: &mut Field,
    schema: &Schema<'_>,
    model: &Model<'_>,
) -> Result<Member, Error> {
    let ident = field
        .ident
        .clone()
        .ok_or_else(|| Error::Unexpected("a field without a name".to_owned()))?;
    let name = renamed(field)?.unwrap_or_else(|| ident.to_string());
    if name == REST {
        return Ok(rest(field, ident));
    }
    let property = schema.property(&name).ok_or_else(|| {
        Error::Unexpected(format!("the field {name} is of no property of the spec"))
    })?;
    let description = property_docs(property, model);
    document(field, &description);
    let is_optional = generic_argument(&field.ty, "Option").is_some_and(is_lenient);
    if is_optional && !schema.is_request {
        field.attrs.push(syn::parse_quote! {
            #[serde(default, deserialize_with = "crate::wire::optional")]
        });
    }
    let sensitivity = property
        .get("x-sensitive")
        .and_then(Value::as_str)
        .map(|kind| format_ident!("{}", heck::AsUpperCamelCase(kind).to_string()));
    Ok(Member {
        is_required: schema.required().contains(&name.as_str()),
        name,
        ident,
        ty: field.ty.clone(),
        description,
        sensitivity,
    })
}

/// What progenitor calls the member that holds all others, where a schema has
/// `additionalProperties: {}`.
const REST: &str = "extra";

/// The member that holds all others. Nobody knows what is in it, so it is not
/// shown.
fn rest(field: &mut Field, ident: Ident) -> Member {
    let description = "Members that this version does not know.";
    document(field, description);
    Member {
        name: REST.to_owned(),
        ident,
        ty: field.ty.clone(),
        is_required: false,
        description: description.to_owned(),
        sensitivity: Some(format_ident!("Content")),
    }
}

/// Puts a description in the place of what progenitor wrote.
fn document(field: &mut Field, description: &str) {
    let comment = docs::comment(description);
    let mut attributes: Vec<Attribute> = syn::parse_quote!(#comment);
    let others = field
        .attrs
        .iter()
        .filter(|attribute| !attribute.path().is_ident("doc"));
    attributes.extend(others.cloned());
    field.attrs = attributes;
}

fn property_docs(property: &Value, model: &Model<'_>) -> String {
    let mut text = docs::escape(model.property_description(property));
    let mut evidence = crate::schema::strings(property.get("x-evidence"));
    if evidence.next() == Some("inferred") && evidence.next().is_none() {
        text.push_str(" Inferred: no source shows it.");
    }
    text
}

/// The name that a field has in JSON, if it is not its own.
fn renamed(field: &Field) -> Result<Option<String>, Error> {
    let mut name = None;
    for attribute in &field.attrs {
        if !attribute.path().is_ident("serde") {
            continue;
        }
        attribute
            .parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
                } else if meta.input.peek(Token![=]) {
                    meta.value()?.parse::<syn::Expr>()?;
                }
                Ok(())
            })
            .map_err(|error| Error::Unexpected(format!("a serde attribute: {error}")))?;
    }
    Ok(name)
}

/// Types whose absence has more than one spelling on the wire: `""` for a
/// time, `0` for a reference.
fn is_lenient(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let mut segments = path
        .path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string());
    matches!(
        (segments.next().as_deref(), segments.next().as_deref()),
        (Some("jiff"), Some("Timestamp")) | (Some("crate"), Some("wire"))
    )
}

/// `T` of a type `wrapper<T>`.
fn generic_argument<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    if segment.ident != wrapper {
        return None;
    }
    match &segment.arguments {
        syn::PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

/// The derives, without the marker and without a `Debug` that would show
/// something sensitive; the documentation from the spec.
fn rewrite_attributes(
    item: &mut ItemStruct,
    schema: &Schema<'_>,
    hides: bool,
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
        let is_replaced = hides && path.is_ident("Debug");
        !path.is_ident(JSON_SCHEMA_MARK) && !is_replaced
    });
    let comment = docs::comment(&docs::escape(schema.description()));
    item.attrs = syn::parse_quote! {
        #comment
        #[derive(#(#derives),*)]
        #[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]
        #[non_exhaustive]
    };
    Ok(())
}

fn debug_impl(ident: &Ident, members: &[Member]) -> TokenStream {
    let name = ident.to_string();
    let fields = members.iter().map(|member| {
        let (name, ident) = (&member.name, &member.ident);
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

/// `new` with the required members, and a setter for each optional one.
fn builder_impl(ident: &Ident, schema: &Schema<'_>, members: &[Member]) -> TokenStream {
    let required: Vec<&Member> = schema
        .required()
        .into_iter()
        .filter_map(|name| members.iter().find(|member| member.name == name))
        .collect();
    let arguments = required.iter().map(|member| {
        let (ident, argument) = (&member.ident, Argument::of(&member.ty));
        let ty = &argument.ty;
        quote!(#ident: #ty)
    });
    let values = members.iter().map(|member| {
        let ident = &member.ident;
        if member.is_required {
            match Argument::of(&member.ty).convert(ident) {
                None => quote!(#ident),
                Some(value) => quote!(#ident: #value),
            }
        } else {
            quote!(#ident: ::std::default::Default::default())
        }
    });
    let new_docs = docs::comment(&new_docs(&required));
    let default_impl = required.is_empty();
    let new = if default_impl {
        quote! {
            #[doc = " A request with nothing set."]
            pub fn new() -> Self { Self::default() }
        }
    } else {
        quote! {
            #new_docs
            pub fn new(#(#arguments),*) -> Self { Self { #(#values),* } }
        }
    };
    let setters = members
        .iter()
        .filter(|member| !member.is_required)
        .map(setter);
    quote! {
        impl #ident {
            #new
            #(#setters)*
        }
    }
}

fn new_docs(required: &[&Member]) -> String {
    let mut text = "A request with its required members.\n".to_owned();
    for member in required {
        let first = member.description.split("\n\n").next().unwrap_or("");
        text.push_str(&format!(
            "\n- `{}`: {}",
            member.name,
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

/// How a caller hands over a value of a type.
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
        Self {
            ty: quote!(#ty),
            conversion: Conversion::None,
        }
    }

    /// The argument as a value of the type, if it is not one already.
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

/// The type of the values, if a type is a map.
fn map_value(ty: &Type) -> Option<Type> {
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

/// Types that are made from others: text, open enums and wire types, and free
/// JSON.
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

pub(super) fn ident(name: &str) -> Ident {
    format_ident!("{name}")
}
