//! axe-core, which checks a page's accessibility.

use std::path::Path;
use std::process::Command;

use super::driver::{Driver, installed};

const PACKAGE: &str = "axe-core@4.11.0";

/// Returns the source of axe-core, from npm. `None` where npm is not installed; CI
/// must have it.
pub(super) fn source() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe");
    let script = folder.join("node_modules/axe-core/axe.min.js");
    if !script.is_file() {
        let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        let Some(npm) = installed("npm") else {
            assert!(!is_ci, "CI has no npm");
            eprintln!("accessibility skipped: npm is not installed");
            return None;
        };
        let mut install = Command::new(npm);
        install.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]);
        let status = install
            .arg(&folder)
            .arg(PACKAGE)
            .status()
            .expect("npm runs");
        assert!(status.success(), "npm installs {PACKAGE}");
    }
    Some(std::fs::read_to_string(script).expect("axe-core"))
}

/// Returns a line for each violation on the page that is open.
pub(super) async fn violations(driver: &Driver, source: &str) -> Vec<String> {
    driver.run(source).await;
    let found = driver
        .run_async(
            "const done = arguments[arguments.length - 1];
             const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
             axe.run(document, { runOnly: rules }).then(
               (result) => done(result.violations.map((found) =>
                 `${found.id}: ${found.help}: ` +
                 found.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', '))),
               (error) => done([String(error)]));",
        )
        .await;
    let found = found.as_array().expect("a list").clone();
    found
        .iter()
        .map(|violation| violation.as_str().unwrap_or_default().to_owned())
        .collect::<Vec<_>>()
}
