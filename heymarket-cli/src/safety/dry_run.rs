//! `--dry-run` and `--curl`: the request in place of sending it.

use heymarket_api::RawRequest;

use super::is_secret_header;
use crate::connection;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::json;

/// Prints the request, if that is all that is wanted of it; gives whether it is.
/// No credentials are needed for it.
pub(crate) fn shows_only(
    context: &Context,
    request: &RawRequest,
    headers: &[(String, String)],
) -> Result<bool, Failure> {
    let globals = &context.globals;
    if !globals.dry_run && !globals.curl {
        return Ok(false);
    }
    let server = connection::server(globals)?;
    let mut output = context.output()?;
    if globals.curl {
        output.line(&curl(&server, request, headers))?;
        let hint =
            "nothing was sent; the command takes the token from the variable HEYMARKET_TOKEN";
        context.terminal.say(hint);
    } else {
        output.line(&plain(&server, request, headers))?;
        context.terminal.say("nothing was sent");
    }
    output.finish()?;
    Ok(true)
}

fn url(server: &str, request: &RawRequest) -> String {
    let query = request.query_string();
    let mark = if query.is_empty() { "" } else { "?" };
    let server = server.trim_end_matches('/');
    format!("{server}{}{mark}{query}", request.path())
}

fn plain(server: &str, request: &RawRequest, headers: &[(String, String)]) -> String {
    let method = request.operation().method();
    let mut text = format!("{method} {}", url(server, request));
    for (name, value) in headers {
        text.push_str(&format!("\n{name}: {}", header_value(name, value)));
    }
    if let Some(body) = request.body() {
        text.push_str(&format!("\n\n{}", json::pretty(&body.to_string())));
    }
    text
}

fn curl(server: &str, request: &RawRequest, headers: &[(String, String)]) -> String {
    let method = request.operation().method();
    let mut words = vec![
        format!("curl --request {method} {}", quoted(&url(server, request))),
        "--header \"Authorization: Bearer $HEYMARKET_TOKEN\"".to_owned(),
    ];
    for (name, value) in headers {
        let header = format!("{name}: {}", header_value(name, value));
        words.push(format!("--header {}", quoted(&header)));
    }
    if let Some(body) = request.body() {
        words.push("--header 'Content-Type: application/json'".to_owned());
        let body = json::compact(&body.to_string());
        words.push(format!("--data {}", quoted(&body)));
    }
    words.join(" \\\n  ")
}

fn header_value<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret_header(name) {
        "[secret]"
    } else {
        value
    }
}

/// A word of a shell that stands for itself.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heymarket_api::operations;
    use serde_json::json;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_curl_line_has_all_but_the_secrets() {
        let request = RawRequest::of(&operations::GET_CONVERSATION)
            .parameter("id", "9920")
            .json(json!({"a": "it's"}));
        let headers = [
            ("X-Trace".to_owned(), "1".to_owned()),
            ("X-Api-Key".to_owned(), "canary".to_owned()),
        ];
        let line = curl("https://api.heymarket.com/", &request, &headers);
        assert!(
            line.starts_with(
                "curl --request GET 'https://api.heymarket.com/v1/conversations/9920'"
            )
        );
        assert!(line.contains("'X-Trace: 1'"), "{line}");
        assert!(line.contains(r#"--data '{"a":"it'\''s"}'"#), "{line}");
        assert!(!line.contains("canary"), "{line}");
    }
}
