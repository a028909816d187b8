//! The secrets of profiles and secret commands.

use std::io::Read as _;
use std::process::{Command, Stdio};

use heymarket_api::Credentials;
use serde::Deserialize;

use crate::failure::Failure;

/// The largest accepted secret, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Describes the accepted forms of a secret.
pub(crate) const FORMS: &str = "either `ID:KEY` of an API secret, or \
    {\"id\": \"...\", \"key\": \"...\"}, or a legacy API key alone or as {\"api_key\": \"...\"}";

/// Credentials, or a command that prints them. Has no `Debug` on purpose.
#[derive(Clone, PartialEq)]
pub(crate) enum Secret {
    /// An API secret.
    Pair { id: String, key: String },
    /// A legacy team API key.
    Legacy(String),
    /// A shell command that prints either.
    Command(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    id: Option<String>,
    key: Option<String>,
    api_key: Option<String>,
}

impl Secret {
    /// Names the kind of secret, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Pair { .. } => "API secret",
            Self::Legacy(_) => "legacy API key",
            Self::Command(_) => "secret command",
        }
    }

    /// Parses one of the [`FORMS`]. Returns `None` for anything else, since an
    /// error could quote a secret.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with('{') {
            return match serde_json::from_str(text).ok()? {
                Json {
                    id: Some(id),
                    key: Some(key),
                    api_key: None,
                } => Some(Self::Pair { id, key }),
                Json {
                    id: None,
                    key: None,
                    api_key: Some(key),
                } => Some(Self::Legacy(key)),
                _ => None,
            };
        }
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return None;
        }
        match text.split_once(':') {
            Some((id, key)) if !id.is_empty() && !key.is_empty() => Some(Self::Pair {
                id: id.to_owned(),
                key: key.to_owned(),
            }),
            Some(_) => None,
            None => Some(Self::Legacy(text.to_owned())),
        }
    }

    /// Returns the credentials. Runs the secret command, if there is one.
    pub(crate) fn credentials(&self) -> Result<Credentials, Failure> {
        match self {
            Self::Pair { id, key } => Ok(Credentials::api_secret(id, key)),
            Self::Legacy(key) => Ok(Credentials::api_key(key)),
            Self::Command(command) => match Self::parse(&run(command)?) {
                Some(Self::Pair { id, key }) => Ok(Credentials::api_secret(id, key)),
                Some(Self::Legacy(key)) => Ok(Credentials::api_key(key)),
                Some(Self::Command(_)) | None => Err(Failure::credentials(format!(
                    "the output of the secret command is not a secret; expected {FORMS}"
                ))),
            },
        }
    }
}

/// Reads a secret from a stream to its end.
pub(crate) fn read(stream: impl std::io::Read, what: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    stream
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::credentials(format!("{what}: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::credentials(format!(
            "{what}: not a secret, since it has more than {MAX_BYTES} bytes"
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::credentials(format!("{what}: not valid UTF-8")))
}

/// Runs a command and returns its output. The command inherits standard input and
/// error, so that it can ask for a passphrase. No error quotes the command or its
/// output.
fn run(command: &str) -> Result<String, Failure> {
    let failed = |problem: String| Failure::credentials(format!("the secret command {problem}"));
    let mut child = shell(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("does not start: {error}")))?;
    let text = match child.stdout.take() {
        Some(stdout) => read(stdout, "the output of the secret command"),
        None => Ok(String::new()),
    };
    if text.is_err() {
        // Without a reader it would block.
        let _ = child.kill();
    }
    let status = child
        .wait()
        .map_err(|error| failed(format!("cannot be awaited: {error}")))?;
    let text = text?;
    if !status.success() {
        return Err(failed(format!("failed with {status}")));
    }
    if text.trim().is_empty() {
        return Err(failed("printed nothing".to_owned()));
    }
    Ok(text)
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt as _;
    let mut shell = Command::new("cmd");
    // cmd has its own quoting.
    shell.arg("/C").raw_arg(command);
    shell
}

#[cfg(test)]
mod tests {
    use super::Secret;

    fn kind(text: &str) -> Option<&'static str> {
        Secret::parse(text).map(|secret| secret.kind())
    }

    #[test]
    fn each_documented_form_is_read() {
        let secret = Secret::parse(" an-id:a:key\n").expect("a secret");
        let expected = Secret::Pair {
            id: "an-id".to_owned(),
            key: "a:key".to_owned(),
        };
        assert!(secret == expected, "the key may hold a colon");
        assert!(Secret::parse(r#"{"key": "a:key", "id": "an-id"}"#) == Some(expected));
        assert_eq!(kind("sk_1"), Some("legacy API key"));
        assert_eq!(kind(r#"{"api_key": "sk_1"}"#), Some("legacy API key"));
    }

    #[test]
    fn text_in_no_documented_form_is_refused() {
        for text in [
            "",
            "\n",
            ":",
            "id:",
            ":key",
            "two words",
            "id:key\nmore",
            "{",
            r#"{"id": "a"}"#,
            r#"{"id": "a", "key": "b", "api_key": "c"}"#,
            r#"{"id": 1, "key": "b"}"#,
            r#"{"id": "a", "kye": "b"}"#,
        ] {
            assert_eq!(kind(text), None, "{text:?}");
        }
    }
}
