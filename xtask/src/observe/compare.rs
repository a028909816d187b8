//! Compares a record with the schemas of responses.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::record::{Record, Types};
use crate::operation;
use crate::schema::{self, array, object};
use crate::yaml::escape_pointer;

/// Something that the spec does not describe.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The component and the member: `Conversation.priority`.
    pub place: String,
    /// How often it was seen.
    pub count: u64,
    /// The operations whose responses had it.
    pub operations: Vec<String>,
    /// The schema of the object, the member or the enum in the document.
    pub(super) pointer: String,
}

/// What the spec does not describe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A member, with the types of its values, and its members if it is an object.
    Member {
        /// Its name.
        name: String,
        /// The types of its values.
        types: Vec<String>,
        /// The types of what is in it, by path.
        inner: BTreeMap<String, Vec<String>>,
    },
    /// A type of a member that the spec knows.
    Type(String),
    /// A value of an open enum.
    Value(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = self.times();
        match &self.kind {
            Kind::Member { types, .. } => {
                write!(
                    f,
                    "{}: a new member ({}), {times}",
                    self.place,
                    types.join(", ")
                )?;
            }
            Kind::Type(of) => write!(f, "{}: is also `{of}`, {times}", self.place)?,
            Kind::Value(value) => write!(f, "{}: a new value `{value}`, {times}", self.place)?,
        }
        if !self.operations.is_empty() {
            write!(f, ", in {}", self.operations.join(", "))?;
        }
        Ok(())
    }
}

impl Finding {
    /// Returns how often it was seen, as words.
    pub(super) fn times(&self) -> String {
        match self.count {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        }
    }
}

/// Returns what a record has that a document lacks. What several operations show
/// of one component is one finding.
pub(super) fn compare(record: &Record, document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for operation in operation::operations(document) {
        let id = operation.name();
        let (Some(observed), Some(root)) = (record.operations.get(&id), operation.success_schema())
        else {
            continue;
        };
        let mut walk = Walk {
            document,
            operation: &id,
            members: &observed.members,
            findings: &mut findings,
        };
        walk.member("", &[root], &id);
    }
    for (name, values) in &record.values {
        let pointer = format!("/components/schemas/{name}");
        let known = array(document.pointer(&format!("{pointer}/enum")));
        for (value, count) in values {
            if known.iter().all(|one| one.as_str() != Some(value)) {
                findings.push(Finding {
                    kind: Kind::Value(value.clone()),
                    place: name.clone(),
                    count: *count,
                    operations: Vec::new(),
                    pointer: pointer.clone(),
                });
            }
        }
    }
    findings
}

/// A walk through the members of an operation's responses.
struct Walk<'a> {
    document: &'a Value,
    operation: &'a str,
    members: &'a BTreeMap<String, Types>,
    findings: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    /// Compares the values at a path with the schemas that may describe them.
    fn member(&mut self, path: &str, schemas: &[String], place: &str) {
        let Some(types) = self.members.get(path).cloned() else {
            return;
        };
        let shapes = self.shapes(schemas);
        // Without a shape, any value is described.
        let is_free = shapes.iter().any(|shape| self.type_of(shape).is_none());
        if !is_free {
            for (of, count) in &types {
                if !self.accepts(schemas, &shapes, of) {
                    self.add(Kind::Type(of.clone()), place, *count, &schemas[0]);
                }
            }
        }
        let items: Vec<String> = self.below(&shapes, "items");
        let path_of_items = format!("{path}[]");
        if !items.is_empty() {
            self.member(&path_of_items, &items, &format!("{place}[]"));
        }
        self.object(path, &shapes, place, is_free);
    }

    /// Compares the members of the objects at a path.
    fn object(&mut self, path: &str, shapes: &[String], place: &str, is_free: bool) {
        let objects: Vec<&String> = shapes
            .iter()
            .filter(|shape| self.type_of(shape).as_deref() == Some("object"))
            .collect();
        let Some(first) = objects.first().map(|one| (*one).clone()) else {
            return;
        };
        for (name, below) in self.names(path) {
            let key = escape_pointer(&name);
            let described: Vec<String> = objects
                .iter()
                .map(|shape| format!("{shape}/properties/{key}"))
                .filter(|pointer| self.document.pointer(pointer).is_some())
                .collect();
            let place = format!("{}.{name}", component(&first).unwrap_or(place));
            let others = self.below(shapes, "additionalProperties");
            if !described.is_empty() {
                self.member(&below, &described, &place);
            } else if !others.is_empty() {
                self.member(&below, &others, &place);
            } else if name != "*" && !is_free {
                self.new_member(&name, &below, &place, &first);
            }
        }
    }

    fn new_member(&mut self, name: &str, path: &str, place: &str, holder: &str) {
        let Some(types) = self.members.get(path) else {
            return;
        };
        let (count, names) = (types.values().sum(), types.keys().cloned().collect());
        let inner = self
            .members
            .iter()
            .filter_map(|(other, types)| {
                let rest = other.strip_prefix(path)?;
                rest.starts_with(['.', '[']).then(|| {
                    (
                        rest.trim_start_matches('.').to_owned(),
                        types.keys().cloned().collect(),
                    )
                })
            })
            .collect();
        let kind = Kind::Member {
            name: name.to_owned(),
            types: names,
            inner,
        };
        self.add(kind, place, count, holder);
    }

    /// Adds a finding, or counts it if another operation showed it.
    fn add(&mut self, kind: Kind, place: &str, count: u64, pointer: &str) {
        let same = |one: &&mut Finding| {
            one.pointer == pointer
                && match (&one.kind, &kind) {
                    (Kind::Member { name, .. }, Kind::Member { name: other, .. }) => name == other,
                    (one, other) => one == other,
                }
        };
        if let Some(finding) = self.findings.iter_mut().find(same) {
            finding.count += count;
            if !finding.operations.iter().any(|one| one == self.operation) {
                finding.operations.push(self.operation.to_owned());
            }
            if let (
                Kind::Member { types, inner, .. },
                Kind::Member {
                    types: more,
                    inner: deeper,
                    ..
                },
            ) = (&mut finding.kind, kind)
            {
                types.extend(more);
                types.sort();
                types.dedup();
                inner.extend(deeper);
            }
            return;
        }
        self.findings.push(Finding {
            kind,
            place: place.to_owned(),
            count,
            operations: vec![self.operation.to_owned()],
            pointer: pointer.to_owned(),
        });
    }

    /// Returns the names below a path, with their paths.
    fn names(&self, path: &str) -> Vec<(String, String)> {
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}.")
        };
        self.members
            .keys()
            .filter_map(|other| {
                let name = other.strip_prefix(&prefix)?;
                let is_direct = !name.is_empty() && !name.contains(['.', '[']);
                is_direct.then(|| (name.to_owned(), other.clone()))
            })
            .collect()
    }

    /// Returns the schemas that describe a value: references are followed, and
    /// alternatives are taken apart.
    fn shapes(&self, schemas: &[String]) -> Vec<String> {
        let mut shapes = Vec::new();
        let mut queue: Vec<String> = schemas.iter().rev().cloned().collect();
        while let Some(pointer) = queue.pop() {
            let Some(value) = self.document.pointer(&pointer) else {
                continue;
            };
            if let Some(name) = schema::reference(value) {
                queue.push(format!("/components/schemas/{name}"));
                continue;
            }
            let key = ["oneOf", "anyOf", "allOf"].into_iter().find(|key| {
                let alternatives = array(value.get(key));
                !alternatives.is_empty() && !schema::is_choice(alternatives)
            });
            match key {
                Some(key) => {
                    let count = array(value.get(key)).len();
                    queue.extend(
                        (0..count)
                            .rev()
                            .map(|index| format!("{pointer}/{key}/{index}")),
                    );
                }
                None => shapes.push(pointer),
            }
        }
        shapes
    }

    fn type_of(&self, pointer: &str) -> Option<String> {
        let value = self.document.pointer(pointer)?;
        let of = value.get("type").and_then(Value::as_str);
        of.or_else(|| value.get("properties").map(|_| "object"))
            .map(str::to_owned)
    }

    /// Returns whether a type of a record is one that the schemas describe.
    fn accepts(&self, schemas: &[String], shapes: &[String], observed: &str) -> bool {
        if observed == "null" {
            return schemas.iter().chain(shapes).any(|pointer| {
                let value = self.document.pointer(pointer);
                value.is_some_and(|value| schema::accepts_null(self.document, value))
            });
        }
        shapes.iter().any(|pointer| {
            let of = self.type_of(pointer).unwrap_or_default();
            let format = self.document.pointer(&format!("{pointer}/format"));
            let is_time = format.and_then(Value::as_str) == Some("date-time");
            match observed {
                // "" is one of the ways in which a time is absent.
                "date-time" | "empty string" => of == "string",
                "string" => of == "string" && !is_time,
                // `1.0` is an integer.
                "integer" => of == "integer" || of == "number",
                // A word without quotes.
                "text" => of == "string",
                other => of == other,
            }
        })
    }

    /// Returns the schemas below a key of shapes.
    fn below(&self, shapes: &[String], key: &str) -> Vec<String> {
        shapes
            .iter()
            .map(|shape| format!("{shape}/{key}"))
            .filter(|pointer| {
                let value = self.document.pointer(pointer);
                value.is_some_and(|value| value.is_object() || *value == Value::Bool(true))
            })
            .collect()
    }
}

/// Returns the component that a pointer leads to or into.
fn component(pointer: &str) -> Option<&str> {
    pointer
        .strip_prefix("/components/schemas/")?
        .split('/')
        .next()
}

/// Returns the members of an object that a schema describes.
pub(super) fn properties(schema: &Value) -> Vec<&str> {
    object(schema.get("properties"))
        .map(|(name, _)| name.as_str())
        .collect()
}
