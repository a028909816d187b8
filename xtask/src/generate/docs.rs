//! Turns descriptions of the spec into rustdoc.

use proc_macro2::TokenStream;
use quote::quote;

/// Returns a doc comment with one line for each line of `text`.
pub(super) fn comment(text: &str) -> TokenStream {
    let lines = text.trim_end().lines().map(|line| {
        let line = if line.is_empty() {
            String::new()
        } else {
            format!(" {line}")
        };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// Escapes what rustdoc would read as HTML, a link, a bare URL or a code block to
/// compile.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    let mut in_fence = false;
    for line in text.trim().lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let opens_untagged = !in_fence && language.trim().is_empty();
            in_fence = !in_fence;
            escaped.push_str(if opens_untagged {
                "```text"
            } else {
                line.trim()
            });
        } else if in_fence {
            escaped.push_str(line);
        } else {
            escape_line(line.trim(), &mut escaped);
        }
        escaped.push('\n');
    }
    escaped.truncate(escaped.trim_end().len());
    escaped
}

fn escape_line(line: &str, escaped: &mut String) {
    let mut in_code = false;
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let is_url = rest.starts_with("https://") || rest.starts_with("http://");
        if is_url && !in_code {
            let end = rest.find([' ', ')', '>', '`']).unwrap_or(rest.len());
            let url = rest[..end].trim_end_matches(['.', ',', ';', ':']);
            escaped.push_str(&format!("<{url}>"));
            rest = &rest[url.len()..];
            continue;
        }
        if next == '`' {
            in_code = !in_code;
        }
        if !in_code && matches!(next, '<' | '>' | '[' | ']') {
            escaped.push('\\');
        }
        escaped.push(next);
        rest = &rest[next.len_utf8()..];
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn html_links_and_urls_are_escaped_and_code_is_not() {
        assert_eq!(escape("an <id> of [x]"), r"an \<id\> of \[x\]");
        assert_eq!(escape("`<id>` stays"), "`<id>` stays");
        assert_eq!(
            escape("see https://example.com/a."),
            "see <https://example.com/a>."
        );
    }

    #[test]
    fn nothing_becomes_a_doctest() {
        assert_eq!(escape("    let x = 1;"), "let x = 1;");
        assert_eq!(escape("```\n    code\n```"), "```text\n    code\n```");
    }
}
