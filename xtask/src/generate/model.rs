//! The parts of the document that codegen reads beside progenitor.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase as _;
use serde_json::Value;
use syn::{Ident, Type};

use super::syntax::{ident, type_name};
use crate::examples;
use crate::operation::{self, Operation};
use crate::schema::{self, Choice, SHORTCUT};
use crate::webhooks;

/// The parts of a document that codegen reads.
pub(super) struct Model<'a> {
    pub(super) operations: Vec<Operation<'a>>,
    pub(super) schemas: BTreeMap<String, Schema<'a>>,
    /// The types of IDs that `x-id` names.
    pub(super) ids: BTreeSet<&'a str>,
    /// An example of each component that occurs in the example of a request.
    pub(super) examples: BTreeMap<&'a str, &'a Value>,
}

/// A component schema.
pub(super) struct Schema<'a> {
    pub(super) value: &'a Value,
    /// What writes its type.
    pub(super) origin: Origin,
    /// Whether a caller builds it: it is in a request and in no response.
    pub(super) is_request: bool,
    /// Whether it is in requests of methods that are written by hand only. Its type
    /// is not shown.
    pub(super) is_hidden: bool,
    /// Whether the safety of an operation depends on which of its members are
    /// set.
    pub(super) is_targeted: bool,
}

/// What writes the type of a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// progenitor.
    Progenitor,
    /// Codegen: it is an `x-open-enum`.
    OpenEnum,
    /// A person: it is an `x-wire` type.
    Wire,
}

impl<'a> Model<'a> {
    pub(super) fn read(document: &'a Value) -> Self {
        let operations = operation::operations(document);
        let webhooks = webhooks::schemas(document).into_iter().map(Some);
        let answers = operations.iter().map(Operation::success_schema);
        let responses = reachable(document, answers.chain(webhooks));
        let requests = reachable(document, operations.iter().map(Operation::request_schema));
        let has_shortcut = |operation: &&Operation<'_>| operation.value.get(SHORTCUT).is_some();
        let seen = operations.iter().filter(|it| !has_shortcut(it));
        let seen = reachable(document, seen.map(Operation::request_schema));
        let targeted: BTreeSet<&str> = operations
            .iter()
            .filter(|operation| operation.value.get(schema::SAFETY_BY_TARGET).is_some())
            .filter_map(|operation| {
                schema::reference(document.pointer(&operation.request_schema()?)?)
            })
            .collect();
        let schemas = schema::components(document)
            .map(|(name, value)| {
                let origin = if schema::flag(value, "x-wire") {
                    Origin::Wire
                } else if schema::flag(value, "x-open-enum") {
                    Origin::OpenEnum
                } else {
                    Origin::Progenitor
                };
                let pointer = format!("/components/schemas/{name}");
                let schema = Schema {
                    value,
                    origin,
                    is_request: requests.contains(&pointer) && !responses.contains(&pointer),
                    is_hidden: !seen.contains(&pointer) && !responses.contains(&pointer),
                    is_targeted: targeted.contains(name.as_str()),
                };
                (name.clone(), schema)
            })
            .filter(|(name, _)| {
                let pointer = format!("/components/schemas/{name}");
                // The schemas of error bodies are for readers of the spec.
                responses.contains(&pointer) || requests.contains(&pointer)
            })
            .collect();
        let mut ids = BTreeSet::new();
        collect_ids(document, &mut ids);
        Self {
            examples: examples::of_requests(document, &operations),
            ids,
            operations,
            schemas,
        }
    }

    pub(super) fn of_origin(&self, origin: Origin) -> impl Iterator<Item = (&str, &Schema<'a>)> {
        self.schemas
            .iter()
            .filter(move |(_, schema)| schema.origin == origin)
            .map(|(name, schema)| (name.as_str(), schema))
    }

    /// Returns whether a type is that of an ID.
    pub(super) fn is_id(&self, ty: &Type) -> bool {
        type_name(ty).is_some_and(|name| self.ids.contains(name.as_str()))
    }

    /// Returns the component of an operation's request body.
    pub(super) fn request_schema(&self, operation: &Operation<'_>) -> Option<&Schema<'a>> {
        let body = operation
            .value
            .pointer("/requestBody/content/application~1json/schema")?;
        self.schemas.get(schema::reference(body)?)
    }

    /// Returns whether an operation's request body has a `local_id`.
    pub(super) fn has_local_id(&self, operation: &Operation<'_>) -> bool {
        let request = self.request_schema(operation);
        request.is_some_and(|request| request.property("local_id").is_some())
    }

    /// Returns the description of a property, or else of the schema it refers to.
    pub(super) fn property_description(&self, property: &'a Value) -> &'a str {
        description(property).unwrap_or_else(|| {
            schema::reference(property)
                .and_then(|name| self.schemas.get(name))
                .and_then(|schema| description(schema.value))
                .unwrap_or("")
        })
    }

    /// Returns the names of all properties that `x-sensitive` marks.
    pub(super) fn sensitive_properties(&self) -> BTreeSet<&'a str> {
        let mut names = BTreeSet::new();
        for schema in self.schemas.values() {
            collect_sensitive(schema.value, &mut names);
        }
        names
    }
}

impl<'a> Schema<'a> {
    pub(super) fn description(&self) -> &'a str {
        description(self.value).unwrap_or("")
    }

    pub(super) fn property(&self, name: &str) -> Option<&'a Value> {
        self.value.get("properties")?.get(name)
    }

    /// Returns the required members, in the order of the spec.
    pub(super) fn required(&self) -> Vec<&'a str> {
        schema::strings(self.value.get("required")).collect()
    }

    /// Returns the choice between members, and the members that each alternative
    /// requires.
    pub(super) fn choice(&self) -> Option<(Choice, Vec<Vec<&'a str>>)> {
        let (choice, alternatives) = Choice::of(self.value)?;
        let required = |item: &'a Value| schema::strings(item.get("required")).collect();
        Some((choice, alternatives.iter().map(required).collect()))
    }
}

/// Returns the field of a property.
pub(super) fn field(name: &str, property: &Value) -> Ident {
    let renamed = property.get(schema::RUST_NAME).and_then(Value::as_str);
    match renamed {
        Some(renamed) => ident(renamed),
        None => ident(&name.to_snake_case()),
    }
}

fn description(value: &Value) -> Option<&str> {
    value.get("description").and_then(Value::as_str)
}

/// Returns the pointers of all schemas that are reachable from some.
fn reachable(document: &Value, roots: impl Iterator<Item = Option<String>>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for root in roots.flatten() {
        schema::visit(document, &root, &mut seen, &mut |_, _| {});
    }
    seen
}

fn collect_ids<'a>(value: &'a Value, ids: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            ids.extend(members.get(schema::ID).and_then(Value::as_str));
            members.values().for_each(|value| collect_ids(value, ids));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_ids(value, ids)),
        _ => {}
    }
}

fn collect_sensitive<'a>(schema: &'a Value, names: &mut BTreeSet<&'a str>) {
    for (name, property) in schema::object(schema.get("properties")) {
        if property.get("x-sensitive").is_some() {
            names.insert(name);
        }
        collect_sensitive(property, names);
    }
    for shape in schema::array(schema.get("oneOf")) {
        collect_sensitive(shape, names);
    }
}
