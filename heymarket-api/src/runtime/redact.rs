//! Takes what must not be seen out of a server's message.

use serde_json::Value;

use crate::operations::SENSITIVE;

/// A phone number has at least this many digits; an id of today has fewer.
const PHONE_DIGITS: usize = 10;

/// Shorter values would match by chance.
const SHORTEST_VALUE: usize = 3;

/// Hides the values that `request` sent in sensitive members, whatever looks
/// like a phone number, an e-mail address or a token, and `secrets`.
pub(super) fn redact(message: &str, request: Option<&[u8]>, secrets: &[&str]) -> String {
    let mut text = message.to_owned();
    for secret in secrets
        .iter()
        .filter(|secret| secret.len() >= SHORTEST_VALUE)
    {
        text = text.replace(secret, "[secret]");
    }
    if let Some(request) = request
        && let Ok(request) = serde_json::from_slice(request)
    {
        let mut values = Vec::new();
        collect(&request, false, &mut values);
        // Longer ones first, so that none is hidden in part.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        for value in values {
            text = text.replace(&value, "[hidden]");
        }
    }
    hide_phones(&hide_words(&text))
}

/// The texts in sensitive members.
fn collect(value: &Value, is_sensitive: bool, values: &mut Vec<String>) {
    match value {
        Value::String(text) if is_sensitive && text.len() >= SHORTEST_VALUE => {
            values.push(text.clone());
        }
        Value::Array(items) => {
            for item in items {
                collect(item, is_sensitive, values);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                if is_sensitive && key.len() >= SHORTEST_VALUE {
                    values.push(key.clone());
                }
                let is_sensitive = is_sensitive || SENSITIVE.contains(&key.as_str());
                collect(value, is_sensitive, values);
            }
        }
        _ => {}
    }
}

/// Hides e-mail addresses and tokens.
fn hide_words(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_address = bare
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        let is_token = bare.starts_with("eyJ") || bare.starts_with("sk_");
        if is_address {
            word.replace(bare, "[hidden]")
        } else if is_token {
            word.replace(bare, "[secret]")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Hides runs of digits as long as a phone number, with what is put between
/// the digits of one.
fn hide_phones(text: &str) -> String {
    let mut hidden = String::new();
    let mut run = String::new();
    for c in text.chars().chain(['\0']) {
        let continues = match c {
            '0'..='9' | '+' | '(' => true,
            ' ' | '-' | '.' | ')' => !run.is_empty(),
            _ => false,
        };
        if continues {
            run.push(c);
            continue;
        }
        let digits = run.chars().filter(char::is_ascii_digit).count();
        if digits >= PHONE_DIGITS {
            let number = run.trim_end_matches([' ', '-', '.', '(']);
            hidden.push_str("[hidden]");
            hidden.push_str(&run[number.len()..]);
        } else {
            hidden.push_str(&run);
        }
        run.clear();
        if c != '\0' {
            hidden.push(c);
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn phones_addresses_and_tokens_are_hidden_and_ids_are_not() {
        let cases = [
            ("no 15550100101 here", "no [hidden] here"),
            ("no +1 (555) 010-0101, sorry", "no [hidden], sorry"),
            (
                "conversation 90010011 not found",
                "conversation 90010011 not found",
            ),
            ("ask person@example.com.", "ask [hidden]."),
            ("bad token eyJhbGciOi.x.y!", "bad token [secret]!"),
            ("field (x) at 10:15", "field (x) at 10:15"),
        ];
        for (message, expected) in cases {
            assert_eq!(redact(message, None, &[]), expected);
        }
    }

    #[test]
    fn what_the_request_said_in_confidence_is_hidden() {
        let request = br#"{"inbox_id":41001,"target":"person-without-digits"}"#;
        assert_eq!(
            redact("nobody is person-without-digits", Some(request), &[]),
            "nobody is [hidden]"
        );
        assert_eq!(
            redact("key s3same refused", None, &["s3same"]),
            "key [secret] refused"
        );
    }
}
