//! The members of a generated struct, with what the spec says of each.

use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Attribute, Field, Ident, Token, Type};

use super::docs;
use super::model::{Model, Schema};
use super::syntax::{generic_argument, is_named};
use crate::error::Error;
use crate::schema;

/// A field, with what the spec says of its property.
pub(super) struct Member {
    /// The property's name in JSON.
    pub(super) name: String,
    pub(super) ident: Ident,
    /// What the documentation and `Debug` call it.
    pub(super) shown: String,
    pub(super) ty: Type,
    pub(super) is_required: bool,
    pub(super) description: String,
    pub(super) sensitivity: Option<Ident>,
}

impl Member {
    /// The type inside `Option`, or the type itself.
    pub(super) fn inner(&self) -> &Type {
        generic_argument(&self.ty, "Option").unwrap_or(&self.ty)
    }

    /// Reads the member that a field is of, and rewrites the attributes of the
    /// field.
    pub(super) fn rewrite(
        field: &mut Field,
        schema: &Schema<'_>,
        model: &Model<'_>,
    ) -> Result<Self, Error> {
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
        let mut description = property_docs(property, model);
        let mut shown = name.clone();
        let field_name = property.get(schema::RUST_NAME).and_then(Value::as_str);
        let ident = match field_name {
            Some(field_name) => {
                shown = field_name.to_owned();
                description.push_str(&format!("\n\nThe API calls it `{name}`."));
                rename(field, &name, field_name)
            }
            None => ident,
        };
        document(field, &description);
        if !schema.is_request {
            field.attrs.extend(lenient(&field.ty, model));
        }
        let sensitivity = property
            .get("x-sensitive")
            .and_then(Value::as_str)
            .map(|kind| format_ident!("{}", heck::AsUpperCamelCase(kind).to_string()));
        Ok(Self {
            is_required: schema.required().contains(&name.as_str()),
            name,
            ident,
            shown,
            ty: field.ty.clone(),
            description,
            sensitivity,
        })
    }
}

/// What progenitor calls the member that holds all others, where a schema has
/// `additionalProperties: {}`.
const REST: &str = "extra";

/// The member that holds all others. It may hold anything, so it is not shown.
fn rest(field: &mut Field, ident: Ident) -> Member {
    let description = "Members that this version does not know.";
    document(field, description);
    Member {
        name: REST.to_owned(),
        ident,
        shown: REST.to_owned(),
        ty: field.ty.clone(),
        is_required: false,
        description: description.to_owned(),
        sensitivity: Some(format_ident!("Content")),
    }
}

/// Gives a field a name of its own, and keeps that of the property in JSON.
fn rename(field: &mut Field, property: &str, name: &str) -> Ident {
    let ident = format_ident!("{name}");
    field.ident = Some(ident.clone());
    let is_serde = |attribute: &&mut Attribute| attribute.path().is_ident("serde");
    match field.attrs.iter_mut().find(is_serde) {
        Some(attribute) => {
            if let syn::Meta::List(list) = &mut attribute.meta {
                let tokens = &list.tokens;
                list.tokens = quote!(rename = #property, #tokens);
            }
        }
        None => field
            .attrs
            .push(syn::parse_quote!(#[serde(rename = #property)])),
    }
    ident
}

/// Replaces the description that progenitor wrote.
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
    let mut evidence = schema::strings(property.get("x-evidence"));
    if evidence.next() == Some("inferred") && evidence.next().is_none() {
        text.push_str(" Inferred: no source shows it.");
    }
    text
}

/// The name that a field has in JSON, if it differs from the field's.
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

/// How a field of a response is read, if its type is spelled in more ways than
/// serde reads: a time as `""`, a reference as `0`, an integer as `7.0`.
fn lenient(ty: &Type, model: &Model<'_>) -> Option<Attribute> {
    let is_integer = |ty: &Type| is_named(ty, "i64");
    let has_spellings = |ty: &Type| {
        let is_number = |ty: &Type| is_integer(ty) || model.is_id(ty);
        let item = generic_argument(ty, "Vec").filter(|item| is_number(item));
        is_number(ty) || item.is_some() || is_lenient(ty)
    };
    if generic_argument(ty, "Option").is_some_and(has_spellings) {
        Some(syn::parse_quote! {
            #[serde(default, deserialize_with = "crate::wire::optional")]
        })
    } else if is_integer(ty) {
        Some(syn::parse_quote!(#[serde(deserialize_with = "crate::wire::integer")]))
    } else {
        None
    }
}

/// Whether the absence of a type has more than one spelling on the wire: `""`
/// for a time, `0` for a reference.
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
