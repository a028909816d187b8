//! The members that a request body may have, to name those that it may not.

use std::collections::HashMap;

use serde_json::Value;

use super::convert::component;

/// The most unknown members that are named.
const NAMED: usize = 5;

/// How deep members are compared: the spec has no deeper ones, and a schema may
/// refer to itself.
const DEPTH: usize = 8;

/// The longest name for which the nearest known one is searched.
const LONGEST_NEAR: usize = 100;

/// The known members of a schema.
#[derive(Debug, Default)]
pub(crate) struct Members {
    known: HashMap<String, Members>,
    items: Option<Box<Members>>,
    /// Whether it takes members of any name.
    is_open: bool,
}

impl Members {
    pub(super) fn new(document: &Value, schema: &Value) -> Self {
        let mut members = Self::default();
        members.collect(document, schema, DEPTH);
        members
    }

    fn collect(&mut self, document: &Value, schema: &Value, depth: usize) {
        if depth == 0 {
            self.is_open = true;
            return;
        }
        if let Some(name) = super::convert::referenced(schema) {
            self.collect(document, component(document, name), depth - 1);
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let member = self.known.entry(name.clone()).or_default();
            member.collect(document, property, depth - 1);
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            let parts = schema.get(key).and_then(Value::as_array);
            for part in parts.into_iter().flatten() {
                self.collect(document, part, depth - 1);
            }
        }
        if let Some(items) = schema.get("items") {
            let member = self.items.get_or_insert_default();
            member.collect(document, items, depth - 1);
        }
        self.is_open |= schema
            .get("additionalProperties")
            .is_some_and(|extra| *extra != Value::Bool(false));
    }

    /// Returns a sentence for each unknown member of a value, up to five.
    pub(crate) fn unknown(&self, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.find(value, "", &mut found);
        found
    }

    fn find(&self, value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) if !self.known.is_empty() => {
                for (name, value) in members {
                    if found.len() == NAMED {
                        return;
                    }
                    match self.known.get(name) {
                        Some(known) => known.find(value, &join(path, name), found),
                        None if self.is_open => {}
                        None => found.push(self.sentence(path, name)),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(known) = self.items.as_ref().filter(|_| found.len() < NAMED) {
                        known.find(item, &join(path, &index.to_string()), found);
                    }
                }
            }
            _ => {}
        }
    }

    fn sentence(&self, path: &str, name: &str) -> String {
        let known = self.known.keys().filter(|_| name.len() <= LONGEST_NEAR);
        let nearest = known.min_by_key(|known| (strsim::levenshtein(known, name), *known));
        let hint = nearest.map(|nearest| format!("; the nearest is {}", join(path, nearest)));
        let name = crate::error::shortened(name).into_owned();
        format!(
            "{}: unknown member{}",
            join(path, &name),
            hint.unwrap_or_default()
        )
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
