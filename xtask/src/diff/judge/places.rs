//! The places of a document that can be mutated.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::operation::{self, Operation};
use crate::schema::{self, object, strings};
use crate::webhooks;

/// A member of a component.
pub(super) struct Member<'a> {
    pub(super) schema: &'a str,
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    pub(super) is_request: bool,
    pub(super) is_required: bool,
    /// Whether no extension of an operation names it, so that it can change alone.
    pub(super) is_free: bool,
}

impl Member<'_> {
    pub(super) fn pointer(&self) -> String {
        format!(
            "/components/schemas/{}/properties/{}",
            self.schema, self.name
        )
    }

    pub(super) fn place(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// The places of a document.
pub(super) struct Places<'a> {
    pub(super) document: &'a Value,
    pub(super) operations: Vec<Operation<'a>>,
    /// The objects that a request holds and no response.
    pub(super) requests: Vec<&'a str>,
    /// The objects that a response holds.
    pub(super) responses: Vec<&'a str>,
    pub(super) enums: Vec<&'a str>,
    pub(super) events: Vec<&'a str>,
    pub(super) members: Vec<Member<'a>>,
}

impl<'a> Places<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        let operations = operation::operations(document);
        let named = named(&operations);
        let reached = |pick: fn(&Operation<'a>) -> Option<String>| {
            let mut seen = BTreeSet::new();
            for pointer in operations.iter().filter_map(pick) {
                schema::visit(document, &pointer, &mut seen, &mut |_, _| {});
            }
            seen
        };
        let in_requests = reached(Operation::request_schema);
        let in_responses = reached(Operation::success_schema);
        let mut places = Self {
            document,
            requests: Vec::new(),
            responses: Vec::new(),
            enums: Vec::new(),
            events: webhooks::all(document)
                .map(|(name, _)| name.as_str())
                .collect(),
            members: Vec::new(),
            operations,
        };
        for (name, value) in schema::components(document) {
            let pointer = format!("/components/schemas/{name}");
            let (request, response) = (
                in_requests.contains(&pointer),
                in_responses.contains(&pointer),
            );
            if !request && !response {
                continue;
            }
            if schema::flag(value, "x-open-enum") {
                places.enums.push(name);
            }
            if value.get("properties").is_none() || schema::flag(value, "x-wire") {
                continue;
            }
            if response {
                places.responses.push(name);
            } else {
                places.requests.push(name);
            }
            let required: Vec<&str> = strings(value.get("required")).collect();
            let chosen = value.get("oneOf").or_else(|| value.get("anyOf"));
            let chosen = chosen.map(Value::to_string).unwrap_or_default();
            places.members.extend(
                object(value.get("properties")).map(|(member, schema)| Member {
                    schema: name,
                    name: member,
                    value: schema,
                    is_request: !response,
                    is_required: required.contains(&member.as_str()),
                    is_free: !named.contains(member.as_str())
                        && member != "id"
                        && !chosen.contains(&format!("{member:?}"))
                        && schema.get("x-check").is_none(),
                }),
            );
        }
        places
    }
}

/// Returns the members that `x-paging` and `x-safety-by-target` name.
fn named<'a>(operations: &[Operation<'a>]) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for operation in operations {
        let paging = object(operation.value.get("x-paging"));
        names.extend(paging.filter_map(|(_, value)| value.as_str()));
        let targets = object(operation.value.get(schema::SAFETY_BY_TARGET));
        names.extend(targets.map(|(name, _)| name.as_str()));
    }
    names
}
