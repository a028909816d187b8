//! The values of flags.

use serde_json::Value;

/// A phone number, as the API takes it: digits alone. What people put between
/// them is taken out.
pub(super) fn phone(text: &str) -> Result<String, String> {
    let number: String = text
        .strip_prefix('+')
        .unwrap_or(text)
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
        .collect();
    if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) {
        Ok(number)
    } else {
        Err("a phone number is its digits with the country code, as in 15550100101".to_owned())
    }
}

/// JSON, or else a string.
pub(super) fn json(text: &str) -> Result<Value, String> {
    if text.starts_with(['{', '[', '"']) {
        return serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"));
    }
    Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

#[cfg(test)]
mod tests {
    use super::{json, phone};

    #[test]
    fn a_phone_number_is_read_however_it_is_written() {
        for text in [
            "15550100101",
            "+15550100101",
            "+1 (555) 010-0101",
            "1.555.010.0101",
        ] {
            assert_eq!(phone(text).as_deref(), Ok("15550100101"), "{text}");
        }
        for text in ["", "+", "555-CALL", "1555010010x"] {
            assert!(phone(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_looks_like_json_must_be_json() {
        assert_eq!(json("7"), Ok(7.into()));
        assert_eq!(json("a word"), Ok("a word".into()));
        assert!(json("{\"a\":").is_err());
    }
}
