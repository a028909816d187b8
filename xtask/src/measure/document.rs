//! `docs/performance.md`: what is written by hand, around the sections that the
//! commands write.

use std::path::Path;

use crate::error::Error;
use crate::write::{OutputFile, replace_one};

/// Where the figures are.
pub const PATH: &str = "docs/performance.md";

/// Puts a section in the place of the one of its name.
///
/// # Errors
///
/// When the document cannot be read or written, or has not exactly one pair of
/// the section's marks.
pub fn replace(root: &Path, section: &str, body: &str) -> Result<(), Error> {
    let path = root.join(PATH);
    let text = std::fs::read_to_string(&path).map_err(|error| Error::Unreadable {
        path: PATH.into(),
        reason: error.to_string(),
    })?;
    let text = replaced(&text, section, body)?;
    let file = OutputFile {
        path: PATH.to_owned(),
        text,
    };
    replace_one(root, &file)
}

/// The text with another section.
///
/// # Errors
///
/// When the text has not exactly one pair of the section's marks.
pub fn replaced(text: &str, section: &str, body: &str) -> Result<String, Error> {
    let (begin, end) = marks(section);
    let whole = |text: &str, mark: &str| -> Result<usize, Error> {
        let mut found = text.match_indices(mark);
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Ok(at),
            _ => Err(Error::Document {
                path: PATH.into(),
                reason: format!("it wants `{mark}` exactly once, on a line of its own"),
            }),
        }
    };
    let (from, to) = (whole(text, &begin)?, whole(text, &end)?);
    if to < from {
        return Err(Error::Document {
            path: PATH.into(),
            reason: format!("`{end}` comes before `{begin}`"),
        });
    }
    let (before, after) = (&text[..from], &text[to + end.len()..]);
    Ok(format!(
        "{before}{begin}\n\n{}\n\n{end}{after}",
        body.trim()
    ))
}

fn marks(section: &str) -> (String, String) {
    (
        format!("<!-- begin {section} -->"),
        format!("<!-- end {section} -->"),
    )
}
