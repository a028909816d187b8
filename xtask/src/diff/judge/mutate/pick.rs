//! Picks places and names at random.

use fastrand::Rng;

use crate::diff::judge::edit::Edit;

/// The place and the edits, or none if the document has no place for them.
pub(super) type Drawn = Option<(String, Vec<Edit>)>;

pub(super) fn pick<'a, T>(items: &'a [T], rng: &mut Rng) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[rng.usize(0..items.len())])
}

/// Returns a name that the document does not have.
pub(super) fn new_name(rng: &mut Rng) -> String {
    format!("invented_{}", rng.u32(1000..1_000_000))
}
