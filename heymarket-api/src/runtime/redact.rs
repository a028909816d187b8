//! Takes what must not be seen out of a server's message.

use serde_json::Value;

use crate::operations::SENSITIVE;

/// A phone number has at least this many digits; an id of today has fewer.
const PHONE_DIGITS: usize = 10;

/// Shorter values would match by chance.
const SHORTEST_VALUE: usize = 3;

/// Hides the values that a request sent in sensitive members of its body and in
/// its query, whatever looks like a phone number, an e-mail address or a token,
/// and `secrets`.
pub(super) fn redact(
    message: &str,
    body: Option<&[u8]>,
    query: Vec<String>,
    secrets: &[&str],
) -> String {
    let mut text = message.to_owned();
    for secret in secrets
        .iter()
        .filter(|secret| secret.len() >= SHORTEST_VALUE)
    {
        text = text.replace(secret, "[secret]");
    }
    let mut values = query;
    values.retain(|value| value.len() >= SHORTEST_VALUE);
    if let Some(body) = body.and_then(|body| serde_json::from_slice(body).ok()) {
        collect(&body, false, &mut values);
    }
    // Longer ones first, so that none is hidden in part.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in values {
        text = text.replace(&value, "[hidden]");
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
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_address = bare
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        if is_address {
            return word.replace(bare, "[hidden]");
        }
        match ["eyJ", "sk_"].iter().find_map(|start| word.find(start)) {
            None => word.to_owned(),
            Some(start) => {
                let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
                let rest = word[start..].trim_start_matches(is_token);
                format!("{}[secret]{rest}", &word[..start])
            }
        }
    });
    words.collect()
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
            (
                "bad token=eyJhbGciOi.x.y, sk_1",
                "bad token=[secret], [secret]",
            ),
            ("field (x) at 10:15", "field (x) at 10:15"),
        ];
        for (message, expected) in cases {
            assert_eq!(redact(message, None, Vec::new(), &[]), expected);
        }
    }

    #[test]
    fn what_the_request_said_in_confidence_is_hidden() {
        let request = br#"{"inbox_id":41001,"target":"person-without-digits"}"#;
        assert_eq!(
            redact(
                "nobody is person-without-digits",
                Some(request),
                Vec::new(),
                &[]
            ),
            "nobody is [hidden]"
        );
        assert_eq!(
            redact(
                "key s3same refused",
                None,
                vec!["refused".to_owned()],
                &["s3same"]
            ),
            "key [secret] [hidden]"
        );
    }
}
