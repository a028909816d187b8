//! Secrets: what a profile holds or a command prints.

use std::io::Read as _;
use std::process::{Command, Stdio};

use heymarket_api::Credentials;
use serde::Deserialize;

use crate::failure::Failure;

/// No secret is as long as this, in bytes.
const LONGEST: u64 = 64 * 1024;

/// In which forms a secret can be given.
pub(crate) const FORMS: &str = "either `ID:KEY` of an API secret, or \
    {\"id\": \"...\", \"key\": \"...\"}, or a legacy API key by itself or as {\"api_key\": \"...\"}";

/// The credentials of a profile, or how to come by them. It has no `Debug`.
#[derive(Clone, PartialEq)]
pub(crate) enum Secret {
    /// An API secret.
    Pair { id: String, key: String },
    /// A legacy team API key.
    Legacy(String),
    /// A command for the shell, which prints either.
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
    /// What it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Pair { .. } => "API secret",
            Self::Legacy(_) => "legacy API key",
            Self::Command(_) => "secret command",
        }
    }

    /// Reads one of the [`FORMS`]; `None` if it is none. What was given is not
    /// told, since all of it may be secret.
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

    /// The credentials; a command is run for them.
    pub(crate) fn credentials(&self) -> Result<Credentials, Failure> {
        match self {
            Self::Pair { id, key } => Ok(Credentials::api_secret(id, key)),
            Self::Legacy(key) => Ok(Credentials::api_key(key)),
            Self::Command(command) => match Self::parse(&printed(command)?) {
                Some(Self::Pair { id, key }) => Ok(Credentials::api_secret(id, key)),
                Some(Self::Legacy(key)) => Ok(Credentials::api_key(key)),
                Some(Self::Command(_)) | None => Err(Failure::credentials(format!(
                    "what the secret command printed is no secret; it is {FORMS}"
                ))),
            },
        }
    }
}

/// Reads a secret from a stream to its end.
pub(crate) fn read(stream: impl std::io::Read, what: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    stream
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::credentials(format!("{what}: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::credentials(format!(
            "{what}: more than {LONGEST} bytes, which is no secret"
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::credentials(format!("{what}: not valid UTF-8")))
}

/// What a command prints. Its standard error and input are this program's, so
/// that it can ask for a passphrase. No error tells of the command or of what
/// it printed.
fn printed(command: &str) -> Result<String, Failure> {
    let failed = |problem: String| Failure::credentials(format!("the secret command {problem}"));
    let mut child = shell(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let text = match child.stdout.take() {
        Some(stdout) => read(stdout, "the output of the secret command"),
        None => Ok(String::new()),
    };
    if text.is_err() {
        // It would wait for a reader that does not come.
        let _ = child.kill();
    }
    let status = child
        .wait()
        .map_err(|error| failed(format!("cannot be waited for: {error}")))?;
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
    // As it is: cmd has quotes of its own.
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
    fn what_is_no_secret_is_refused() {
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
