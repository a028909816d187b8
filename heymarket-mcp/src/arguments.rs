//! The arguments of a call, checked by the tool's schema.

use rmcp::model::JsonObject;
use serde_json::Value;

use crate::error::ToolError;

/// The longest text to search for, in characters.
const MAX_QUERY: usize = 200;

/// The arguments of a call. `null` counts as absent.
pub(crate) struct Arguments(JsonObject);

impl Arguments {
    /// Checks the arguments: their names, their types, and that none is missing. The API
    /// client checks the members of objects and lists. Clients that guess types send a
    /// phone number as an integer, which is read as its digits.
    pub(crate) fn check(schema: &JsonObject, mut given: JsonObject) -> Result<Self, ToolError> {
        given.retain(|_, value| !value.is_null());
        let empty = JsonObject::new();
        let known = schema.get("properties").and_then(Value::as_object);
        let known = known.unwrap_or(&empty);
        for (name, value) in &mut given {
            let Some(property) = known.get(name) else {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let given = if name.len() <= 40 {
                    name
                } else {
                    "(a long name)"
                };
                return Err(ToolError::refused(format!(
                    "unknown argument {given:?}; the arguments are: {}",
                    names.join(", ")
                )));
            };
            let is_text = property
                .get("type")
                .is_some_and(|wanted| wanted == "string");
            if is_text && (value.is_i64() || value.is_u64()) {
                *value = Value::String(value.to_string());
            }
            check_type(name, property, value)?;
        }
        let required = schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        let missing: Vec<&str> = required.filter(|name| !given.contains_key(*name)).collect();
        if missing.is_empty() {
            Ok(Self(given))
        } else {
            let missing = missing.join(", ");
            Err(ToolError::refused(format!("missing arguments: {missing}")))
        }
    }

    pub(crate) fn into_inner(self) -> JsonObject {
        self.0
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// Returns a text that is not blank.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.get(name)?.as_str()?;
        (!text.trim().is_empty()).then_some(text)
    }

    /// Returns the words to search for, in lower case. They are few, since each is compared
    /// with every item.
    pub(crate) fn words(&self, name: &str) -> Result<Vec<String>, ToolError> {
        let query = self.text(name).unwrap_or_default();
        if query.chars().count() > MAX_QUERY {
            return Err(ToolError::refused(format!(
                "{name} has at most {MAX_QUERY} characters"
            )));
        }
        let words = query.split_whitespace();
        Ok(words.map(str::to_lowercase).collect())
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    pub(crate) fn list(&self, name: &str) -> &[Value] {
        let list = self.get(name).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }

    /// Returns an integer that must be there.
    pub(crate) fn required_integer(&self, name: &str) -> Result<i64, ToolError> {
        let value = self.integer(name);
        value.ok_or_else(|| ToolError::refused(format!("missing arguments: {name}")))
    }

    /// Returns a text that must be there.
    pub(crate) fn required_text(&self, name: &str) -> Result<&str, ToolError> {
        let value = self.text(name);
        value.ok_or_else(|| ToolError::refused(format!("{name} is missing or blank")))
    }

    /// Returns how many items to return at most.
    pub(crate) fn limit(&self, by_default: usize, most: usize) -> Result<usize, ToolError> {
        match self.integer("limit") {
            None => Ok(by_default),
            Some(limit) => match usize::try_from(limit) {
                Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
                _ => Err(ToolError::refused(format!("limit is from 1 to {most}"))),
            },
        }
    }
}

fn check_type(name: &str, property: &Value, value: &Value) -> Result<(), ToolError> {
    let Some(wanted) = property.get("type").and_then(Value::as_str) else {
        return Ok(());
    };
    let is_right = match wanted {
        "integer" => value.is_i64(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        _ => true,
    };
    let choices = property.get("enum").and_then(Value::as_array);
    if !is_right {
        let found = kind(value);
        return Err(ToolError::refused(format!(
            "{name}: expected {wanted}, found {found}"
        )));
    }
    match choices {
        Some(choices) if !choices.contains(value) => {
            let choices: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
            let choices = choices.join(", ");
            Err(ToolError::refused(format!("{name} is one of: {choices}")))
        }
        _ => Ok(()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(given: Value) -> Result<Arguments, String> {
        let schema = json!({
            "properties": {"id": {"type": "integer"}, "to": {"type": "string"}},
            "required": ["id"],
        });
        let schema = schema.as_object().expect("an object");
        let given = given.as_object().expect("an object").clone();
        Arguments::check(schema, given).map_err(|error| match error {
            ToolError::Refused(message) => message,
            other => panic!("{other:?}"),
        })
    }

    fn problem(given: Value) -> String {
        check(given).err().expect("a problem")
    }

    #[test]
    fn a_problem_names_the_argument_and_no_value() {
        assert_eq!(problem(json!({})), "missing arguments: id");
        assert_eq!(problem(json!({"id": null})), "missing arguments: id");
        let text = problem(json!({"id": "15550100101"}));
        assert_eq!(text, "id: expected integer, found a string");
        let unknown = problem(json!({"id": 1, "ids": 2}));
        assert_eq!(
            unknown,
            "unknown argument \"ids\"; the arguments are: id, to"
        );
    }

    #[test]
    fn an_integer_is_a_text_where_one_is_wanted() {
        let arguments = check(json!({"id": 1, "to": 15_550_100_101_i64})).expect("it is right");
        assert_eq!(arguments.text("to"), Some("15550100101"));
        let text = problem(json!({"id": 1, "to": 1.5}));
        assert_eq!(text, "to: expected string, found a number");
    }

    #[test]
    fn a_long_query_is_refused() {
        let words = |to: &str| {
            let arguments = check(json!({"id": 1, "to": to})).expect("it is right");
            arguments.words("to").ok()
        };
        assert_eq!(
            words(" Avery  E. "),
            Some(vec!["avery".to_owned(), "e.".to_owned()])
        );
        assert!(words(&"é".repeat(MAX_QUERY)).is_some());
        assert_eq!(words(&"é".repeat(MAX_QUERY + 1)), None);
    }

    #[test]
    fn null_counts_as_absent() {
        let arguments = check(json!({"id": 1, "to": null})).expect("it is right");
        assert_eq!(arguments.integer("id"), Some(1));
        assert_eq!(arguments.text("to"), None);
    }
}
