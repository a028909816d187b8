//! The bundled document: its operations, and the validators of their parts.

use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use serde_json::{Value, json};

use super::convert;
use super::members::Members;
use super::validate::Validator;

static BUNDLED: &str = include_str!("../../openapi/bundled.json");

static SPEC: LazyLock<Spec> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "it is part of the program, and tests read it"
    )]
    let document = serde_json::from_str(BUNDLED).expect("openapi/bundled.json is JSON");
    Spec::new(document)
});

/// The longest text for which the nearest operation is searched.
const LONGEST_NEAR: usize = 200;

/// The parsed spec.
pub(crate) struct Spec {
    pub(super) document: Value,
    operations: Vec<Operation>,
    open_members: BTreeSet<String>,
}

/// An operation of the API.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: http::Method,
    /// With parameters in braces, as axum writes them too.
    pub(crate) path: String,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether it only reads.
    pub(crate) reads: bool,
    /// The request body.
    pub(crate) body: Option<Body>,
    response_schema: Option<Value>,
    answer: OnceLock<Validator>,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) schema: Value,
    validator: OnceLock<Validator>,
}

/// The place of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
}

pub(crate) struct Body {
    pub(crate) required: bool,
    schema: Value,
    validator: OnceLock<Validator>,
    members: OnceLock<Members>,
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

    /// Returns the document as it is served: the sandbox is its server.
    pub(crate) fn served(&self) -> Value {
        let mut document = self.document.clone();
        document["servers"] = json!([{"url": "/"}]);
        document
    }

    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// Returns the operation whose text is nearest to the wanted one. Long
    /// texts are not compared, since the cost is the product of the lengths.
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

    /// Returns how many requests the API accepts in a minute for one key.
    pub(crate) fn requests_per_minute(&self) -> Option<u32> {
        let requests = self.document.get("x-requests-per-minute")?.as_u64()?;
        u32::try_from(requests).ok()
    }

    /// Returns the types of webhook events.
    pub(crate) fn webhook_types(&self) -> impl Iterator<Item = &str> {
        members(self.document.get("x-webhooks")).map(|(kind, _)| kind.as_str())
    }

    /// Returns whether a member of this name is an open enum.
    pub(crate) fn is_open(&self, member: &str) -> bool {
        self.open_members.contains(member)
    }

    /// Returns the validator of a parameter.
    pub(crate) fn parameter<'a>(&self, parameter: &'a Parameter) -> &'a Validator {
        parameter
            .validator
            .get_or_init(|| Validator::request(&self.document, &parameter.schema))
    }

    /// Returns the validator of a request body.
    pub(crate) fn body<'a>(&self, body: &'a Body) -> &'a Validator {
        body.validator
            .get_or_init(|| Validator::request(&self.document, &body.schema))
    }

    /// Returns the members that a request body may have.
    pub(crate) fn members<'a>(&self, body: &'a Body) -> &'a Members {
        body.members
            .get_or_init(|| Members::new(&self.document, &body.schema))
    }

    /// Returns the validator of a response with status 200.
    pub(crate) fn answer<'a>(&self, operation: &'a Operation) -> Option<&'a Validator> {
        let schema = operation.response_schema.as_ref()?;
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
                members: OnceLock::new(),
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
            response_schema: operation.pointer("/responses/200").and_then(schema),
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

pub(super) fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
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
/// let problems = heymarket_sandbox::check_response("get_conversation", &answer).unwrap_err();
/// assert_eq!(problems, ["id: must be integer, not a string"]);
/// ```
pub fn check_response(operation: &str, answer: &Value) -> Result<(), Vec<String>> {
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
