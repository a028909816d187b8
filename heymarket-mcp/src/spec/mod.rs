//! The operations of the bundled document, with what a tool needs to know of each.

mod schema;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use heymarket_api::{Effect, Operation, RawRequest, Safety, operations};
use rmcp::model::{JsonObject, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::arguments::Arguments;
use crate::error::ToolError;

static BUNDLED: &str = include_str!("../../openapi/bundled.json");

static SPEC: LazyLock<Vec<ApiOperation>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "it is part of the program, and tests read it"
    )]
    let document: Value = serde_json::from_str(BUNDLED).expect("openapi/bundled.json is JSON");
    read(&document)
});

/// The member of the arguments that holds a body whose members are no arguments.
const BODY: &str = "body";

/// An operation of the API, as a tool.
pub(crate) struct ApiOperation {
    pub(crate) operation: &'static Operation,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) is_deprecated: bool,
    /// The schema of the arguments.
    pub(crate) input: Arc<JsonObject>,
    /// The schema of the result.
    pub(crate) output: Arc<JsonObject>,
    path: BTreeSet<String>,
    query: BTreeSet<String>,
    body: Body,
}

/// Where the body of a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    None,
    /// The arguments that are no parameters.
    Members,
    /// The argument `body`.
    Whole,
}

/// Returns all operations, in the order of the document.
pub(crate) fn all() -> &'static [ApiOperation] {
    &SPEC
}

/// Returns the operation with an ID.
pub(crate) fn of_id(id: &str) -> Option<&'static ApiOperation> {
    all()
        .iter()
        .find(|operation| operation.operation.id() == id)
}

impl ApiOperation {
    pub(crate) fn id(&self) -> &'static str {
        self.operation.id()
    }

    pub(crate) fn effect(&self) -> Effect {
        self.operation.effect()
    }

    /// Returns the resource, which is the name of its toolset.
    pub(crate) fn resource(&self) -> &'static str {
        self.operation.resource()
    }

    /// Returns whether it changes nothing.
    pub(crate) fn is_read(&self) -> bool {
        self.operation.safety() == Safety::Read && self.effect() == Effect::None
    }

    /// Returns the annotations, from `x-safety` and `x-effect`.
    pub(crate) fn annotations(&self) -> ToolAnnotations {
        let annotations = ToolAnnotations::new().read_only(self.is_read());
        if self.is_read() {
            return annotations;
        }
        // An update replaces what was there.
        let is_update = *self.operation.method() == http::Method::PUT;
        let is_destructive = matches!(self.effect(), Effect::Deletes | Effect::Bulk) || is_update;
        annotations
            .destructive(is_destructive)
            .idempotent(self.operation.safety() <= Safety::Idempotent)
    }

    /// Returns the request of a call.
    pub(crate) fn request(&self, arguments: JsonObject) -> Result<RawRequest, ToolError> {
        let arguments = Arguments::check(&self.input, arguments)?;
        let mut request = RawRequest::of(self.operation);
        let mut members = Map::new();
        for (name, value) in arguments.into_inner() {
            if self.path.contains(&name) {
                let text = parameter(&value);
                if text.trim().is_empty() {
                    return Err(ToolError::refused(format!("{name} is blank")));
                }
                request = request.parameter(name, text);
            } else if self.query.contains(&name) {
                request = request.query(name, parameter(&value));
            } else {
                members.insert(name, value);
            }
        }
        Ok(match self.body {
            Body::None => request,
            Body::Members => request.json(members.into()),
            Body::Whole => request.json(members.remove(BODY).unwrap_or_default()),
        })
    }
}

fn parameter(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn read(document: &Value) -> Vec<ApiOperation> {
    let paths = document.get("paths").and_then(Value::as_object);
    let methods = paths
        .into_iter()
        .flatten()
        .filter_map(|(_, item)| item.as_object());
    let described = methods.flatten().filter_map(|(_, described)| {
        let id = described.get("operationId")?.as_str()?;
        let known = operations::ALL.iter().copied();
        let operation = known.into_iter().find(|operation| operation.id() == id)?;
        Some(read_operation(document, operation, described))
    });
    described.collect()
}

fn read_operation(
    document: &Value,
    operation: &'static Operation,
    described: &Value,
) -> ApiOperation {
    let text = |name: &str| {
        let text = described.get(name).and_then(Value::as_str);
        text.unwrap_or_default().trim().to_owned()
    };
    let mut input = Input::default();
    for parameter in described
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        input.parameter(document, parameter);
    }
    let content = "/content/application~1json/schema";
    let body = described.pointer(&format!("/requestBody{content}"));
    let body = body.map_or(Body::None, |schema| input.body(document, schema));
    let response = described.pointer(&format!("/responses/200{content}"));
    let mut description = text("description");
    if let Some(choice) = &input.choice {
        description = format!("{description} {choice}");
    }
    ApiOperation {
        operation,
        summary: text("summary"),
        description: description.trim().replace('\n', " "),
        is_deprecated: described.get("deprecated") == Some(&Value::Bool(true)),
        output: Arc::new(schema::output(document, response)),
        path: input.path.clone(),
        query: input.query.clone(),
        body,
        input: Arc::new(input.schema()),
    }
}

/// The arguments of an operation, as they are collected.
#[derive(Default)]
struct Input {
    properties: Map<String, Value>,
    required: Vec<Value>,
    path: BTreeSet<String>,
    query: BTreeSet<String>,
    /// Which of several members is required.
    choice: Option<String>,
}

impl Input {
    fn parameter(&mut self, document: &Value, parameter: &Value) {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let mut schema = schema::input(document, &parameter["schema"]);
        if let (Some(schema), Some(text)) = (
            schema.as_object_mut(),
            parameter.get("description").and_then(Value::as_str),
        ) {
            schema.insert("description".to_owned(), schema::brief(text).into());
        }
        if parameter.get("required") == Some(&Value::Bool(true)) {
            self.required.push(name.clone().into());
        }
        let place = match parameter["in"].as_str() {
            Some("path") => &mut self.path,
            _ => &mut self.query,
        };
        place.insert(name.clone());
        self.properties.insert(name, schema);
    }

    fn body(&mut self, document: &Value, schema: &Value) -> Body {
        let mut body = schema::input(document, schema);
        let members = body.get_mut("properties").and_then(Value::as_object_mut);
        let members = members.map(std::mem::take);
        self.choice = schema::choice(document, schema);
        match members {
            Some(members)
                if !members
                    .keys()
                    .any(|name| self.properties.contains_key(name)) =>
            {
                self.properties.extend(members);
                let required = body.get("required").and_then(Value::as_array);
                self.required
                    .extend(required.into_iter().flatten().cloned());
                Body::Members
            }
            _ => {
                let whole = schema::input(document, schema);
                self.properties.insert(BODY.to_owned(), whole);
                self.required.push(BODY.into());
                Body::Whole
            }
        }
    }

    fn schema(self) -> JsonObject {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), self.properties.into());
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn input(id: &str) -> &'static JsonObject {
        &of_id(id).expect("an operation").input
    }

    #[test]
    fn the_tools_are_the_operation_table() {
        let ids: Vec<_> = all().iter().map(ApiOperation::id).collect();
        let table: BTreeSet<_> = operations::ALL
            .iter()
            .map(|operation| operation.id())
            .collect();
        assert_eq!(ids.iter().copied().collect::<BTreeSet<_>>(), table);
        assert_eq!(ids.len(), table.len());
    }

    #[test]
    fn schemas_hold_no_reference_and_no_extension() {
        for operation in all() {
            let text = json!([operation.input, operation.output]).to_string();
            for absent in [
                "$ref",
                "x-evidence",
                "x-sensitive",
                "\"example\"",
                "nullable",
            ] {
                assert!(!text.contains(absent), "{}: {absent}", operation.id());
            }
            // Some model providers accept no choice at the top of a schema.
            for absent in ["oneOf", "anyOf", "allOf"] {
                assert!(!operation.input.contains_key(absent), "{}", operation.id());
            }
        }
    }

    #[test]
    fn parameters_and_members_are_arguments() {
        let names = |id| {
            let properties = input(id)["properties"].as_object().expect("properties");
            properties.keys().cloned().collect::<BTreeSet<_>>()
        };
        assert!(names("update_contact").is_superset(&BTreeSet::from([
            "id".to_owned(),
            "overwrite".to_owned(),
            "phone".to_owned(),
        ])));
        assert_eq!(
            names("create_contacts"),
            BTreeSet::from(["body".to_owned(), "overwrite".to_owned()])
        );
        assert_eq!(input("get_conversation")["required"], json!(["id"]));
    }

    #[test]
    fn annotations_follow_safety_and_effect() {
        let hints = |id| {
            let hints = of_id(id).expect("an operation").annotations();
            (
                hints.read_only_hint,
                hints.destructive_hint,
                hints.idempotent_hint,
            )
        };
        assert_eq!(hints("list_contacts"), (Some(true), None, None));
        assert_eq!(hints("create_tag"), (Some(false), Some(false), Some(false)));
        assert_eq!(
            hints("close_conversation"),
            (Some(false), Some(false), Some(true))
        );
        assert_eq!(
            hints("update_contact"),
            (Some(false), Some(true), Some(true))
        );
        assert_eq!(hints("delete_tag"), (Some(false), Some(true), Some(true)));
        assert_eq!(
            hints("upsert_contacts_v2"),
            (Some(false), Some(true), Some(false))
        );
    }

    #[test]
    fn a_call_becomes_the_request_of_the_operation() {
        let arguments = json!({"id": 7, "overwrite": true, "phone": "+15550100101"});
        let update = of_id("update_contact").expect("an operation");
        let arguments = arguments.as_object().expect("an object").clone();
        let request = update.request(arguments).expect("a request");
        assert_eq!(request.path(), "/v1/contact/7");
        assert_eq!(request.query_string(), "overwrite=true");
        assert_eq!(request.body(), Some(&json!({"phone": "15550100101"})));
        request.check(Timestamp::UNIX_EPOCH).expect("it is valid");
    }
}
