//! Text that is safe to print on a terminal.

use std::borrow::Cow;

/// Returns whether a character can act on a terminal, reorder the text around it,
/// or hide in it. [`marked`] makes an exception for some joiners.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Invisible characters and fillers.
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
                // Spaces without width, joiners, and marks of direction.
                | '\u{61c}' | '\u{200b}'..='\u{200f}'
                // Ends of lines and paragraphs, and changes of direction.
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                // Tag characters, which are invisible.
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns each character with whether it is unsafe. A joiner between two
/// non-ASCII characters is safe: emoji such as `👩‍🚀` and several scripts need it.
pub(crate) fn marked(text: &str) -> impl Iterator<Item = (char, bool)> {
    let is_letter = |c: &char| !c.is_ascii() && !is_unsafe(*c);
    let mut last = None;
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = rest.next()?;
        let is_joiner = matches!(c, '\u{200c}' | '\u{200d}')
            && last.as_ref().is_some_and(is_letter)
            && rest.peek().is_some_and(is_letter);
        last = Some(c);
        Some((c, is_unsafe(c) && !is_joiner))
    })
}

/// Escapes the text for a single line: line ends and tabs become spaces, other
/// unsafe characters their code, such as `\u{1b}`.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, "")
}

/// Escapes the text, and keeps its lines and tabs.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, "\n\t")
}

fn escaped<'a>(text: &'a str, kept: &str) -> Cow<'a, str> {
    if !text.contains(is_unsafe) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for (c, is_unsafe) in marked(text) {
        match c {
            c if !is_unsafe || kept.contains(c) => shown.push(c),
            '\n' | '\r' | '\t' => shown.push(' '),
            c => shown.extend(c.escape_unicode()),
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::{lines, one_line};

    #[test]
    fn an_escape_sequence_is_escaped() {
        assert_eq!(
            one_line("a\x1b]0;title\x07b\nc\td"),
            r"a\u{1b}]0;title\u{7}b c d"
        );
        assert_eq!(lines("a\nb\tc\x1b[2J\r"), "a\nb\tc\\u{1b}[2J ");
        assert_eq!(one_line("\u{9b}31m\u{202e}x"), r"\u{9b}31m\u{202e}x");
    }

    #[test]
    fn an_invisible_character_is_made_visible() {
        for c in [
            '\u{ad}', '\u{200b}', '\u{200f}', '\u{2060}', '\u{2069}', '\u{feff}',
        ] {
            let text = format!("a{c}b");
            assert_eq!(one_line(&text), format!("a\\u{{{:x}}}b", u32::from(c)));
        }
    }

    #[test]
    fn scripts_and_emoji_stay_as_they_are() {
        for text in ["Łódź 🙂", "👩‍🚀 ❤️‍🔥", "می‌خواهم", "क्‍ष"]
        {
            assert_eq!(one_line(text), text);
        }
        for joiner in [
            "a\u{200d}b",
            "\u{200d}🙂",
            "🙂\u{200c}",
            "🙂\u{200d}\u{200d}🙂",
        ] {
            assert!(one_line(joiner).contains("\\u{200"), "{joiner:?}");
        }
    }
}
