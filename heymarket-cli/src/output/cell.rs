//! A value of an answer as a cell of a table.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::plain;

/// The member of a row that a column names.
pub(crate) fn member<'a>(row: &'a Value, column: &str) -> Option<&'a Value> {
    let mut value = row;
    for name in column.split('.') {
        value = value.get(name)?;
    }
    Some(value)
}

/// A value for people: times local and relative, objects by their names.
pub(crate) fn for_people(value: Option<&Value>, now: Timestamp) -> String {
    match value {
        Some(Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(time) => local(time, now),
            Err(_) => plain::one_line(text).into_owned(),
        },
        other => plain::one_line(&for_programs(other)).into_owned(),
    }
}

/// A value as text, as the server wrote it where it is no object.
pub(crate) fn for_programs(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if !items.iter().any(|item| item.is_array()) => {
            let items: Vec<_> = items.iter().map(|item| for_programs(Some(item))).collect();
            items.join(", ")
        }
        Some(Value::Object(members)) => {
            let named = ["name", "id"].iter().find_map(|key| members.get(*key));
            match named.filter(|value| !value.is_null()) {
                Some(named) => for_programs(Some(named)),
                None => Value::Object(members.clone()).to_string(),
            }
        }
        Some(other) => other.to_string(),
    }
}

/// Formats a value for a spreadsheet. Text that a spreadsheet could run as a
/// formula gets an apostrophe before it; numbers, phone numbers and lists of them
/// do not.
pub(crate) fn for_spreadsheets(value: Option<&Value>) -> String {
    let text = for_programs(value);
    let is_formula = text.starts_with(BEGINS_FORMULA) && !text.split(", ").all(is_number);
    if is_formula { format!("'{text}") } else { text }
}

/// The first characters of formulas: OWASP's list, with full-width forms.
const BEGINS_FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Returns whether the text is only a number or a phone number.
fn is_number(text: &str) -> bool {
    let has_only = |others: &str| {
        let mut chars = text.chars();
        chars.all(|c| c.is_ascii_digit() || others.contains(c))
    };
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_phone = text
        .strip_prefix('+')
        .is_some_and(|rest| !rest.contains('+'))
        && has_only("+ -.()")
        && PHONE_DIGITS.contains(&digits);
    is_phone || (has_only("+-.eE") && text.parse::<f64>().is_ok())
}

/// How many digits a phone number has, with its country code.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// A time in the local time zone, and how long ago it is.
fn local(time: Timestamp, now: Timestamp) -> String {
    // Go's zero time means that there is none.
    if time < Timestamp::UNIX_EPOCH {
        return String::new();
    }
    let zoned = time.to_zoned(TimeZone::system());
    let day = zoned.strftime("%Y-%m-%d %H:%M");
    format!("{day} ({})", relative(time.duration_until(now)))
}

/// A duration in its largest unit: `3h ago`, `in 2d`.
fn relative(age: SignedDuration) -> String {
    let seconds = age.as_secs().unsigned_abs();
    let (number, unit) = match seconds {
        0..60 => return "now".to_owned(),
        60..3600 => (seconds / 60, "m"),
        3600..86_400 => (seconds / 3600, "h"),
        86_400..31_536_000 => (seconds / 86_400, "d"),
        _ => (seconds / 31_536_000, "y"),
    };
    if age.is_negative() {
        format!("in {number}{unit}")
    } else {
        format!("{number}{unit} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_duration_is_told_in_its_largest_unit() {
        let told = |seconds| relative(SignedDuration::from_secs(seconds));
        assert_eq!(told(5), "now");
        assert_eq!(told(3599), "59m ago");
        assert_eq!(told(7200), "2h ago");
        assert_eq!(told(-86_400 * 3), "in 3d");
        assert_eq!(told(86_400 * 800), "2y ago");
    }

    #[test]
    fn a_cell_shows_what_a_value_is_called() {
        let row = json!({
            "assigned": {"id": 7, "name": "Ada"}, "inbox": {"id": 41001},
            "phones": ["1", "2"], "content": {"text": "Hi"}, "none": null,
        });
        let cell = |column| for_programs(member(&row, column));
        assert_eq!(cell("assigned"), "Ada");
        assert_eq!(cell("inbox"), "41001");
        assert_eq!(cell("phones"), "1, 2");
        assert_eq!(cell("content.text"), "Hi");
        assert_eq!(cell("none"), "");
        assert_eq!(cell("nowhere"), "");
    }
}
