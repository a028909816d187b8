//! A recorded request as a command line of curl.

use serde_json::Value;

use super::request::RecordedRequest;

/// Headers that curl sets, or that describe one connection.
const LEFT_OUT: [&str; 7] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "host",
    "user-agent",
];

impl RecordedRequest {
    /// Returns a command line that repeats the request with curl, quoted for a
    /// POSIX shell. The token comes from the variable `HEYMARKET_API_KEY`.
    #[must_use]
    pub fn curl(&self, base_url: &str) -> String {
        let mut target = format!("{base_url}{}", self.path);
        if let Some(query) = &self.query {
            target = format!("{target}?{query}");
        }
        let mut parts = vec![format!("curl -X {} {}", self.method, quoted(&target))];
        if self.headers.contains_key("authorization") {
            parts.push("-H \"Authorization: Bearer $HEYMARKET_API_KEY\"".to_owned());
        }
        for (name, value) in &self.headers {
            if !LEFT_OUT.contains(&name.as_str()) {
                parts.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
            }
        }
        match &self.body {
            Value::Null => {}
            Value::String(text) => parts.push(format!("--data-raw {}", quoted(text))),
            body => parts.push(format!("--data-raw {}", quoted(&body.to_string()))),
        }
        parts.join(" \\\n  ")
    }
}

/// Quotes a text for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_cannot_run_what_is_quoted() {
        let hostile = "$(touch x) `id` '; rm -rf y; echo ' \" \\ \n";
        let quoted = quoted(hostile);
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("printf %s {quoted}")])
            .output();
        // Without a shell there is nothing to protect.
        if let Ok(output) = output {
            assert_eq!(String::from_utf8_lossy(&output.stdout), hostile);
        }
    }
}
