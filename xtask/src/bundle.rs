//! Merges the source files into one OpenAPI document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{Error, Finding};
use crate::formats;
use crate::schema;
use crate::source::{Source, Sources};
use crate::webhooks;
use crate::yaml::{Position, escape_pointer};

/// The merged document, with the origin of each of its values.
#[derive(Debug)]
pub struct Bundle {
    /// The OpenAPI document.
    pub document: Value,
    origins: BTreeMap<String, Origin>,
}

#[derive(Clone, Debug)]
struct Origin {
    file: String,
    position: Position,
}

impl Bundle {
    /// Wraps a document that was bundled before; the origins of its values are not
    /// known.
    pub(crate) fn of_document(document: Value) -> Self {
        Self {
            document,
            origins: BTreeMap::new(),
        }
    }

    /// Returns a finding at the value that `pointer` leads to.
    pub(crate) fn finding(
        &self,
        pointer: &str,
        subject: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        let origin = self.origin(pointer);
        Finding {
            file: origin.file,
            line: origin.position.line,
            column: origin.position.column,
            subject: subject.into(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Returns the file, the line and the column of the value that `pointer` leads to.
    pub(crate) fn place(&self, pointer: &str) -> (String, usize, usize) {
        let origin = self.origin(pointer);
        (origin.file, origin.position.line, origin.position.column)
    }

    /// Returns where a value came from, or else the nearest value around it.
    fn origin(&self, pointer: &str) -> Origin {
        let mut pointer = pointer;
        loop {
            if let Some(origin) = self.origins.get(pointer) {
                return origin.clone();
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => {
                    return Origin {
                        file: crate::source::FOLDER.to_owned(),
                        position: Position { line: 1, column: 1 },
                    };
                }
            }
        }
    }
}

/// Returns a document as the text of a file. Keys are sorted, so that the same
/// sources give the same bytes everywhere.
pub(crate) fn to_json(document: &Value) -> String {
    let mut text = format!("{:#}", sorted(document));
    text.push('\n');
    text
}

/// Sorts the keys of every object, whatever order the map type keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().collect();
            Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Merges `sources`. The findings are the keys that are defined twice.
///
/// # Errors
///
/// Returns an error when the root is no OpenAPI 3.0 document, or a file is not a
/// mapping.
pub fn bundle(sources: Sources) -> Result<(Bundle, Vec<Finding>), Error> {
    let mut findings = duplicate_keys(&sources);
    check_version(&sources.root)?;

    let mut bundle = Bundle {
        document: sources.root.document.value.clone(),
        origins: BTreeMap::new(),
    };
    for (pointer, position) in &sources.root.document.positions {
        bundle.record(pointer.clone(), &sources.root.file, *position);
    }
    for source in &sources.paths {
        bundle.merge("/paths", "path", source, &mut findings)?;
    }
    let webhooks = format!("/{}", schema::WEBHOOKS);
    bundle.merge(&webhooks, "webhook", &sources.webhooks, &mut findings)?;
    webhooks::expand(&mut bundle.document);
    for source in &sources.schemas {
        bundle.merge("/components/schemas", "schema", source, &mut findings)?;
    }
    formats::expand(&mut bundle.document);
    Ok((bundle, findings))
}

impl Bundle {
    fn record(&mut self, pointer: String, file: &str, position: Position) {
        self.origins.insert(
            pointer,
            Origin {
                file: file.to_owned(),
                position,
            },
        );
    }

    /// Adds the members of a file to the object at `target`.
    fn merge(
        &mut self,
        target: &str,
        noun: &str,
        source: &Source,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Error> {
        let members = match &source.document.value {
            Value::Object(members) => members,
            Value::Null => return Ok(()),
            _ => {
                return Err(Error::Syntax {
                    file: source.file.clone(),
                    line: 1,
                    column: 1,
                    message: format!("expected a mapping with one member for each {noun}"),
                });
            }
        };
        let mut taken = Vec::new();
        for (name, value) in members {
            let pointer = format!("{target}/{}", escape_pointer(name));
            if self.origins.contains_key(&pointer) {
                let first = self.origin(&pointer);
                let position = source.document.positions[&format!("/{}", escape_pointer(name))];
                findings.push(Finding {
                    file: source.file.clone(),
                    line: position.line,
                    column: position.column,
                    subject: name.clone(),
                    message: format!(
                        "the {noun} is already defined at {}:{}",
                        first.file, first.position.line
                    ),
                    remedy: "delete or rename one of them".to_owned(),
                });
                continue;
            }
            object_at(&mut self.document, target).insert(name.clone(), value.clone());
            taken.push(format!("/{}", escape_pointer(name)));
        }
        for (pointer, position) in &source.document.positions {
            let kept = taken.iter().any(|prefix| {
                pointer
                    .strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if kept {
                self.record(format!("{target}{pointer}"), &source.file, *position);
            }
        }
        Ok(())
    }
}

/// Returns the object at a pointer of plain keys, and creates it if it is missing.
fn object_at<'a>(document: &'a mut Value, pointer: &str) -> &'a mut Map<String, Value> {
    let mut value = document;
    for key in pointer.split('/').skip(1) {
        value = as_object(value)
            .entry(key)
            .or_insert_with(|| Value::Object(Map::new()));
    }
    as_object(value)
}

fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("it was just made an object"),
    }
}

fn check_version(root: &Source) -> Result<(), Error> {
    let error = |pointer: &str, message: String| {
        let position = root.document.positions.get(pointer).copied();
        let position = position.unwrap_or(Position { line: 1, column: 1 });
        Err(Error::Syntax {
            file: root.file.clone(),
            line: position.line,
            column: position.column,
            message,
        })
    };
    if !root.document.value.is_object() {
        return error("", "expected a mapping: an OpenAPI document".to_owned());
    }
    for (pointer, what) in [
        ("/paths", "paths"),
        ("/components", "components"),
        ("/components/schemas", "components.schemas"),
    ] {
        let value = root.document.value.pointer(pointer);
        if value.is_some_and(|value| !value.is_object()) {
            return error(pointer, format!("`{what}` must be a mapping"));
        }
    }
    match root.document.value.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.0.") => Ok(()),
        Some(version) => error(
            "/openapi",
            format!(
                "OpenAPI {version} is not supported, because progenitor reads 3.0 only: \
                 write `openapi: 3.0.3` and express it in that version"
            ),
        ),
        None => error("", "`openapi: 3.0.3` is missing".to_owned()),
    }
}

fn duplicate_keys(sources: &Sources) -> Vec<Finding> {
    let all = [&sources.root, &sources.webhooks]
        .into_iter()
        .chain(&sources.paths)
        .chain(&sources.schemas);
    all.flat_map(|source| {
        source.document.duplicates.iter().map(|duplicate| Finding {
            file: source.file.clone(),
            line: duplicate.second.line,
            column: duplicate.second.column,
            subject: duplicate.key.clone(),
            message: format!(
                "the key is already defined at line {}",
                duplicate.first.line
            ),
            remedy: "delete or rename one of them".to_owned(),
        })
    })
    .collect()
}
