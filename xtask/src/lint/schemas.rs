//! Rules for schemas: they can be generated, and no response is unreadable.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::formats::{self, FORMATS};
use crate::operation::{self, Operation};
use crate::schema::{self, Choice};
use crate::webhooks;

/// Keywords that reject a value for its size or form.
const CONSTRAINTS: [&str; 14] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "pattern",
    "uniqueItems",
];

/// Formats that a response may have. The types of others, such as `uuid` and
/// `int32`, reject values.
const RESPONSE_FORMATS: [&str; 2] = ["date-time", "int64"];

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _) in schema::components(&bundle.document) {
        if name.to_upper_camel_case() != *name {
            findings.push(bundle.finding(
                &format!("/components/schemas/{name}"),
                name,
                "the name of the schema is not UpperCamelCase",
                format!("name it `{}`", name.to_upper_camel_case()),
            ));
        }
    }
    let schemas = schemas(bundle);
    for operation in operation::operations(&bundle.document) {
        findings.extend(shared_body(bundle, &operation, &schemas));
    }
    for (pointer, (schema, in_response)) in schemas {
        let mut rules = Rules {
            bundle,
            pointer: &pointer,
            schema,
            findings: &mut findings,
        };
        rules.generatable();
        rules.described();
        if in_response {
            rules.tolerant();
        }
    }
    findings
}

/// Schemas by their pointers, and whether a response can hold each.
type Schemas<'a> = BTreeMap<String, (&'a Map<String, Value>, bool)>;

/// The type of a body checks itself before it is sent; the type of a response
/// accepts whatever the server sends.
fn shared_body(
    bundle: &Bundle,
    operation: &Operation<'_>,
    schemas: &Schemas<'_>,
) -> Option<Finding> {
    let pointer = operation.request_schema()?;
    let body = bundle.document.pointer(&pointer)?;
    let name = schema::reference(body.get("items").unwrap_or(body))?;
    let (_, in_response) = schemas.get(&format!("/components/schemas/{name}"))?;
    in_response.then(|| {
        bundle.finding(
            &pointer,
            operation.name(),
            format!("the body is a {name}, which responses have too"),
            "give the request a schema of its own",
        )
    })
}

/// Returns every schema by its pointer, and whether a response can have it.
fn schemas(bundle: &Bundle) -> Schemas<'_> {
    let document = &bundle.document;
    let of_content = |pointer: String| format!("{pointer}/content/application~1json/schema");
    let operations = operation::operations(document);
    let answers = operations.iter().flat_map(|operation| {
        let statuses = operation.responses().map(|(status, _)| status);
        statuses.map(|status| format!("{}/responses/{status}", operation.pointer))
    });
    let shared = schema::object(document.pointer("/components/responses"))
        .map(|(name, _)| format!("/components/responses/{name}"));
    let in_responses = answers
        .chain(shared)
        .map(of_content)
        .chain(webhooks::schemas(document));
    let components =
        schema::components(document).map(|(name, _)| format!("/components/schemas/{name}"));
    let parameters = operations.iter().flat_map(|operation| {
        let count = schema::array(operation.value.get("parameters")).len();
        (0..count).map(|index| format!("{}/parameters/{index}/schema", operation.pointer))
    });
    let elsewhere = components
        .chain(operations.iter().filter_map(Operation::request_schema))
        .chain(parameters);

    let mut schemas = BTreeMap::new();
    let roots = in_responses
        .map(|root| (root, true))
        .chain(elsewhere.map(|root| (root, false)));
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for (root, is_response) in roots {
        let seen = &mut seen[usize::from(is_response)];
        schema::visit(document, &root, seen, &mut |pointer, schema| {
            schemas
                .entry(pointer.to_owned())
                .or_insert((schema, is_response));
        });
    }
    schemas
}

struct Rules<'a> {
    bundle: &'a Bundle,
    pointer: &'a str,
    schema: &'a Map<String, Value>,
    findings: &'a mut Vec<Finding>,
}

impl Rules<'_> {
    fn report(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let pointer = format!("{}{key}", self.pointer);
        let subject = schema::describe(&pointer);
        self.findings
            .push(self.bundle.finding(&pointer, subject, message, remedy));
    }

    fn is_component(&self) -> bool {
        self.pointer.matches('/').count() == 3 && self.pointer.starts_with("/components/schemas/")
    }

    /// Returns whether the type of this schema is written by hand. A visitor reads
    /// its shapes, so the generator's limits do not apply.
    fn is_hand_written(&self) -> bool {
        let mut pointer = self.pointer;
        loop {
            let schema = self.bundle.document.pointer(pointer);
            if schema.is_some_and(|schema| schema::flag(schema, "x-wire")) {
                return true;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return false,
            }
        }
    }

    fn generatable(&mut self) {
        let any_of = schema::array(self.schema.get("anyOf"));
        if self.schema.contains_key("anyOf") && !schema::is_choice(any_of) {
            self.report(
                "/anyOf",
                "`anyOf` becomes flattened structs that fail on every value",
                "use `oneOf`, or an enum with `x-open-enum: true`",
            );
        }
        if self.schema.contains_key("nullable") && !self.schema.contains_key("type") {
            self.report(
                "/nullable",
                "`nullable` has no effect without `type`",
                "add the `type`; without one, delete `nullable`, since any value fits, or put \
                 it on an alternative of the `oneOf`",
            );
        }
        let text = |key: &str| self.schema.get(key).and_then(Value::as_str);
        if let (Some("string"), Some(format)) = (text("type"), text("format"))
            && formats::find(format).is_none()
        {
            let known = FORMATS.each_ref().map(|format| format.name);
            self.report(
                "/format",
                format!("the format `{format}` has no type"),
                format!(
                    "write one of {}, or state it in the description",
                    known.join(", ")
                ),
            );
        }
        if self.schema.contains_key("title") {
            self.report(
                "/title",
                "`title` names a type of its own, and two with one title become one type",
                "delete it; the key in schemas/ is the name",
            );
        }
        let one_of = schema::array(self.schema.get("oneOf"));
        if !one_of.is_empty() && !schema::is_choice(one_of) && !self.is_hand_written() {
            self.report(
                "/oneOf",
                "`oneOf` would become an untagged enum, whose errors do not name the problem",
                "write the type in heymarket-api/src/wire and mark the component `x-wire: true`",
            );
        }
        let nested = self.schema.contains_key("properties") && !self.is_component();
        if nested && !self.is_hand_written() {
            self.report(
                "",
                "an object inside another schema would get an arbitrary name",
                "move it to a component of schemas/ and refer to it",
            );
        }
    }

    fn described(&mut self) {
        if self.is_component() && !is_described(self.schema) {
            self.report("", "the schema has no description", "add a `description`");
        }
        for (name, property) in schema::object(self.schema.get("properties")) {
            let is_reference = property.get("$ref").is_some();
            let is_described = property.as_object().is_some_and(is_described);
            // Where no source says anything, nothing is said.
            if !is_reference && !is_described && property.get("x-evidence").is_none() {
                self.report(
                    &format!("/properties/{name}"),
                    "the property has neither a description nor x-evidence",
                    "add a `description`, or, if no source describes it, `x-evidence` alone",
                );
            }
        }
    }

    /// Any response is read, whatever is missing, null or new in it.
    fn tolerant(&mut self) {
        let required: Vec<_> = schema::strings(self.schema.get("required")).collect();
        let properties = self.schema.get("properties");
        let is_hand_written = self.is_hand_written();
        for name in &required {
            if *name != "id" && !is_hand_written {
                self.report(
                    "/required",
                    format!("a response may lack `{name}`, which is required here"),
                    "remove it from `required` (only `id` may be there) and make it nullable",
                );
            }
        }
        for (name, property) in schema::object(properties) {
            let accepts_null = schema::accepts_null(&self.bundle.document, property);
            if accepts_null || required.contains(&name.as_str()) {
                continue;
            }
            let remedy = if property.get("$ref").is_some() {
                "write `type` and `nullable: true` with `allOf: [$ref: …]`, since OpenAPI 3.0 \
                 ignores what is beside a `$ref`"
            } else {
                "add `nullable: true`"
            };
            self.report(
                &format!("/properties/{name}"),
                "a response property that is not nullable",
                remedy,
            );
        }
        self.without_rejections();
    }

    /// Any response is read, whatever its size, form and values are.
    fn without_rejections(&mut self) {
        for (keyword, _) in Choice::KEYWORDS {
            if schema::is_choice(schema::array(self.schema.get(keyword))) {
                self.report(
                    &format!("/{keyword}"),
                    "a choice between members would reject a response",
                    "state it in the description",
                );
            }
        }
        // A visitor reads what no alternative of the schema has.
        let is_hand_written = self.is_hand_written();
        let constraints = CONSTRAINTS.iter().filter(|_| !is_hand_written);
        for constraint in constraints {
            if self.schema.contains_key(*constraint) {
                self.report(
                    &format!("/{constraint}"),
                    format!("`{constraint}` would reject a response"),
                    "state it in the description",
                );
            }
        }
        let format = self.schema.get("format").and_then(Value::as_str);
        if let Some(format) = format.filter(|format| !RESPONSE_FORMATS.contains(format)) {
            self.report(
                "/format",
                format!("the format `{format}` would reject a response"),
                "state it in the description; `date-time` and `int64` are allowed",
            );
        }
        if self.schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            self.report(
                "/additionalProperties",
                "`additionalProperties: false` would reject a response with a new field",
                "delete it",
            );
        }
        let is_open = self.schema.get("x-open-enum") == Some(&Value::Bool(true));
        if self.schema.contains_key("enum") && !is_open {
            self.report(
                "/enum",
                "a closed enum would reject a response with a new value",
                "add `x-open-enum: true`",
            );
        }
    }
}

fn is_described(schema: &Map<String, Value>) -> bool {
    let description = schema.get("description").and_then(Value::as_str);
    description.is_some_and(|text| !text.trim().is_empty())
}
