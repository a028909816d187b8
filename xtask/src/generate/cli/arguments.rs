//! Derives the arguments of a command from the parameters and the body of its
//! operation.

use heck::ToKebabCase as _;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;

use super::names;
use super::text::plain;
use crate::error::Error;
use crate::generate::model::Model;
use crate::operation::Operation;
use crate::schema;

/// An argument: a flag, or the positional of a path parameter.
pub(super) struct Argument {
    pub(super) flag: String,
    /// The API's name, where it differs from the flag.
    alias: Option<String>,
    pub(super) place: Place,
    pub(super) kind: Kind,
    is_many: bool,
    pub(super) is_required: bool,
    pub(super) help: String,
    /// The example of a parameter.
    pub(super) example: Option<Value>,
}

pub(super) enum Place {
    Path(String),
    Query(String),
    Member(Vec<String>),
}

#[derive(PartialEq)]
pub(super) enum Kind {
    Integer,
    /// An ID or a name: a variant of `Entity`.
    Named(&'static str),
    Boolean,
    Text,
    /// A text that may also come from a file.
    LongText,
    Phone,
    /// A phone number or an email address.
    Address,
    Time,
    FutureTime,
    Enum(Vec<String>),
    Json,
}

impl Argument {
    /// Returns the flag, if the argument is this member of the body.
    pub(super) fn flag_of(&self, member: &str) -> Option<String> {
        match &self.place {
            Place::Member(path) if path.as_slice() == [member] => Some(self.flag.clone()),
            _ => None,
        }
    }
}

/// Returns the arguments of an operation, in the order of the spec.
pub(super) fn read(
    document: &Value,
    model: &Model<'_>,
    resource: &str,
    operation: &Operation<'_>,
) -> Result<Vec<Argument>, Error> {
    let mut arguments: Vec<Argument> = operation
        .parameters()
        .map(|parameter| of_parameter(document, resource, parameter))
        .collect();
    if let Some(request) = model.request_schema(operation) {
        // The client generates one for operations that create or send.
        let mints = matches!(operation.text("x-safety"), "keyed" | "unsafe");
        let is_minted = |name: &str| mints && name == "local_id";
        for (name, property) in schema::object(request.value.get("properties")) {
            let is_required = request.required().contains(&name.as_str()) && !is_minted(name);
            let resolved = schema::resolve(document, property);
            let is_nested = resolved.get("properties").is_some()
                && !schema::flag(resolved, "x-wire")
                && resolved.get("additionalProperties").is_none();
            if !is_nested {
                let path = vec![name.clone()];
                arguments.push(of_member(document, model, path, property, is_required));
                continue;
            }
            let required: Vec<_> = schema::strings(resolved.get("required")).collect();
            for (member, property) in schema::object(resolved.get("properties")) {
                let is_required = is_required && required.contains(&member.as_str());
                let path = vec![name.clone(), member.clone()];
                arguments.push(of_member(document, model, path, property, is_required));
            }
        }
    }
    disambiguate(&mut arguments);
    check(operation, &arguments)?;
    Ok(arguments)
}

/// Prefixes the flag of a nested member with its parent if the flag is not unique,
/// and removes aliases that mean something else.
fn disambiguate(arguments: &mut [Argument]) {
    let flags: Vec<String> = arguments.iter().map(|a| a.flag.clone()).collect();
    for argument in arguments.iter_mut() {
        let is_shared = flags.iter().filter(|flag| **flag == argument.flag).count() > 1;
        if let Place::Member(path) = &argument.place
            && let [outer, _] = path.as_slice()
            && is_shared
        {
            argument.flag = format!("{}-{}", outer.to_kebab_case(), argument.flag);
        }
    }
    let flags: Vec<String> = arguments.iter().map(|a| a.flag.clone()).collect();
    for argument in arguments {
        argument
            .alias
            .take_if(|alias| flags.contains(alias) || names::is_taken(alias));
    }
}

fn check(operation: &Operation<'_>, arguments: &[Argument]) -> Result<(), Error> {
    let flags = arguments
        .iter()
        .filter(|argument| !matches!(argument.place, Place::Path(_)));
    let mut seen = Vec::new();
    for argument in flags {
        let flag = &argument.flag;
        if names::is_taken(flag) || seen.contains(&flag) {
            return Err(Error::Unexpected(format!(
                "the command of {}: `--{flag}` already has another meaning; give the property \
                 an `x-flag`",
                operation.name()
            )));
        }
        seen.push(flag);
    }
    Ok(())
}

fn of_parameter(document: &Value, resource: &str, parameter: &Value) -> Argument {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or("");
    let name = text("name");
    let empty = Value::Null;
    let schema = parameter.get("schema").unwrap_or(&empty);
    let (kind, is_many) = kind(document, schema);
    let is_integer = matches!(kind, Kind::Integer);
    let place = match text("in") {
        "path" => Place::Path(name.to_owned()),
        _ => Place::Query(name.to_owned()),
    };
    let flag = match parameter.get("x-flag").and_then(Value::as_str) {
        Some(flag) => flag.to_owned(),
        None if matches!(place, Place::Path(_)) => name.to_kebab_case(),
        None => names::flag(name, is_integer),
    };
    let alias = Some(name.to_kebab_case()).filter(|alias| *alias != flag);
    let entity = match place {
        Place::Path(_) => names::entity_of_path(resource),
        _ => names::entity(&flag),
    };
    Argument {
        alias,
        flag,
        place,
        kind: named(kind, entity),
        is_many,
        example: parameter.get("example").cloned(),
        is_required: schema::flag(parameter, "required"),
        help: plain(text("description")),
    }
}

fn of_member(
    document: &Value,
    model: &Model<'_>,
    path: Vec<String>,
    property: &Value,
    is_required: bool,
) -> Argument {
    let name = path.last().map_or("", String::as_str);
    let (kind, is_many) = kind(document, property);
    let check = property.get("x-check").and_then(Value::as_str);
    let kind = match kind {
        Kind::Time if check == Some("schedule-time") => Kind::FutureTime,
        kind => kind,
    };
    let flag = match property.get("x-flag").and_then(Value::as_str) {
        Some(flag) => flag.to_owned(),
        None => names::flag(name, matches!(kind, Kind::Integer)),
    };
    let kind = match kind {
        Kind::Text if matches!(flag.as_str(), "text" | "raw-text") => Kind::LongText,
        kind => named(kind, names::entity(&flag)),
    };
    Argument {
        alias: Some(name.to_kebab_case()).filter(|alias| *alias != flag),
        flag,
        kind,
        example: None,
        is_many,
        is_required,
        help: plain(model.property_description(property)),
        place: Place::Member(path),
    }
}

/// Lets a name stand for a number that identifies something.
fn named(kind: Kind, entity: Option<&'static str>) -> Kind {
    match (kind, entity) {
        (Kind::Integer, Some(entity)) => Kind::Named(entity),
        (kind, _) => kind,
    }
}

/// Returns the kind of a value, and whether it is a list.
fn kind(document: &Value, schema: &Value) -> (Kind, bool) {
    let schema = schema::resolve(document, schema);
    if schema.get("type").and_then(Value::as_str) == Some("array")
        && let Some(items) = schema.get("items")
    {
        return match scalar(schema::resolve(document, items)) {
            Kind::Json => (Kind::Json, false),
            kind => (kind, true),
        };
    }
    (scalar(schema), false)
}

fn scalar(schema: &Value) -> Kind {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or("");
    let values: Vec<String> = schema::strings(schema.get("enum"))
        .map(str::to_owned)
        .collect();
    match (text("type"), text("format")) {
        ("string", _) if !values.is_empty() => Kind::Enum(values),
        ("string", "phone") => Kind::Phone,
        ("string", "address") => Kind::Address,
        ("string", "date-time") => Kind::Time,
        ("string", _) => Kind::Text,
        ("integer", _) => Kind::Integer,
        ("boolean", _) => Kind::Boolean,
        _ => Kind::Json,
    }
}

impl ToTokens for Argument {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            flag,
            place,
            kind,
            is_many,
            is_required,
            help,
            ..
        } = self;
        let alias = match &self.alias {
            Some(alias) => quote!(Some(#alias)),
            None => quote!(None),
        };
        let place = match place {
            Place::Path(name) => quote!(Place::Path(#name)),
            Place::Query(name) => quote!(Place::Query(#name)),
            Place::Member(path) => quote!(Place::Member(&[#(#path),*])),
        };
        let kind = match kind {
            Kind::Integer => quote!(Kind::Integer),
            Kind::Boolean => quote!(Kind::Boolean),
            Kind::Named(entity) => {
                let entity = format_ident!("{entity}");
                quote!(Kind::Named(Entity::#entity))
            }
            Kind::Text => quote!(Kind::Text),
            Kind::LongText => quote!(Kind::LongText),
            Kind::Address => quote!(Kind::Address),
            Kind::Phone => quote!(Kind::Phone),
            Kind::Time => quote!(Kind::Time),
            Kind::FutureTime => quote!(Kind::FutureTime),
            Kind::Enum(values) => quote!(Kind::Enum(&[#(#values),*])),
            Kind::Json => quote!(Kind::Json),
        };
        tokens.extend(quote! {
            Argument {
                flag: #flag,
                alias: #alias,
                place: #place,
                kind: #kind,
                is_many: #is_many,
                is_required: #is_required,
                help: #help,
            }
        });
    }
}
