//! `docs/performance.md`: hand-written text around the sections that the commands
//! write.

use std::path::Path;

use crate::error::Error;
use crate::output::OutputFile;
use crate::write::replace_one;

/// The path of the document.
pub const PATH: &str = "docs/performance.md";

/// Replaces the section of a name.
///
/// # Errors
///
/// Returns an error if the document cannot be read or written, or does not have
/// exactly one pair of the section's marks.
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

/// Returns the text with the section replaced.
///
/// # Errors
///
/// Returns an error if the text does not have exactly one pair of the section's
/// marks.
pub fn replaced(text: &str, section: &str, body: &str) -> Result<String, Error> {
    let (begin, end) = marks(section);
    let whole = |text: &str, mark: &str| -> Result<usize, Error> {
        let mut found = text.match_indices(mark);
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Ok(at),
            _ => Err(Error::Document {
                path: PATH.into(),
                reason: format!("expected `{mark}` exactly once, on its own line"),
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
