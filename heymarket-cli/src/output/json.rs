//! Reformats JSON without parsing it: numbers, the order of members and duplicate
//! members stay as the server wrote them.

/// Indents by two spaces.
pub(crate) fn pretty(text: &str) -> String {
    format(text, true)
}

/// Removes insignificant white space.
pub(crate) fn compact(text: &str) -> String {
    format(text, false)
}

fn format(text: &str, indents: bool) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut is_escaped = false;
    let mut is_empty = false;
    let line = |out: &mut String, depth: usize| {
        if indents {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    };
    for (c, is_unsafe) in super::plain::marked(text) {
        if in_string {
            match c {
                '"' if !is_escaped => in_string = false,
                _ => {}
            }
            is_escaped = c == '\\' && !is_escaped;
            if is_unsafe {
                push_escaped(&mut out, c);
            } else {
                out.push(c);
            }
            continue;
        }
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            continue;
        }
        if matches!(c, ']' | '}') {
            depth = depth.saturating_sub(1);
            if !is_empty {
                line(&mut out, depth);
            }
            is_empty = false;
            out.push(c);
            continue;
        }
        if is_empty {
            line(&mut out, depth);
            is_empty = false;
        }
        out.push(c);
        match c {
            '"' => in_string = true,
            '[' | '{' => {
                depth += 1;
                is_empty = true;
            }
            ',' => line(&mut out, depth),
            ':' if indents => out.push(' '),
            _ => {}
        }
    }
    out
}

/// Appends a character of a string as an escape sequence, which parses to the same.
fn push_escaped(out: &mut String, c: char) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::{compact, pretty};

    const TEXT: &str = r#"{"b":[1,2.0,{}],"a":[ ],"c":{"x":"a, b: {\"}"},"n":1e400}"#;

    #[test]
    fn json_is_indented_and_otherwise_unmodified() {
        let expected = "{\n  \"b\": [\n    1,\n    2.0,\n    {}\n  ],\n  \"a\": [],\n  \"c\": {\n    \
                        \"x\": \"a, b: {\\\"}\"\n  },\n  \"n\": 1e400\n}";
        assert_eq!(pretty(TEXT), expected);
        assert_eq!(compact(expected), TEXT.replace("[ ]", "[]"));
    }

    #[test]
    fn a_character_that_acts_on_a_terminal_is_escaped() {
        assert_eq!(
            compact("\"a\u{9b}31m\u{202e}b\u{7f}\""),
            r#""a\u009b31m\u202eb\u007f""#
        );
    }
}
