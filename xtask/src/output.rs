//! The files that codegen writes, and the folders that are its own.

/// The folder of the generated client, relative to the project's root.
pub(crate) const CLIENT: &str = "heymarket-api/src/generated";

/// The folder of the command tree, relative to the project's root.
pub(crate) const COMMANDS: &str = "heymarket-cli/src/generated";

/// The folders that hold nothing but what codegen writes.
pub(crate) const FOLDERS: [&str; 2] = [CLIENT, COMMANDS];

/// A file that codegen writes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputFile {
    /// Relative to the project's root.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl OutputFile {
    pub(crate) fn new(path: impl Into<String>, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }
}
