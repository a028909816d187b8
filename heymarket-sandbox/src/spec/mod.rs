//! The bundled spec: which operations there are, and what their requests and
//! answers look like. Nothing of the generated client is used here, so that a
//! mistake in it cannot hide.

mod convert;
mod validate;

use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use serde_json::Value;

pub(crate) use validate::Validator;

static BUNDLED: &str = include_str!("../../../openapi/bundled.json");

static SPEC: LazyLock<Spec> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "it is part of the program, and tests read it"
    )]
    let document = serde_json::from_str(BUNDLED).expect("openapi/bundled.json is JSON");
    Spec::new(document)
});

/// What is longer has no nearest operation.
const LONGEST_NEAR: usize = 200;

/// What the spec says.
pub(crate) struct Spec {
    document: Value,
    operations: Vec<Operation>,
    open_members: BTreeSet<String>,
}

/// An operation of the API.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: http::Method,
    /// With its parameters in braces, which is how axum has them too.
    pub(crate) path: String,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether it changes nothing.
    pub(crate) reads: bool,
    /// The schema of the body and whether there must be one.
    pub(crate) body: Option<Body>,
    answer_schema: Option<Value>,
    answer: OnceLock<Validator>,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) schema: Value,
    validator: OnceLock<Validator>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
}

pub(crate) struct Body {
    pub(crate) required: bool,
    schema: Value,
    validator: OnceLock<Validator>,
}

impl Spec {
    pub(crate) fn get() -> &'static Self {
        &SPEC
    }

    fn new(document: Value) -> Self {
        let mut operations = Vec::new();
        for (path, item) in members(document.get("paths")) {
            for (method, operation) in members(Some(item)) {
                if let Ok(method) = method.to_uppercase().parse() {
                    operations.extend(Operation::new(path, method, operation));
                }
            }
        }
        let mut open_members = BTreeSet::new();
        convert::collect_open_members(&document, &mut open_members);
        Self {
            document,
            operations,
            open_members,
        }
    }

    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The operation whose text is nearest to one that was asked for. None is
    /// near to a long text, and comparing would take as many steps as the product
    /// of the lengths.
    pub(crate) fn nearest(
        &self,
        wanted: &str,
        text: impl Fn(&Operation) -> String,
    ) -> Option<&Operation> {
        if wanted.len() > LONGEST_NEAR {
            return None;
        }
        let distance = |operation: &&Operation| strsim::levenshtein(&text(operation), wanted);
        self.operations.iter().min_by_key(distance)
    }

    /// The types of events that webhooks tell of.
    pub(crate) fn webhook_types(&self) -> impl Iterator<Item = &str> {
        members(self.document.get("x-webhooks")).map(|(kind, _)| kind.as_str())
    }

    /// Whether a member of this name holds one of an open set of values.
    pub(crate) fn is_open(&self, member: &str) -> bool {
        self.open_members.contains(member)
    }

    /// The validator of a parameter.
    pub(crate) fn parameter<'a>(&self, parameter: &'a Parameter) -> &'a Validator {
        parameter
            .validator
            .get_or_init(|| Validator::request(&self.document, &parameter.schema))
    }

    /// The validator of a request body.
    pub(crate) fn body<'a>(&self, body: &'a Body) -> &'a Validator {
        body.validator
            .get_or_init(|| Validator::request(&self.document, &body.schema))
    }

    /// The validator of an answer with status 200.
    pub(crate) fn answer<'a>(&self, operation: &'a Operation) -> Option<&'a Validator> {
        let schema = operation.answer_schema.as_ref()?;
        let answer = operation
            .answer
            .get_or_init(|| Validator::answer(&self.document, schema));
        Some(answer)
    }
}

impl Operation {
    fn new(path: &str, method: http::Method, operation: &Value) -> Option<Self> {
        let schema = |value: &Value| value.pointer("/content/application~1json/schema").cloned();
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let body = operation.get("requestBody").and_then(|body| {
            Some(Body {
                required: body.get("required") == Some(&Value::Bool(true)),
                schema: schema(body)?,
                validator: OnceLock::new(),
            })
        });
        Some(Self {
            id: operation.get("operationId")?.as_str()?.to_owned(),
            method,
            path: path.to_owned(),
            reads: operation.get("x-safety").and_then(Value::as_str) == Some("read"),
            parameters: parameters
                .into_iter()
                .flatten()
                .filter_map(Parameter::new)
                .collect(),
            body,
            answer_schema: operation.pointer("/responses/200").and_then(schema),
            answer: OnceLock::new(),
        })
    }
}

impl Parameter {
    fn new(parameter: &Value) -> Option<Self> {
        let place = match parameter.get("in")?.as_str()? {
            "path" => Place::Path,
            "query" => Place::Query,
            _ => return None,
        };
        Some(Self {
            name: parameter.get("name")?.as_str()?.to_owned(),
            place,
            required: parameter.get("required") == Some(&Value::Bool(true)),
            schema: parameter.get("schema")?.clone(),
            validator: OnceLock::new(),
        })
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Checks a body that an operation is said to have answered with against the
/// spec, and gives what is wrong with it: where, and what was expected.
///
/// Values of open sets, such as the status of a message, must be among those
/// that are known.
///
/// # Errors
///
/// A line for each thing that is wrong, or one line if there is no such
/// operation.
///
/// ```
/// let answer = serde_json::json!({"id": "9920"});
/// let problems = heymarket_sandbox::check_answer("get_conversation", &answer).unwrap_err();
/// assert_eq!(problems, ["id: must be integer, not a string"]);
/// ```
pub fn check_answer(operation: &str, answer: &Value) -> Result<(), Vec<String>> {
    let spec = Spec::get();
    let Some(operation) = spec.operation(operation) else {
        return Err(vec![format!("the spec has no operation {operation}")]);
    };
    match spec.answer(operation) {
        Some(validator) => validator
            .check(answer)
            .map_err(|violations| violations.iter().map(ToString::to_string).collect()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_of_the_spec_makes_a_validator() {
        let spec = Spec::get();
        let paths = members(spec.document.get("paths"));
        let missing: Vec<_> = paths
            .flat_map(|(_, item)| members(Some(item)))
            .filter_map(|(_, operation)| operation.get("operationId")?.as_str())
            .filter(|id| spec.operation(id).is_none())
            .collect();
        assert!(missing.is_empty(), "not read from the spec: {missing:?}");
        for operation in spec.operations() {
            if let Some(body) = &operation.body {
                spec.body(body);
            }
            assert!(spec.answer(operation).is_some(), "{}", operation.id);
            for parameter in &operation.parameters {
                spec.parameter(parameter);
            }
        }
        assert!(spec.is_open("status") && spec.is_open("channel_type") && !spec.is_open("text"));
    }
}
