//! Turns descriptions of the spec into the text of help.

/// Returns text for a terminal: each paragraph and each item of a list on one line.
pub(super) fn plain(text: &str) -> String {
    let paragraphs = text.trim().split("\n\n");
    let paragraphs = paragraphs.map(|paragraph| {
        let mut text = String::new();
        for line in paragraph.lines().map(str::trim) {
            if !text.is_empty() {
                text.push(if line.starts_with("- ") { '\n' } else { ' ' });
            }
            text.push_str(line);
        }
        text
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}
