//! Finds and sorts the rows of an answer.

use std::cmp::Ordering;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cell::Formatter;
use super::shape::Shape;
use crate::failure::Failure;

/// Returns the items of an answer as JSON texts. An answer that is no list is its
/// only item.
pub(super) fn texts(json: &str, shape: Shape) -> Result<Vec<String>, Failure> {
    let text = |item: Box<RawValue>| item.get().to_owned();
    if let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(json) {
        return Ok(items.into_iter().map(text).collect());
    }
    let value = value(json)?;
    Ok(match of(&value, shape) {
        Some(rows) => rows.iter().map(Value::to_string).collect(),
        None => vec![json.to_owned()],
    })
}

/// Returns the rows of an answer, if it has any.
pub(crate) fn of(value: &Value, shape: Shape) -> Option<&Vec<Value>> {
    match value {
        Value::Array(rows) => Some(rows),
        Value::Object(members) => {
            let named = shape.items.and_then(|name| members.get(name));
            named.or_else(|| wrapped(members, shape))?.as_array()
        }
        _ => None,
    }
}

/// Parses a JSON text.
///
/// # Errors
///
/// Returns an error if a number exceeds every type, such as `1e400`.
pub(super) fn value(json: &str) -> Result<Value, Failure> {
    serde_json::from_str(json).map_err(|_| {
        Failure::other("the answer has a number that is too large for a table; use --json")
    })
}

/// Returns the only array of an answer that is not a row itself: some lists come
/// with an object around them.
fn wrapped(members: &Map<String, Value>, shape: Shape) -> Option<&Value> {
    let is_row = shape
        .columns
        .iter()
        .any(|column| members.contains_key(*column));
    let mut lists = members.values().filter(|value| value.is_array());
    let list = lists.next()?;
    (!is_row && members.len() == 1).then_some(list)
}

/// A column to sort by.
#[derive(Clone, Debug)]
pub(super) struct Sort {
    column: String,
    is_descending: bool,
}

impl Sort {
    /// Parses the value of `--sort`.
    pub(super) fn parse(text: &str) -> Self {
        match text.strip_prefix('-') {
            Some(column) => Self {
                column: column.to_owned(),
                is_descending: true,
            },
            None => Self {
                column: text.to_owned(),
                is_descending: false,
            },
        }
    }

    /// Sorts rows by the column: numbers by value, texts without regard to case,
    /// missing values last.
    pub(super) fn apply<T>(
        &self,
        rows: &mut [T],
        row: impl Fn(&T) -> &Value,
        formatter: &Formatter,
    ) {
        rows.sort_by(|a, b| {
            let a = formatter.field(row(a), &self.column);
            let b = formatter.field(row(b), &self.column);
            let is_missing = |value: &Option<std::borrow::Cow<'_, Value>>| {
                value.as_deref().is_none_or(Value::is_null)
            };
            match (is_missing(&a), is_missing(&b)) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => {
                    let order = compare(a.as_deref(), b.as_deref());
                    if self.is_descending {
                        order.reverse()
                    } else {
                        order
                    }
                }
            }
        });
    }
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            let number = |n: &serde_json::Number| n.as_f64().unwrap_or_default();
            number(a).total_cmp(&number(b))
        }
        (a, b) => super::cell::text(a)
            .to_lowercase()
            .cmp(&super::cell::text(b).to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_sort_by_value_and_missing_ones_are_last() {
        let sorted = |by: &str, rows: Value| {
            let mut rows = rows.as_array().cloned().expect("rows");
            let formatter = Formatter::new(true);
            Sort::parse(by).apply(&mut rows, |row| row, &formatter);
            Value::Array(rows)
        };
        let rows = json!([{"a": 10}, {"a": 9}, {}, {"a": 11}]);
        assert_eq!(
            sorted("a", rows.clone()),
            json!([{"a": 9}, {"a": 10}, {"a": 11}, {}])
        );
        assert_eq!(
            sorted("-a", rows),
            json!([{"a": 11}, {"a": 10}, {"a": 9}, {}])
        );
        let names = json!([{"a": "b"}, {"a": "A"}]);
        assert_eq!(sorted("a", names), json!([{"a": "A"}, {"a": "b"}]));
    }
}
