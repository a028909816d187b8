//! Walks over the schemas and operations of a bundled document.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::webhooks;
use crate::yaml::escape_pointer;

/// The keys of a path item that are operations.
pub(crate) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Where component schemas live.
pub(crate) const SCHEMAS: &str = "#/components/schemas/";

/// The extension that lists the values of an open enum that no source shows.
pub(crate) const INFERRED: &str = "x-inferred";

/// The extension that names other spellings of the values of an open enum.
pub(crate) const ALIASES: &str = "x-aliases";

/// The extension that says which safety a request to each kind of target has.
pub(crate) const SAFETY_BY_TARGET: &str = "x-safety-by-target";

/// The extension that names the operation to use in place of a deprecated one.
pub(crate) const REPLACED_BY: &str = "x-replaced-by";

/// One operation of the document.
pub(crate) struct Operation<'a> {
    pub(crate) pointer: String,
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) value: &'a Value,
    /// The parameters that the path item gives to all of its operations.
    shared_parameters: &'a [Value],
}

impl<'a> Operation<'a> {
    /// The operation id, or else the request line.
    pub(crate) fn name(&self) -> String {
        match self.id() {
            Some(id) => id.to_owned(),
            None => format!("{} {}", self.method.to_uppercase(), self.path),
        }
    }

    pub(crate) fn id(&self) -> Option<&'a str> {
        self.value.get("operationId").and_then(Value::as_str)
    }

    pub(crate) fn text(&self, key: &str) -> &'a str {
        self.value.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// The parameters, the path item's own first.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        self.shared_parameters
            .iter()
            .chain(array(self.value.get("parameters")))
    }

    /// The statuses of the responses, with the responses.
    pub(crate) fn responses(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        object(self.value.get("responses"))
    }

    /// Where the JSON schema of the request body is, if there is one.
    pub(crate) fn request_schema(&self) -> Option<String> {
        self.media_schema(&["requestBody"])
    }

    /// Where the JSON schema of the success response is, if there is one.
    pub(crate) fn success_schema(&self) -> Option<String> {
        let (status, _) = self
            .responses()
            .find(|(status, _)| status.starts_with('2'))?;
        self.media_schema(&["responses", status])
    }

    fn media_schema(&self, at: &[&str]) -> Option<String> {
        let mut keys = at.to_vec();
        keys.extend(["content", "application/json", "schema"]);
        let mut pointer = self.pointer.clone();
        let mut value = self.value;
        for key in keys {
            value = value.get(key)?;
            pointer = format!("{pointer}/{}", escape_pointer(key));
        }
        Some(pointer)
    }
}

/// All operations, in the order of the document.
pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in object(document.get("paths")) {
        let shared_parameters = array(item.get("parameters"));
        for (method, value) in object(Some(item)) {
            if METHODS.contains(&method.as_str()) {
                operations.push(Operation {
                    pointer: format!("/paths/{}/{method}", escape_pointer(path)),
                    path,
                    method,
                    value,
                    shared_parameters,
                });
            }
        }
    }
    operations
}

/// The body of every webhook.
pub(crate) const WEBHOOK_BODY: &str = "/components/schemas/WebhookDelivery";

/// Pointers of the schemas of all that webhooks carry: their body, and the data
/// of each type.
pub(crate) fn webhook_schemas(document: &Value) -> Vec<String> {
    let data = webhooks::all(document).map(|(name, _)| webhooks::data_pointer(name));
    std::iter::once(WEBHOOK_BODY.to_owned())
        .chain(data)
        .collect()
}

/// The members of an object; of anything else, none.
pub(crate) fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The items of an array; of anything else, none.
pub(crate) fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The strings in an array of strings.
pub(crate) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    array(value).iter().filter_map(Value::as_str)
}

/// Whether a key is there and `true`.
pub(crate) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The component schemas, in the order of the document.
pub(crate) fn components(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object(document.pointer("/components/schemas"))
}

/// The pointer of the value that a `$ref` names, if it is in the document.
pub(crate) fn target(reference: &str) -> Option<&str> {
    reference
        .strip_prefix('#')
        .filter(|pointer| pointer.starts_with('/'))
}

/// The name of the component schema that a schema refers to, directly or as
/// the one member of its `allOf` (which is how 3.0 puts `nullable` beside a
/// reference).
pub(crate) fn reference(schema: &Value) -> Option<&str> {
    let reference = match schema.get("$ref") {
        Some(reference) => reference.as_str(),
        None => match array(schema.get("allOf")) {
            [only] => only.get("$ref").and_then(Value::as_str),
            _ => None,
        },
    };
    reference?.strip_prefix(SCHEMAS)
}

/// The component that a schema refers to, or else the schema itself.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = reference(schema);
    let component = name.and_then(|name| document.pointer(&format!("/components/schemas/{name}")));
    component.unwrap_or(schema)
}

/// Whether null fits a schema: by `nullable`, because nothing limits its type,
/// or because one of its alternatives takes null.
pub(crate) fn accepts_null(document: &Value, schema: &Value) -> bool {
    let limits = ["type", "enum", "allOf", "anyOf", "oneOf", "$ref"];
    let resolved = resolve(document, schema);
    let alternatives = array(resolved.get("oneOf"));
    flag(schema, "nullable")
        || flag(resolved, "nullable")
        || limits.iter().all(|key| resolved.get(key).is_none())
        || alternatives
            .iter()
            .any(|alternative| accepts_null(document, alternative))
}

/// All `$ref`s outside of examples, with the pointer of the object around
/// each.
pub(crate) fn collect_references<'a>(
    value: &'a Value,
    pointer: String,
    references: &mut Vec<(String, &'a str)>,
) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        references.push((pointer.clone(), reference));
                    }
                    ("example" | "examples", _) => {}
                    _ => {
                        let pointer = format!("{pointer}/{}", escape_pointer(key));
                        collect_references(value, pointer, references);
                    }
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect_references(value, format!("{pointer}/{index}"), references);
            }
        }
        _ => {}
    }
}

/// The names of the component schemas that something outside of the component
/// schemas refers to, directly or through others.
pub(crate) fn used(document: &Value) -> impl Iterator<Item = &str> {
    let schemas = document.pointer("/components/schemas");
    let mut queue: Vec<&Value> = [Some(document), document.get("components")]
        .into_iter()
        .flat_map(object)
        .filter(|(key, _)| !["components", "schemas"].contains(&key.as_str()))
        .map(|(_, value)| value)
        .collect();
    let mut used = BTreeSet::new();
    while let Some(value) = queue.pop() {
        let mut references = Vec::new();
        collect_references(value, String::new(), &mut references);
        for (_, reference) in references {
            if let Some(name) = reference.strip_prefix(SCHEMAS)
                && used.insert(name)
            {
                queue.extend(schemas.and_then(|schemas| schemas.get(name)));
            }
        }
    }
    used.into_iter()
}

/// How many alternatives of a choice a request must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Of a `oneOf`.
    ExactlyOne,
    /// Of an `anyOf`.
    AtLeastOne,
}

impl Choice {
    /// Both, with the keyword of each.
    pub(crate) const KEYWORDS: [(&str, Self); 2] =
        [("oneOf", Self::ExactlyOne), ("anyOf", Self::AtLeastOne)];

    /// The choice that a schema offers between members, with its alternatives.
    pub(crate) fn of(schema: &Value) -> Option<(Self, &[Value])> {
        Self::KEYWORDS.into_iter().find_map(|(keyword, choice)| {
            let alternatives = array(schema.get(keyword));
            is_choice(alternatives).then_some((choice, alternatives))
        })
    }
}

/// Whether every item says only which members it requires.
pub(crate) fn is_choice(items: &[Value]) -> bool {
    !items.is_empty()
        && items.iter().all(|item| {
            item.as_object()
                .is_some_and(|members| members.len() == 1 && members.contains_key("required"))
        })
}

/// Visits the schema at `pointer` and every schema below it; a component is
/// visited once, through the first reference that leads to it.
pub(crate) fn visit<'a>(
    document: &'a Value,
    pointer: &str,
    seen: &mut BTreeSet<String>,
    visitor: &mut impl FnMut(&str, &'a Map<String, Value>),
) {
    let Some(Value::Object(schema)) = document.pointer(pointer) else {
        return;
    };
    if !seen.insert(pointer.to_owned()) {
        return;
    }
    visitor(pointer, schema);
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        if let Some(target) = target(reference) {
            visit(document, target, seen, visitor);
        }
        return;
    }
    for child in children(pointer, schema) {
        visit(document, &child, seen, visitor);
    }
}

/// Pointers of the schemas directly inside a schema.
fn children(pointer: &str, schema: &Map<String, Value>) -> Vec<String> {
    let mut children = Vec::new();
    for (name, _) in object(schema.get("properties")) {
        children.push(format!("{pointer}/properties/{}", escape_pointer(name)));
    }
    for key in ["items", "additionalProperties", "not"] {
        if schema.get(key).is_some_and(Value::is_object) {
            children.push(format!("{pointer}/{key}"));
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for index in 0..array(schema.get(key)).len() {
            children.push(format!("{pointer}/{key}/{index}"));
        }
    }
    children
}

/// A short name for the schema at a pointer: `Conversation.assigned`.
pub(crate) fn describe(pointer: &str) -> String {
    let mut name = String::new();
    let mut keys = pointer
        .split('/')
        .skip(1)
        .map(|key| key.replace("~1", "/"))
        .peekable();
    while let Some(key) = keys.next() {
        match key.as_str() {
            "paths" => {
                let path = keys.next().unwrap_or_default();
                let method = keys.next().unwrap_or_default();
                name = format!("{} {path}", method.to_uppercase());
            }
            "components" => {
                keys.next();
            }
            webhooks::KEY => return keys.next().unwrap_or_default(),
            "properties" => {}
            _ if name.is_empty() => name = key,
            _ => {
                name.push('.');
                name.push_str(&key);
            }
        }
    }
    name
}
