//! The bundled spec, and checks that cover every operation.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use heymarket_api::operations;
use serde_json::Value;

pub(crate) fn project_root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the workspace").to_path_buf()
}

/// Reads the bundled spec.
pub(crate) fn spec() -> Value {
    let path = project_root().join("openapi/bundled.json");
    let text = std::fs::read_to_string(path).expect("openapi/bundled.json");
    serde_json::from_str(&text).expect("JSON")
}

/// Checks that `found` has every operation of the operation table and no other.
/// `what` names what each must have.
pub(crate) fn assert_every_operation<'a>(what: &str, found: impl IntoIterator<Item = &'a str>) {
    let found: BTreeSet<&str> = found.into_iter().collect();
    let known: BTreeSet<&str> = operations::ALL.iter().map(|one| one.id()).collect();
    let missing: Vec<_> = known.difference(&found).collect();
    assert!(missing.is_empty(), "no {what}: {missing:?}");
    let unknown: Vec<_> = found.difference(&known).collect();
    assert!(unknown.is_empty(), "{what} of no operation: {unknown:?}");
}
