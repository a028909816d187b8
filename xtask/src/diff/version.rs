//! The version of the workspace, and the step from one to the next.

use std::fmt;

use serde::Deserialize;

use super::change::Level;
use crate::error::Error;

/// A version: major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a version has three numbers")]
pub struct Version(pub u64, pub u64, pub u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Version {
    /// Reads `1.2.3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().splitn(3, '.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self(next()?, next()?, next()?))
    }

    /// Returns the largest change that the step to `next` allows. Before 1.0 a
    /// breaking change raises the minor version, and everything else the patch
    /// version.
    #[must_use]
    pub fn allows(self, next: Self) -> Level {
        if next <= self {
            Level::Text
        } else if next.0 > self.0 || (self.0 == 0 && next.1 > self.1) {
            Level::Breaking
        } else if self.0 == 0 || next.1 > self.1 {
            Level::Addition
        } else {
            Level::Text
        }
    }

    /// Returns the least version that a change of this level may have.
    #[must_use]
    pub fn after(self, level: Level) -> Self {
        match (level, self.0) {
            (Level::Breaking, 0) => Self(0, self.1 + 1, 0),
            (Level::Breaking, major) => Self(major + 1, 0, 0),
            (Level::Addition, 1..) => Self(self.0, self.1 + 1, 0),
            _ => Self(self.0, self.1, self.2 + 1),
        }
    }
}

#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    version: String,
}

/// Returns the version of the workspace's manifest.
pub(crate) fn of_manifest(text: &str) -> Result<Version, Error> {
    let manifest: Manifest = toml::from_str(text)
        .map_err(|error| Error::Unexpected(format!("Cargo.toml: {}", error.message())))?;
    let version = manifest.workspace.package.version;
    Version::parse(&version)
        .ok_or_else(|| Error::Unexpected(format!("Cargo.toml: {version:?} is not a version")))
}

#[cfg(test)]
mod tests {
    use super::{Level, Version};

    #[test]
    fn a_step_allows_what_the_policy_of_versions_says() {
        let steps = [
            ("0.1.0", "0.1.0", Level::Text),
            ("0.1.0", "0.1.1", Level::Addition),
            ("0.1.9", "0.2.0", Level::Breaking),
            ("0.9.0", "1.0.0", Level::Breaking),
            ("1.0.0", "1.0.1", Level::Text),
            ("1.0.1", "1.1.0", Level::Addition),
            ("1.4.2", "2.0.0", Level::Breaking),
            ("1.4.2", "1.4.1", Level::Text),
        ];
        for (from, to, level) in steps {
            let [from, to] = [from, to].map(|text| Version::parse(text).expect("a version"));
            assert_eq!(from.allows(to), level, "{from} to {to}");
            let enough = from.after(level);
            assert!(from.allows(enough) >= level, "{from} to {enough}");
        }
    }
}
