//! The members of a generated struct, with what the spec says of each.

use quote::format_ident;
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
    pub(super) form: Form,
}

/// How a member is read and written: what `wire::object!` calls it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// It is always there.
    Required,
    /// It is always there, as an integer in any notation.
    Integer,
    /// It is always written, and absent where it is `null`.
    Nullable,
    /// It is absent where it is not set.
    Optional,
    /// Its absence is spelled in more ways.
    Lenient,
    /// It holds all other members.
    Rest,
}

impl Form {
    /// Returns the form of a field that progenitor wrote.
    fn of(ty: &Type, is_required: bool, is_request: bool, model: &Model<'_>) -> Self {
        match generic_argument(ty, "Option") {
            Some(ty) if !is_request && has_spellings(ty, model) => Self::Lenient,
            Some(_) if is_required => Self::Nullable,
            Some(_) => Self::Optional,
            None if !is_request && is_integer(ty) => Self::Integer,
            None => Self::Required,
        }
    }

    /// Its name in `wire::object!`, which has none for `Rest`.
    pub(super) fn keyword(self) -> Option<Ident> {
        let keyword = match self {
            Self::Required => "required",
            Self::Integer => "integer",
            Self::Nullable => "nullable",
            Self::Optional => "optional",
            Self::Lenient => "lenient",
            Self::Rest => return None,
        };
        Some(format_ident!("{keyword}"))
    }
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
                format_ident!("{field_name}")
            }
            None => ident,
        };
        field.ident = Some(ident.clone());
        rewrite_attributes(field, &description);
        if ident != name {
            field.attrs.push(syn::parse_quote! {
                #[cfg_attr(feature = "schemars", schemars(rename = #name))]
            });
        }
        let is_required = schema.required().contains(&name.as_str());
        let sensitivity = property
            .get("x-sensitive")
            .and_then(Value::as_str)
            .map(|kind| format_ident!("{}", heck::AsUpperCamelCase(kind).to_string()));
        Ok(Self {
            is_required,
            name,
            ident,
            shown,
            form: Form::of(&field.ty, is_required, schema.is_request, model),
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
    rewrite_attributes(field, description);
    field.attrs.push(syn::parse_quote! {
        #[cfg_attr(feature = "schemars", schemars(flatten))]
    });
    Member {
        name: REST.to_owned(),
        ident,
        shown: REST.to_owned(),
        ty: field.ty.clone(),
        is_required: false,
        description: description.to_owned(),
        sensitivity: Some(format_ident!("Content")),
        form: Form::Rest,
    }
}

/// Replaces the description that progenitor wrote, and removes what it says to serde.
fn rewrite_attributes(field: &mut Field, description: &str) {
    let comment = docs::comment(description);
    let mut attributes: Vec<Attribute> = syn::parse_quote!(#comment);
    let is_kept =
        |attribute: &&Attribute| !attribute.path().is_ident("doc") && !is_serde(attribute);
    attributes.extend(field.attrs.iter().filter(is_kept).cloned());
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
        if !is_serde(attribute) {
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

fn is_serde(attribute: &Attribute) -> bool {
    attribute.path().is_ident("serde")
}

/// Whether a type is spelled in more ways than serde reads: a time as `""`, a reference
/// as `0`, an integer as `7.0`.
fn has_spellings(ty: &Type, model: &Model<'_>) -> bool {
    let is_number = |ty: &Type| is_integer(ty) || model.is_id(ty);
    is_number(ty) || generic_argument(ty, "Vec").is_some_and(is_number) || is_lenient(ty)
}

fn is_integer(ty: &Type) -> bool {
    is_named(ty, "i64")
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
