use std::time::Duration;

/// Why a request is not done: the status and the words of the answer.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The documentation's name of the kind of error.
    pub(crate) name: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, name: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            name,
            message: message.into(),
        }
    }

    /// A field of the request is wrong.
    pub(crate) fn bad_data(field: &str, problem: &str) -> Self {
        Self::new(400, "bad_data", format!("{field}: {problem}"))
    }

    /// The credentials are good, but this may not be done.
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "denied", message)
    }

    /// The body, or what its header says of it, is not JSON.
    pub(crate) fn unsupported_type() -> Self {
        Self::new(
            415,
            "unsupported_media_type",
            "the body must be JSON, with `Content-Type: application/json`",
        )
    }

    /// A part of the request did not arrive in time.
    pub(crate) fn too_slow(part: &str, timeout: Duration) -> Self {
        let problem = format!("the {part} did not arrive within {timeout:?}");
        Self::new(408, "request_timeout", problem)
    }

    /// Nothing has the id or the address that was asked for.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "not_found", message)
    }
}
