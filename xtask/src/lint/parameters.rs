//! Rules for parameters: their places, their types and their names.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase as _;
use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::operation::Operation;
use crate::schema;

pub(super) fn check(bundle: &Bundle, operation: &Operation<'_>) -> Vec<Finding> {
    let mut rules = Rules {
        bundle,
        operation,
        findings: Vec::new(),
    };
    rules.template();
    rules.names();
    for parameter in operation.parameters() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or("?");
        rules.described(name, parameter);
        rules.place(name, parameter);
        rules.ty(name, parameter);
    }
    rules.findings
}

struct Rules<'a> {
    bundle: &'a Bundle,
    operation: &'a Operation<'a>,
    findings: Vec<Finding>,
}

impl Rules<'_> {
    fn report(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        let pointer = format!("{}/parameters", self.operation.pointer);
        let name = self.operation.name();
        self.findings
            .push(self.bundle.finding(&pointer, name, message, remedy));
    }

    /// The path and its parameters name the same things.
    fn template(&mut self) {
        let operation = self.operation;
        let of_template: BTreeSet<&str> = operation.names_in_template().collect();
        let described: BTreeSet<&str> = operation.names_in("path").collect();
        for name in of_template.difference(&described) {
            self.report(
                format!("the parameter `{name}` of the path is not described"),
                format!("add `name: {name}`, `in: path` and `required: true` to `parameters`"),
            );
        }
        for name in described.difference(&of_template) {
            self.report(
                format!("the path has no parameter `{name}`"),
                format!("write `{{{name}}}` where it stands in the path, or delete it"),
            );
        }
    }

    /// The names of the arguments of the method differ.
    fn names(&mut self) {
        let mut arguments = BTreeMap::new();
        if self.operation.request_schema().is_some() {
            arguments.insert("body".to_owned(), "the body");
        }
        let names: Vec<&str> = self
            .operation
            .parameters()
            .filter_map(|parameter| parameter.get("name")?.as_str())
            .collect();
        for name in names {
            if let Some(other) = arguments.insert(name.to_snake_case(), name) {
                let argument = name.to_snake_case();
                self.report(
                    format!(
                        "the parameter `{name}` makes the argument `{argument}`, as {other} does"
                    ),
                    "the generator cannot express two arguments of one name",
                );
            }
        }
    }

    fn described(&mut self, name: &str, parameter: &Value) {
        let described = parameter.get("description").and_then(Value::as_str);
        if described.is_none_or(|text| text.trim().is_empty()) {
            self.report(
                format!("the parameter `{name}` has no description"),
                "add a `description`",
            );
        }
        // The example of the method shows it.
        if schema::flag(parameter, "required") && self.operation.parameter_example(name).is_none() {
            self.report(
                format!("the parameter `{name}` has no example"),
                "add an `example` with an invented value",
            );
        }
    }

    fn place(&mut self, name: &str, parameter: &Value) {
        match parameter.get("in").and_then(Value::as_str) {
            Some("path") if !schema::flag(parameter, "required") => self.report(
                format!("the parameter `{name}` of the path is not required"),
                "add `required: true`; a path without it is another path",
            ),
            Some("path" | "query") => {}
            _ => self.report(
                format!("the parameter `{name}` is neither in the path nor in the query"),
                "write `in: path` or `in: query`; the runtime sets the headers",
            ),
        }
    }

    /// A value is written into a path or a query in one way only.
    fn ty(&mut self, name: &str, parameter: &Value) {
        // Without a schema, the generator says what is wrong.
        let Some(schema) = parameter.get("schema") else {
            return;
        };
        let is_open_enum = schema.get("$ref").is_some()
            && schema::flag(
                schema::resolve(&self.bundle.document, schema),
                "x-open-enum",
            );
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        let is_plain = schema.get("enum").is_none();
        let in_query = parameter.get("in").and_then(Value::as_str) == Some("query");
        let is_fit = match (text("type"), text("format")) {
            (Some("integer"), None | Some("int64")) => is_plain,
            (Some("string"), None) => is_plain,
            (Some("boolean"), None) | (Some("string"), Some("phone" | "date-time")) => in_query,
            _ => is_open_enum,
        };
        if !is_fit {
            self.report(
                format!("the parameter `{name}` has a type that cannot be generated"),
                "in a path, use `integer`, `string` or a reference to an open enum; in a query, \
                 also `boolean` and the formats `phone` and `date-time`",
            );
        }
    }
}
