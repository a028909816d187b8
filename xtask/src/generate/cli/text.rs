//! Turns descriptions of the spec into the text of help.

/// Returns text for a terminal: each paragraph on one line.
pub(super) fn plain(text: &str) -> String {
    let paragraphs = text.trim().split("\n\n");
    let paragraphs = paragraphs.map(|paragraph| {
        let words: Vec<_> = paragraph.split_whitespace().collect();
        words.join(" ")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}
