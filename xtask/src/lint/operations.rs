//! Rules for operations: names, documentation, responses, bodies, media types.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use serde_json::Value;

use super::parameters;
use crate::bundle::Bundle;
use crate::error::Finding;
use crate::operation::{self, Operation};
use crate::schema;

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    let operations = operation::operations(&bundle.document);
    let tags = schema::array(bundle.document.get("tags")).iter();
    let tags: Vec<&str> = tags.filter_map(|tag| tag.get("name")?.as_str()).collect();
    for operation in &operations {
        let mut rules = Rules {
            bundle,
            operation,
            findings: &mut findings,
        };
        rules.operation_id(&mut ids);
        rules.texts();
        rules.responses();
        rules.media_types();
        rules.tags(&tags);
        rules.body();
        findings.extend(parameters::check(bundle, operation));
    }
    findings.extend(shared_bodies(bundle));
    findings
}

/// Checks the media types of shared responses.
fn shared_bodies(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, response) in schema::object(bundle.document.pointer("/components/responses")) {
        for (media_type, _) in schema::object(response.get("content")) {
            if media_type != "application/json" {
                findings.push(bundle.finding(
                    &format!("/components/responses/{name}"),
                    name,
                    format!("`{media_type}` cannot be typed"),
                    "describe the body as `application/json`",
                ));
            }
        }
    }
    findings
}

struct Rules<'a, 'run> {
    bundle: &'a Bundle,
    operation: &'a Operation<'a>,
    findings: &'run mut Vec<Finding>,
}

impl<'a> Rules<'a, '_> {
    fn report(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let pointer = format!("{}{key}", self.operation.pointer);
        let name = self.operation.name();
        self.findings
            .push(self.bundle.finding(&pointer, name, message, remedy));
    }

    /// The operation ID is the name of the method.
    fn operation_id(&mut self, ids: &mut BTreeMap<&'a str, String>) {
        let Some(id) = self.operation.id() else {
            return self.report(
                "",
                "no operationId",
                "add `operationId: verb_noun`; it becomes the method's name",
            );
        };
        if id.to_snake_case() != id {
            self.report(
                "/operationId",
                "the operationId is not snake_case",
                format!("write `operationId: {}`", id.to_snake_case()),
            );
        }
        let line = format!(
            "{} {}",
            self.operation.method.to_uppercase(),
            self.operation.path
        );
        if let Some(first) = ids.insert(id, line) {
            self.report(
                "/operationId",
                format!("the operationId is already taken by {first}"),
                "give one of them another operationId",
            );
        }
    }

    /// These texts are the method's documentation.
    fn texts(&mut self) {
        for key in ["summary", "description"] {
            if self.operation.text(key).trim().is_empty() {
                self.report("", format!("no {key}"), format!("add a `{key}`"));
            }
        }
        let page = self.operation.value.pointer("/externalDocs/url");
        if page.and_then(Value::as_str).is_none() {
            self.report(
                "",
                "no externalDocs",
                "add `externalDocs: {url: …}` with the vendor's page",
            );
        }
    }

    /// The tag is the resource: the command line groups operations by it.
    fn tags(&mut self, known: &[&str]) {
        let tags: Vec<&str> = schema::strings(self.operation.value.get("tags")).collect();
        if tags.is_empty() {
            self.report(
                "",
                "no tags",
                format!("add `tags` with one of {}", known.join(", ")),
            );
        }
        for tag in tags.iter().filter(|tag| !known.contains(tag)) {
            self.report(
                "/tags",
                format!("the tag `{tag}` is not described"),
                "add it to `tags` in openapi/heymarket.yaml",
            );
        }
    }

    /// progenitor accepts one type of success, and a method needs one.
    fn responses(&mut self) {
        let successes = self.operation.responses();
        let successes: Vec<_> = successes
            .filter(|(status, _)| status.starts_with('2'))
            .map(|(status, _)| status.as_str())
            .collect();
        match successes.as_slice() {
            [] => self.report("/responses", "no 2xx response", "add a `\"200\"` response"),
            [_] => {}
            several => self.report(
                "/responses",
                format!("more than one 2xx response: {}", several.join(", ")),
                "keep one; where the bodies differ, let its schema read both",
            ),
        }
    }

    /// Only JSON has types.
    fn media_types(&mut self) {
        let bodies = self
            .operation
            .responses()
            .map(|(status, response)| (format!("/responses/{status}"), response))
            .chain(
                self.operation
                    .value
                    .get("requestBody")
                    .map(|body| ("/requestBody".to_owned(), body)),
            );
        for (key, body) in bodies {
            for (media_type, _) in schema::object(body.get("content")) {
                if media_type.starts_with("multipart/") {
                    self.report(
                        &key,
                        format!("`{media_type}` cannot be generated"),
                        "the API takes JSON only: describe the body as `application/json`",
                    );
                } else if media_type != "application/json" {
                    self.report(
                        &key,
                        format!("`{media_type}` cannot be typed"),
                        "describe the body as `application/json`",
                    );
                }
            }
        }
    }

    /// The body is a component, so that its type has a name. Its example becomes
    /// the example of the method.
    fn body(&mut self) {
        let Some(pointer) = self.operation.request_schema() else {
            return;
        };
        let document = &self.bundle.document;
        let schema = document.pointer(&pointer).unwrap_or(&Value::Null);
        let item = schema.get("items").unwrap_or(schema);
        let component = item.get("$ref").is_some();
        let is_object = schema::resolve(document, item).get("properties").is_some();
        if !component || !is_object {
            self.report(
                "/requestBody",
                "the body is neither an object of schemas/ nor an array of such",
                "move its schema to schemas/ and refer to it",
            );
        }
        if self.operation.request_example().is_none() {
            self.report(
                "/requestBody",
                "the body has no example",
                "add an `example` beside its `schema`; the documentation shows it",
            );
        }
    }
}
