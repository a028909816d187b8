//! Rules for operations: names, responses, media types, parameters.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::schema::{self, Operation};

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    let operations = schema::operations(&bundle.document);
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
        rules.parameters();
    }
    findings.extend(shared_bodies(bundle));
    findings
}

/// The media types of responses that operations share.
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

    /// The id is the name of the method.
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
                "give one of the two another operationId",
            );
        }
    }

    /// They are the method's documentation.
    fn texts(&mut self) {
        for key in ["summary", "description"] {
            if self.operation.text(key).trim().is_empty() {
                self.report("", format!("no {key}"), format!("add a `{key}`"));
            }
        }
    }

    /// The generator takes one type of success, and typing needs one.
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

    /// Nothing but JSON is typed.
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

    fn parameters(&mut self) {
        for parameter in self.operation.parameters() {
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or("?");
            let described = parameter.get("description").and_then(Value::as_str);
            if described.is_none_or(|text| text.trim().is_empty()) {
                self.report(
                    "/parameters",
                    format!("the parameter `{name}` has no description"),
                    "add a `description`",
                );
            }
            let location = parameter.get("in").and_then(Value::as_str);
            if !matches!(location, Some("path" | "query")) {
                self.report(
                    "/parameters",
                    format!("the parameter `{name}` is neither in the path nor in the query"),
                    "write `in: path` or `in: query`; the runtime sets the headers",
                );
            }
        }
    }
}
