//! Text of the server as a terminal may have it.

use std::borrow::Cow;

/// Whether a character does something to a terminal, or to the text around it,
/// other than to be shown.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
        )
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// The text on one line, with what is unsafe made visible.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            c if is_unsafe(c) => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown.into()
}

/// The same for a text of several lines.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(one_line).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{lines, one_line};

    #[test]
    fn an_escape_sequence_is_no_longer_one() {
        assert_eq!(
            one_line("a\x1b]0;title\x07b\nc"),
            "a\u{fffd}]0;title\u{fffd}b c"
        );
        assert_eq!(lines("a\nb\x1b[2J"), "a\nb\u{fffd}[2J");
        assert_eq!(one_line("Łódź 🙂"), "Łódź 🙂");
    }
}
