//! The fields of `-f` and `-F`, which work as those of GitHub's `gh api`.

use std::fs;
use std::io::{self, Read as _};

use serde_json::{Map, Value};

use crate::failure::Failure;

/// Returns the object that the fields describe.
pub(super) fn read(raw: &[String], typed: &[String]) -> Result<Value, Failure> {
    let mut object = Value::Object(Map::new());
    for field in raw {
        let (key, value) = split(field)?;
        put(&mut object, key, value.into())?;
    }
    for field in typed {
        let (key, value) = split(field)?;
        put(&mut object, key, magic(value)?)?;
    }
    Ok(object)
}

/// Returns the fields as query parameters.
pub(super) fn query(fields: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut parameters = Vec::new();
    for (name, value) in fields.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) => {
                parameters.extend(items.iter().map(|item| (name.clone(), text(item))));
            }
            value => parameters.push((name.clone(), text(value))),
        }
    }
    parameters
}

fn split(field: &str) -> Result<(&str, &str), Failure> {
    field
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| Failure::usage("-f and -F take KEY=VALUE"))
}

/// Parses a value of `-F`.
fn magic(value: &str) -> Result<Value, Failure> {
    if let Some(path) = value.strip_prefix('@') {
        let unreadable = |error: io::Error| Failure::usage(format!("-F: {path}: {error}"));
        let mut text = String::new();
        if path == "-" {
            io::stdin().read_to_string(&mut text).map_err(unreadable)?;
        } else {
            text = fs::read_to_string(path).map_err(unreadable)?;
        }
        return Ok(text.into());
    }
    Ok(match value {
        "true" => true.into(),
        "false" => false.into(),
        "null" => Value::Null,
        other => match other.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => other.into(),
        },
    })
}

/// Sets the value of a key: `a`, `a[b]`, `a[]`.
fn put(object: &mut Value, key: &str, value: Value) -> Result<(), Failure> {
    let unfit = || {
        Failure::usage(format!(
            "the key {key:?} conflicts with another, or is not of the form a, a[b] or a[]"
        ))
    };
    let (first, rest) = key.split_at(key.find('[').unwrap_or(key.len()));
    let mut parts = vec![first];
    let mut rest = rest;
    while let Some(inner) = rest.strip_prefix('[') {
        let (part, after) = inner.split_once(']').ok_or_else(unfit)?;
        parts.push(part);
        rest = after;
    }
    if !rest.is_empty() || first.is_empty() {
        return Err(unfit());
    }
    let mut place = object;
    for part in parts {
        if part.is_empty() {
            if place.is_null() {
                *place = Value::Array(Vec::new());
            }
            let items = place.as_array_mut().ok_or_else(unfit)?;
            items.push(Value::Null);
            place = items.last_mut().ok_or_else(unfit)?;
        } else {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            let members = place.as_object_mut().ok_or_else(unfit)?;
            place = members.entry(part).or_insert(Value::Null);
        }
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{query, read};
    use serde_json::{Value, json};

    fn fields(raw: &[&str], typed: &[&str]) -> Option<Value> {
        let own = |fields: &[&str]| fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
        read(&own(raw), &own(typed)).ok()
    }

    #[test]
    fn a_field_is_a_string_or_typed() {
        let expected = json!({"a": "1", "b": 1, "c": true, "d": null, "e": "x=y"});
        let made = fields(&["a=1"], &["b=1", "c=true", "d=null", "e=x=y"]);
        assert_eq!(made, Some(expected));
    }

    #[test]
    fn keys_nest() {
        let made = fields(
            &[],
            &[
                "filters[inboxes][]=1",
                "filters[inboxes][]=2",
                "filters[unread]=true",
            ],
        );
        assert_eq!(
            made,
            Some(json!({"filters": {"inboxes": [1, 2], "unread": true}}))
        );
        for unfit in ["a[b=1", "=1", "[a]=1", "a]=1x[", "a"] {
            assert_eq!(
                fields(&[unfit], &[]),
                (unfit == "a]=1x[").then(|| json!({"a]": "1x["})),
                "{unfit}"
            );
        }
        assert_eq!(fields(&["a=1", "a[b]=2"], &[]), None);
    }

    #[test]
    fn each_item_of_a_list_is_a_query_parameter() {
        let pairs = query(&json!({"a": ["x", 2], "b": true}));
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(pairs, [("a", "x"), ("a", "2"), ("b", "true")]);
    }
}
