//! The operations of a bundled document.

use serde_json::Value;

use crate::schema::{array, object};
use crate::yaml::escape_pointer;

/// The keys of a path item that are operations.
pub(crate) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// One operation of the document.
pub(crate) struct Operation<'a> {
    pub(crate) pointer: String,
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) value: &'a Value,
    /// The parameters that all operations of the path item share.
    shared_parameters: &'a [Value],
}

/// Returns all operations, in the order of the document.
pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in object(document.get("paths")) {
        let shared_parameters = array(item.get("parameters"));
        for (method, value) in object(Some(item)) {
            if METHODS.contains(&method.as_str()) {
                operations.push(Operation {
                    pointer: format!("/paths/{}/{method}", escape_pointer(path)),
                    path,
                    method,
                    value,
                    shared_parameters,
                });
            }
        }
    }
    operations
}

impl<'a> Operation<'a> {
    /// Returns the operation ID, or else the request line.
    pub(crate) fn name(&self) -> String {
        match self.id() {
            Some(id) => id.to_owned(),
            None => format!("{} {}", self.method.to_uppercase(), self.path),
        }
    }

    pub(crate) fn id(&self) -> Option<&'a str> {
        self.value.get("operationId").and_then(Value::as_str)
    }

    pub(crate) fn text(&self, key: &str) -> &'a str {
        self.value.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// Returns the first tag: the resource that the operation belongs to.
    pub(crate) fn tag(&self) -> &'a str {
        let mut tags = crate::schema::strings(self.value.get("tags"));
        tags.next().unwrap_or("others")
    }

    /// Returns the parameters, those of the path item first.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.shared_parameters
            .iter()
            .chain(array(self.value.get("parameters")))
    }

    /// Returns the parameters of the path or of the query.
    pub(crate) fn parameters_in(&self, place: &str) -> impl Iterator<Item = &'a Value> {
        self.parameters()
            .filter(move |parameter| parameter.get("in").and_then(Value::as_str) == Some(place))
    }

    /// Returns the names of the parameters of the path or of the query.
    pub(crate) fn names_in(&self, place: &str) -> impl Iterator<Item = &'a str> {
        self.parameters_in(place)
            .filter_map(|parameter| parameter.get("name")?.as_str())
    }

    /// Returns the names between braces in the path, in their order.
    pub(crate) fn names_in_template(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
    }

    /// Returns the example of the request body: the first one, if it has several.
    pub(crate) fn request_example(&self) -> Option<&'a Value> {
        let media = "/requestBody/content/application~1json";
        let media = self.value.pointer(media)?;
        media.get("example").or_else(|| {
            let (_, example) = object(media.get("examples")).next()?;
            example.get("value")
        })
    }

    /// Returns the example of a parameter, beside its schema or in it.
    pub(crate) fn parameter_example(&self, name: &str) -> Option<&'a Value> {
        let is_it =
            |parameter: &&Value| parameter.get("name").and_then(Value::as_str) == Some(name);
        let parameter = self.parameters().find(is_it)?;
        let of_schema = parameter.pointer("/schema/example");
        parameter.get("example").or(of_schema)
    }

    /// Returns the responses by status.
    pub(crate) fn responses(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        object(self.value.get("responses"))
    }

    /// Returns the pointer of the request body's JSON schema.
    pub(crate) fn request_schema(&self) -> Option<String> {
        self.media_schema(&["requestBody"])
    }

    /// Returns the pointer of the success response's JSON schema.
    pub(crate) fn success_schema(&self) -> Option<String> {
        let (status, _) = self
            .responses()
            .find(|(status, _)| status.starts_with('2'))?;
        self.media_schema(&["responses", status])
    }

    fn media_schema(&self, at: &[&str]) -> Option<String> {
        let mut keys = at.to_vec();
        keys.extend(["content", "application/json", "schema"]);
        let mut pointer = self.pointer.clone();
        let mut value = self.value;
        for key in keys {
            value = value.get(key)?;
            pointer = format!("{pointer}/{}", escape_pointer(key));
        }
        Some(pointer)
    }
}
