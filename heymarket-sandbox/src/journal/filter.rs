//! The filter of `GET /_sandbox/requests`.

use serde::Deserialize;

use super::entry::Entry;

/// Which requests to return. An empty filter matches all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filter {
    pub(crate) operation: Option<String>,
    pub(crate) method: Option<String>,
    /// A part of the path.
    pub(crate) path: Option<String>,
    /// A status such as `429`, a class such as `4xx`, or `none` for a connection
    /// that was closed.
    pub(crate) status: Option<String>,
    /// The ID of a rule that hit the request.
    pub(crate) rule: Option<u64>,
    /// The ID of a request; later ones match.
    pub(crate) after: Option<u64>,
    pub(crate) limit: Option<usize>,
}

impl Filter {
    /// Returns an error if the status cannot be parsed.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some(status) = &self.status else {
            return Ok(());
        };
        let is_class = |class: &str| matches!(class.as_bytes(), [b'1'..=b'5', b'x', b'x']);
        let is_number = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || is_class(status) || status == "none" {
            return Ok(());
        }
        Err("status: must be a status such as 429, a class such as 4xx, or none".to_owned())
    }

    pub(super) fn matches(&self, entry: &Entry) -> bool {
        let operation = self.operation.as_deref();
        let method = self.method.as_deref();
        operation.is_none_or(|wanted| entry.operation == Some(wanted))
            && method.is_none_or(|wanted| wanted.eq_ignore_ascii_case(entry.method.as_str()))
            && self
                .path
                .as_ref()
                .is_none_or(|part| entry.path.contains(part))
            && self
                .status
                .as_ref()
                .is_none_or(|wanted| has_status(entry, wanted))
            && self.rule.is_none_or(|rule| entry.rules.contains(&rule))
            && self.after.is_none_or(|after| entry.id > after)
    }
}

fn has_status(entry: &Entry, wanted: &str) -> bool {
    match (entry.status, wanted) {
        (None, wanted) => wanted == "none",
        (Some(status), wanted) => match wanted.strip_suffix("xx") {
            Some(class) => (status / 100).to_string() == class,
            None => status.to_string() == wanted,
        },
    }
}
