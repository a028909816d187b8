//! Fits text to a width in columns, where some characters take two.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Wraps a text at spaces, or within words that are too long.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let needed = word.width();
        let gap = usize::from(used > 0);
        if used > 0 && used + gap + needed > width {
            lines.push(String::new());
            used = 0;
        } else if used > 0 {
            push(&mut lines, " ");
            used += 1;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used > 0 && used + wide > width {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, c.encode_utf8(&mut [0; 4]));
            used += wide;
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// Truncates a text to a width, with an ellipsis.
pub(super) fn truncate(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{truncate, wrap};

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(truncate("日本語", 5), "日本…");
        assert_eq!(truncate("日本", 4), "日本");
        assert_eq!(wrap("ab 日本 cd", 5), ["ab", "日本", "cd"]);
        assert_eq!(wrap("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
