//! Formats a value of an answer as a cell.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::names::{self, Names};
use super::plain;

/// How cells for people are formatted.
#[derive(Clone, Debug)]
pub(crate) struct Formatter {
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    /// Times in UTC and in full.
    pub(crate) utc: bool,
    pub(crate) names: Names,
}

impl Formatter {
    /// Creates a formatter for the local time zone, without names.
    pub(crate) fn new(utc: bool) -> Self {
        Self {
            now: Timestamp::now(),
            zone: if utc {
                TimeZone::UTC
            } else {
                TimeZone::system()
            },
            utc,
            names: Names::default(),
        }
    }

    /// Formats a column of a row for people: relative times, names in place of IDs.
    pub(crate) fn cell(&self, row: &Value, column: &str) -> String {
        let value = self.field(row, column);
        let name = column.rsplit('.').next().unwrap_or(column);
        let text = match value.as_deref() {
            Some(Value::String(text)) => match text.parse::<Timestamp>() {
                Ok(time) => self.time(time),
                Err(_) => text.clone(),
            },
            Some(Value::Bool(true)) if name == "unread" => "●".to_owned(),
            Some(Value::Bool(is_set)) => if *is_set { "yes" } else { "" }.to_owned(),
            Some(Value::Number(id)) if names::is_reference(name) => match id.as_i64() {
                Some(0) | None => String::new(),
                Some(id) => match self.names.of(name, id) {
                    Some(name) => name.to_owned(),
                    None => id.to_string(),
                },
            },
            other => text(other),
        };
        plain::one_line(&text).into_owned()
    }

    /// Returns a column of a row. `inbox.name` is the name of an inbox even where
    /// the row has only its ID.
    pub(crate) fn field<'a>(
        &self,
        row: &'a Value,
        column: &str,
    ) -> Option<std::borrow::Cow<'a, Value>> {
        use std::borrow::Cow;
        if let Some(value) = field(row, column) {
            return Some(Cow::Borrowed(value));
        }
        let parent = column.strip_suffix(".name")?;
        let id = field(row, parent)?.as_i64()?;
        let member = parent.rsplit('.').next().unwrap_or(parent);
        let name = self.names.of(member, id)?;
        Some(Cow::Owned(Value::String(name.to_owned())))
    }

    /// Formats a time: relative if it is near, else the date.
    pub(crate) fn time(&self, time: Timestamp) -> String {
        // Go's zero time means that the time is unset.
        if time < Timestamp::UNIX_EPOCH {
            return String::new();
        }
        if self.utc {
            return time.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        }
        let age = time.duration_until(self.now);
        relative(age).unwrap_or_else(|| {
            let local = time.to_zoned(self.zone.clone());
            local.strftime("%Y-%m-%d").to_string()
        })
    }
}

/// Returns a column of a row, as a path of members: `content.text`.
pub(crate) fn field<'a>(row: &'a Value, column: &str) -> Option<&'a Value> {
    if let Some(value) = row.get(column) {
        return Some(value);
    }
    let mut value = row;
    for name in column.split('.') {
        value = value.get(name)?;
    }
    Some(value)
}

/// Formats a value for programs: as the server wrote it, except that objects are
/// named.
pub(crate) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if !items.iter().any(Value::is_array) => {
            let items: Vec<_> = items.iter().map(|item| text(Some(item))).collect();
            items.join(", ")
        }
        Some(Value::Object(members)) => {
            let named = ["name", "id"].iter().find_map(|key| members.get(*key));
            match named.filter(|value| !value.is_null()) {
                Some(named) => text(Some(named)),
                None => Value::Object(members.clone()).to_string(),
            }
        }
        Some(other) => other.to_string(),
    }
}

/// Formats a value for a spreadsheet. Text that a spreadsheet could run as a
/// formula gets an apostrophe prefix; numbers, phone numbers and lists of them do
/// not.
pub(crate) fn spreadsheet(value: Option<&Value>) -> String {
    let text = text(value);
    let is_formula = text.starts_with(FORMULA_STARTS) && !text.split(", ").all(is_number);
    if is_formula { format!("'{text}") } else { text }
}

/// The first characters of formulas: OWASP's list and their full-width forms.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The number of digits in a phone number with its country code.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Returns whether a text is only a number or a phone number.
fn is_number(text: &str) -> bool {
    is_phone(text) || (has_only(text, "+-.eE") && text.parse::<f64>().is_ok())
}

/// Returns whether a text is an international phone number with a plus sign.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.strip_prefix('+')
        .is_some_and(|rest| !rest.contains('+'))
        && has_only(text, "+ -.()")
        && PHONE_DIGITS.contains(&digits)
}

/// Returns whether a text looks like a phone number, with or without a plus sign.
pub(crate) fn looks_like_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_only(text: &str, others: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_digit() || others.contains(c))
}

/// Formats the age of a time in its largest unit: `3 h ago`, `in 2 d`. Returns
/// `None` if it is more than a week.
fn relative(age: SignedDuration) -> Option<String> {
    let seconds = age.as_secs().unsigned_abs();
    let (number, unit) = match seconds {
        0..60 => return Some("now".to_owned()),
        60..3600 => (seconds / 60, "min"),
        3600..86_400 => (seconds / 3600, "h"),
        86_400..604_800 => (seconds / 86_400, "d"),
        _ => return None,
    };
    Some(if age.is_negative() {
        format!("in {number} {unit}")
    } else {
        format!("{number} {unit} ago")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_near_time_is_relative_and_a_far_one_is_a_date() {
        let shown = |seconds| relative(SignedDuration::from_secs(seconds));
        assert_eq!(shown(5).as_deref(), Some("now"));
        assert_eq!(shown(3599).as_deref(), Some("59 min ago"));
        assert_eq!(shown(7200).as_deref(), Some("2 h ago"));
        assert_eq!(shown(-86_400 * 3).as_deref(), Some("in 3 d"));
        assert_eq!(shown(86_400 * 8), None);
        let mut formatter = Formatter::new(false);
        formatter.zone = TimeZone::UTC;
        formatter.now = "2026-05-07T12:00:00Z".parse().expect("a time");
        let row = json!({"a": "2026-05-07T10:00:00.5Z", "b": "2026-04-01T10:00:00Z", "c": "0001-01-01T00:00:00Z"});
        assert_eq!(formatter.cell(&row, "a"), "1 h ago");
        assert_eq!(formatter.cell(&row, "b"), "2026-04-01");
        assert_eq!(formatter.cell(&row, "c"), "");
        formatter.utc = true;
        assert_eq!(formatter.cell(&row, "a"), "2026-05-07 10:00:00Z");
    }

    #[test]
    fn a_cell_shows_the_name_of_a_value() {
        let row = json!({
            "assigned": {"id": 7, "name": "Ada"}, "inbox": {"id": 41001},
            "phones": ["1", "2"], "content": {"text": "Hi"}, "none": null,
        });
        let cell = |column| text(field(&row, column));
        assert_eq!(cell("assigned"), "Ada");
        assert_eq!(cell("inbox"), "41001");
        assert_eq!(cell("phones"), "1, 2");
        assert_eq!(cell("content.text"), "Hi");
        assert_eq!(cell("none"), "");
        assert_eq!(cell("nowhere"), "");
    }

    #[test]
    fn an_id_of_an_inbox_or_a_member_is_shown_by_name() {
        let mut formatter = Formatter::new(true);
        formatter.names.inboxes.insert(41001, "Support".to_owned());
        formatter
            .names
            .members
            .insert(50001, "Robin Owner".to_owned());
        let row =
            json!({"inbox": 41001, "assigned": 50001, "user": 0, "creator_id": 7, "id": 41001});
        let cell = |column| formatter.cell(&row, column);
        assert_eq!(cell("inbox"), "Support");
        assert_eq!(cell("inbox.name"), "Support");
        assert_eq!(cell("assigned.name"), "Robin Owner");
        assert_eq!(cell("user"), "");
        assert_eq!(cell("creator_id"), "7");
        assert_eq!(cell("id"), "41001");
    }
}
