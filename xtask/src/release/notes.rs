//! The release notes: the section of the changelog, and what to install.

use std::fs;

use super::step::{Release, Step, unwritable};
use crate::error::Error;
use crate::write::read_existing;

/// Writes `release-notes.md`.
pub(super) fn write(release: &Release<'_>) -> Result<Step, Error> {
    let changelog = read_existing(release.root, "CHANGELOG.md")?;
    let version = release.version.to_string();
    let Some(section) = section(&changelog, &version) else {
        return Ok(Step::Wrong(format!(
            "CHANGELOG.md has no section `## {version}`: move `## Unreleased` under it"
        )));
    };
    let text = format!(
        "# {version}\n\n{section}\n\n## Install\n\n```sh\ncargo add heymarket-api@{version}\n\
         cargo install heymarket-cli@{version}\n```\n\n\
         The archive holds static binaries for Linux on x86-64, manual pages and completions. \
         `sha256sum --check SHA256SUMS` verifies the files.\n"
    );
    let path = release.folder.join("release-notes.md");
    fs::write(&path, &text).map_err(|error| unwritable(&path, &error))?;
    Ok(Step::Done(format!(
        "release-notes.md, {} lines",
        text.lines().count()
    )))
}

/// Returns the text below a version's heading, without the marks of generated
/// parts.
fn section(changelog: &str, version: &str) -> Option<String> {
    let heading = |line: &str| line.strip_prefix("## ").map(str::to_owned);
    let mut lines = changelog.lines().skip_while(|line| {
        heading(line).is_none_or(|name| name.split(' ').next() != Some(version))
    });
    lines.next()?;
    let below: Vec<&str> = lines
        .take_while(|line| heading(line).is_none())
        .filter(|line| !line.starts_with("<!--"))
        .collect();
    let text = below.join("\n").replace("\n\n\n", "\n\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn a_section_is_that_of_one_version() {
        let text = "# C\n\n## 0.2.0 (2026-01-01)\n\n<!-- x -->\n\n- Two.\n\n## 0.1.0\n\n- One.\n";
        assert_eq!(section(text, "0.2.0").as_deref(), Some("- Two."));
        assert_eq!(section(text, "0.1.0").as_deref(), Some("- One."));
        assert_eq!(section(text, "0.2"), None);
    }
}
