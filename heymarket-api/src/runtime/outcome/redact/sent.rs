//! The values of a request: which are sensitive, and which are public.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::text::folded;
use crate::operations::SENSITIVE;
use crate::runtime::outcome::decode::is_name;

/// The parts of a request that a server's message may echo.
pub(crate) struct Sent<'a> {
    /// The operation and the path, whose words are public.
    pub(crate) names: [&'a str; 2],
    /// The JSON body.
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) query: Vec<(String, String)>,
    /// Credentials, and headers that the caller added.
    pub(crate) secrets: Vec<&'a str>,
}

/// The values of a request.
#[derive(Default)]
pub(super) struct Values {
    /// The sensitive values.
    pub(super) sensitive: Vec<Cow<'static, str>>,
    /// Names of members, and numbers that are IDs, folded.
    public: HashSet<Vec<u8>>,
}

impl Values {
    /// Returns `None` if the body is not JSON.
    pub(super) fn of(sent: &Sent<'_>) -> Option<Self> {
        let mut values = Self::default();
        for name in SENSITIVE.iter().chain(&sent.names) {
            values.add_name(name);
        }
        if let Some(body) = sent.body {
            values.add(&serde_json::from_slice(body).ok()?, false);
        }
        for (name, value) in &sent.query {
            let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && is_id(name) {
                values.public.insert(folded(value));
            } else {
                values.sensitive.push(value.clone().into());
            }
        }
        Some(values)
    }

    /// Returns whether a folded word is public.
    pub(super) fn is_public(&self, word: &[u8]) -> bool {
        word.is_empty() || self.public.contains(word)
    }

    fn add(&mut self, value: &Value, is_sensitive: bool) {
        match value {
            Value::String(text) if is_sensitive => self.sensitive.push(text.clone().into()),
            Value::Number(number) if is_sensitive => {
                self.sensitive.push(number.to_string().into());
            }
            Value::Number(number) => {
                self.public.insert(folded(&number.to_string()));
            }
            Value::Array(items) => items.iter().for_each(|item| self.add(item, is_sensitive)),
            Value::Object(members) => {
                for (key, value) in members {
                    // Keys of some maps are phone numbers.
                    if is_sensitive && !is_name(key) {
                        self.sensitive.push(key.clone().into());
                    } else {
                        self.add_name(key);
                    }
                    let is_id = value.is_number() && is_id(key);
                    let is_sensitive = is_sensitive || SENSITIVE.contains(&key.as_str());
                    self.add(value, is_sensitive && !is_id);
                }
            }
            _ => {}
        }
    }

    /// Adds a name and its parts, such as `phone_number`, `phone` and `number`.
    fn add_name(&mut self, name: &str) {
        self.public.insert(folded(name));
        let parts = name.split(|c: char| !c.is_alphanumeric());
        self.public.extend(parts.map(folded));
    }
}

/// Returns whether a name is that of an ID, such as `tag_id` or `inboxID`.
fn is_id(name: &str) -> bool {
    name == "id" || name.ends_with("_id") || name.ends_with("ID")
}
