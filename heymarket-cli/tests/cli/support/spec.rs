//! The operations as the spec has them, to compare the commands with.

use std::path::Path;

use serde_json::{Map, Value};

/// An operation of `openapi/bundled.json`.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) value: Value,
}

/// The bundled document.
pub(crate) fn spec() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let path = root.expect("the project").join("openapi/bundled.json");
    let text = std::fs::read_to_string(path).expect("the spec");
    serde_json::from_str(&text).expect("JSON")
}

impl Operation {
    /// All of them.
    pub(crate) fn all(spec: &Value) -> Vec<Self> {
        let mut operations = Vec::new();
        for (path, item) in members(&spec["paths"]) {
            for (method, value) in members(item) {
                if value.get("operationId").is_none() {
                    continue;
                }
                let mut value = value.clone();
                let shared = item["parameters"].as_array().cloned().unwrap_or_default();
                let own = value["parameters"].as_array().cloned().unwrap_or_default();
                value["parameters"] = shared.into_iter().chain(own).collect();
                operations.push(Self {
                    id: value["operationId"].as_str().expect("an id").to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    value,
                });
            }
        }
        operations
    }

    /// The words of its command with the example of the spec.
    pub(crate) fn words(&self, command: &[String]) -> Vec<String> {
        let mut words = command.to_vec();
        words.extend(
            self.parameters("path")
                .into_iter()
                .map(|(_, example)| example),
        );
        for (name, example) in self.parameters("query") {
            words.push(format!("--{}={example}", kebab(&name)));
        }
        if let Some(example) = self.example() {
            words.extend(["--body".to_owned(), in_the_future(example).to_string()]);
        }
        words.push("--yes".to_owned());
        words
    }

    /// The first example of its body.
    pub(crate) fn example(&self) -> Option<&Value> {
        let media = self
            .value
            .pointer("/requestBody/content/application~1json")?;
        media.get("example").or_else(|| {
            let examples = media.get("examples")?.as_object()?;
            examples.values().next()?.get("value")
        })
    }

    /// The parameters in a place, with their examples.
    pub(crate) fn parameters(&self, place: &str) -> Vec<(String, String)> {
        let parameters = self.value["parameters"].as_array().expect("a list");
        parameters
            .iter()
            .filter(|parameter| parameter["in"] == place)
            .map(|parameter| {
                let name = parameter["name"].as_str().expect("a name").to_owned();
                let example = match &parameter["example"] {
                    Value::String(text) => text.clone(),
                    Value::Null => "phone".to_owned(),
                    other => other.to_string(),
                };
                (name, example)
            })
            .collect()
    }
}

pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE).iter()
}

/// Times of schedules must be ahead.
pub(crate) fn in_the_future(example: &Value) -> Value {
    let mut example = example.clone();
    if let Some(time) = example.get_mut("execute_at") {
        *time = "2999-01-01T12:00:00Z".into();
    }
    example
}

/// `inboxID` as `inbox-id`.
pub(crate) fn kebab(name: &str) -> String {
    let name = name.replace("ID", "_id").replace("Number", "_number");
    name.replace('_', "-")
}
