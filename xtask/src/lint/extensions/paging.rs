//! Rules for `x-paging`: what a walk needs of the request and of the response.

use serde_json::{Map, Value};

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::operation::Operation;
use crate::schema;

pub(super) fn check(bundle: &Bundle, operation: &Operation<'_>) -> Vec<Finding> {
    let Some(Value::Object(paging)) = operation.value.get("x-paging") else {
        return Vec::new();
    };
    let document = &bundle.document;
    let schema_at = |pointer: Option<String>| {
        let schema = document.pointer(&pointer?)?;
        Some(schema::resolve(document, schema))
    };
    let items = operation
        .success_schema()
        .map(|pointer| format!("{pointer}/items"));
    let mut rules = Rules {
        bundle,
        operation,
        paging,
        request: schema_at(operation.request_schema()),
        item: schema_at(items),
        findings: Vec::new(),
    };
    rules.item();
    for key in ["cursor", "page", "limit", "ascending"] {
        rules.member(key);
    }
    rules.findings
}

struct Rules<'a> {
    bundle: &'a Bundle,
    operation: &'a Operation<'a>,
    paging: &'a Map<String, Value>,
    request: Option<&'a Value>,
    item: Option<&'a Value>,
    findings: Vec<Finding>,
}

impl<'a> Rules<'a> {
    fn report(&mut self, message: String, remedy: &str) {
        let pointer = format!("{}/x-paging", self.operation.pointer);
        let name = self.operation.name();
        self.findings
            .push(self.bundle.finding(&pointer, name, message, remedy));
    }

    fn missing(&mut self, name: &str, holder: &str) {
        self.report(
            format!("`x-paging` names `{name}`, which {holder} does not have"),
            "correct its spelling, or add the property",
        );
    }

    /// A walk drops items that it has yielded by their ID, and goes on from the
    /// time of the last one.
    fn item(&mut self) {
        let Some(item) = self.item else {
            return self.report(
                "the pages of an operation whose response is not a list".to_owned(),
                "describe the response as an array of a component, or delete `x-paging`",
            );
        };
        let document = &self.bundle.document;
        if property(item, "id").is_none_or(|id| !is(document, id, "integer", None)) {
            self.report(
                "an item of the response has no integer `id`".to_owned(),
                "add the property; a walk recognizes items by it",
            );
        }
        let Some(name) = self.paging.get("from").and_then(Value::as_str) else {
            return;
        };
        match property(item, name) {
            None => self.missing(name, "an item of the response"),
            Some(time) if !is(document, time, "string", Some("date-time")) => self.report(
                format!("`from` names `{name}`, which is not a time"),
                "name a property with `type: string` and `format: date-time`",
            ),
            Some(_) => {}
        }
    }

    /// A walk sets the member, so it must have the type that the walk sets, and
    /// a request must do without it.
    fn member(&mut self, key: &str) {
        let Some(name) = self.paging.get(key).and_then(Value::as_str) else {
            return;
        };
        let document = &self.bundle.document;
        let of_body = self.request.and_then(|request| property(request, name));
        let mut parameters = self.operation.parameters_in("query");
        let parameter = parameters
            .find(|parameter| parameter.get("name").and_then(Value::as_str) == Some(name));
        let of_query = parameter.and_then(|parameter| parameter.get("schema"));
        let Some(member) = of_body.or(of_query) else {
            return self.missing(name, "the request");
        };
        let is_required = match of_body {
            Some(_) => schema::strings(self.request.and_then(|it| it.get("required")))
                .any(|required| required == name),
            None => parameter.is_some_and(|parameter| schema::flag(parameter, "required")),
        };
        if is_required {
            self.report(
                format!("`{key}` names `{name}`, which every request must have"),
                "make it optional; the first request of a walk does without it",
            );
        }
        let (is_fit, wanted) = match (key, of_body) {
            ("cursor", Some(_)) => (
                is(document, member, "string", Some("date-time")),
                "`type: string` and `format: date-time`",
            ),
            ("cursor", None) => (
                is(document, member, "string", Some("date-time"))
                    || is(document, member, "integer", None),
                "`type: string` and `format: date-time`, or `type: integer` for seconds",
            ),
            ("ascending", _) => (is(document, member, "boolean", None), "`type: boolean`"),
            _ => (is(document, member, "integer", None), "`type: integer`"),
        };
        if !is_fit {
            self.report(
                format!("`{key}` names `{name}`, which has another type"),
                &format!("describe it with {wanted}"),
            );
        }
    }
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get("properties")?.get(name)
}

/// Whether a schema is of a type, and of a format if one is given.
fn is(document: &Value, schema: &Value, wanted: &str, format: Option<&str>) -> bool {
    let schema = schema::resolve(document, schema);
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    text("type") == Some(wanted) && format.is_none_or(|format| text("format") == Some(format))
}
