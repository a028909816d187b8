use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) fn project_root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the workspace").to_path_buf()
}

/// The bundled spec.
pub(crate) fn spec() -> Value {
    let path = project_root().join("openapi/bundled.json");
    let text = std::fs::read_to_string(path).expect("openapi/bundled.json");
    serde_json::from_str(&text).expect("JSON")
}
