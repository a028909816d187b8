//! Edits of a document, which can be applied one after the other.

use serde_json::Value;

/// One edit: sets or removes the value at a pointer.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    pub(super) pointer: String,
    pub(super) value: Option<Value>,
}

impl Edit {
    pub(super) fn set(pointer: impl Into<String>, value: Value) -> Self {
        Self {
            pointer: pointer.into(),
            value: Some(value),
        }
    }

    pub(super) fn remove(pointer: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            value: None,
        }
    }

    /// Applies the edit. Its parent has to be there.
    fn apply(&self, document: &mut Value) {
        let Some((parent, key)) = self.pointer.rsplit_once('/') else {
            return;
        };
        let key = key.replace("~1", "/").replace("~0", "~");
        match (document.pointer_mut(parent), &self.value) {
            (Some(Value::Object(members)), Some(value)) => {
                members.insert(key, value.clone());
            }
            (Some(Value::Object(members)), None) => {
                members.remove(&key);
            }
            (Some(Value::Array(items)), value) => {
                let Ok(index) = key.parse::<usize>() else {
                    return;
                };
                match value {
                    Some(value) if index < items.len() => items[index] = value.clone(),
                    Some(value) => items.push(value.clone()),
                    None if index < items.len() => {
                        items.remove(index);
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// Returns whether one of two edits changes what the other one is in.
    fn overlaps(&self, other: &Self) -> bool {
        let holds = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        holds(&self.pointer, &other.pointer) || holds(&other.pointer, &self.pointer)
    }
}

/// A mutation: edits that make one change of the spec.
#[derive(Clone, Debug)]
pub(super) struct Mutation {
    /// What kind of change it is.
    pub(super) kind: &'static str,
    /// The operation, the schema or the member.
    pub(super) place: String,
    pub(super) edits: Vec<Edit>,
}

impl Mutation {
    /// Returns the document with the change.
    pub(super) fn apply(&self, document: &Value) -> Value {
        let mut document = document.clone();
        for edit in &self.edits {
            edit.apply(&mut document);
        }
        document
    }

    /// Returns whether two mutations may be in one document.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        let mut pairs = self
            .edits
            .iter()
            .flat_map(|edit| other.edits.iter().map(move |another| (edit, another)));
        !pairs.any(|(edit, another)| edit.overlaps(another))
    }
}
