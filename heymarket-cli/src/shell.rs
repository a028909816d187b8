//! Quoting for POSIX shells.

/// Quotes a word for a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_quoted_word_stands_for_itself() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$(a)`b`\"\\"), "'$(a)`b`\"\\'");
    }
}
