//! Examples have invented data only: phone numbers of the range that is kept for
//! fiction, and addresses at example.com.

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::schema;
use crate::yaml::escape_pointer;

/// How an invented phone number begins; four digits follow.
const INVENTED_PHONE: &str = "1555010";

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk(
        &bundle.document,
        String::new(),
        false,
        &mut |pointer, text| {
            let subject = schema::describe(pointer);
            if phones(text).any(|phone| !is_invented(phone)) {
                findings.push(bundle.finding(
                    pointer,
                    subject.clone(),
                    "an example has a phone number outside of the invented range",
                    format!("write {INVENTED_PHONE} and four digits"),
                ));
            }
            if addresses(text).any(|domain| !is_example(domain)) {
                findings.push(bundle.finding(
                    pointer,
                    subject,
                    "an example has an email address that may be someone's",
                    "write an address at example.com",
                ));
            }
        },
    );
    findings
}

/// Calls `visitor` with each text of an example, and each key of one: keys may
/// be phone numbers.
fn walk(value: &Value, pointer: String, in_example: bool, visitor: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(members) => {
            let holds_names = pointer.ends_with("/properties");
            for (key, value) in members {
                let pointer = format!("{pointer}/{}", escape_pointer(key));
                if in_example {
                    visitor(&pointer, key);
                }
                let begins = matches!(key.as_str(), "example" | "examples") && !holds_names;
                walk(value, pointer, in_example || begins, visitor);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{index}"), in_example, visitor);
            }
        }
        Value::String(text) if in_example => visitor(&pointer, text),
        _ => {}
    }
}

/// What looks like a phone number with its country code, which never begins
/// with a zero.
fn phones(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        is_number && (10..=15).contains(&word.len()) && !word.starts_with('0')
    })
}

fn is_invented(phone: &str) -> bool {
    phone.starts_with(INVENTED_PHONE) && phone.len() == INVENTED_PHONE.len() + 4
}

/// The domains of email addresses.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let is_of_domain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    text.split('@')
        .skip(1)
        .map(move |rest| {
            let end = rest.find(|c: char| !is_of_domain(c)).unwrap_or(rest.len());
            rest[..end].trim_end_matches('.')
        })
        .filter(|domain| domain.contains('.'))
}

/// Whether a domain is one of those that are kept for examples.
fn is_example(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    ["example.com", "example.net", "example.org"]
        .iter()
        .any(|kept| domain == *kept || domain.ends_with(&format!(".{kept}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_told_from_other_digits() {
        let found: Vec<&str> =
            phones("call +12025550143, not 2026-05-07 or 0000000000a1").collect();
        assert_eq!(found, ["12025550143"]);
        assert!(is_invented("15550100101"));
        assert!(!is_invented("15550200101"));
    }

    #[test]
    fn an_address_is_at_a_domain_for_examples() {
        let domains: Vec<&str> = addresses("to: a@example.com, b@mail.example.org.").collect();
        assert_eq!(domains, ["example.com", "mail.example.org"]);
        assert!(domains.iter().all(|domain| is_example(domain)));
        assert!(!is_example("badexample.com"));
    }
}
