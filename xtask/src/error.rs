//! The findings of the lint, and the errors of the commands.

use std::fmt;
use std::path::PathBuf;

/// A broken rule, where it is, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Finding {
    /// The source file, relative to the project's root.
    pub file: String,
    /// Line of the finding, from 1.
    pub line: usize,
    /// Column of the finding, from 1.
    pub column: usize,
    /// The operation, schema or property that it concerns.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}: {}\n    remedy: {}",
            self.file, self.line, self.column, self.subject, self.message, self.remedy
        )
    }
}

/// Why a command of xtask failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A source file or folder could not be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A source file is not valid YAML, or does not have the expected form.
    #[error("{file}:{line}:{column}: {message}")]
    Syntax {
        /// The source file, relative to the project's root.
        file: String,
        /// Line of the mistake, from 1.
        line: usize,
        /// Column of the mistake, from 1.
        column: usize,
        /// What is wrong and what is expected.
        message: String,
    },
    /// The lint found something.
    #[error("{}", display_findings(.0))]
    Findings(Vec<Finding>),
    /// progenitor cannot generate an operation.
    #[error("progenitor cannot generate {operation}: {reason}")]
    Generator {
        /// The operation, or the schema.
        operation: String,
        /// progenitor's message.
        reason: String,
    },
    /// progenitor's output does not have the form that codegen rewrites.
    #[error("cannot rewrite the generated code: {0}")]
    Unexpected(String),
    /// A program that a command runs failed.
    #[error("{program} failed: {reason}")]
    Command {
        /// The program and its arguments.
        program: String,
        /// The reason, or its message.
        reason: String,
    },
    /// The budgets file is invalid.
    #[error("xtask/budgets.toml: {reason}")]
    Budgets {
        /// What is wrong, where, and what is expected.
        reason: String,
    },
    /// A document does not have the form that a command needs.
    #[error("{path}: {reason}")]
    Document {
        /// Its path.
        path: PathBuf,
        /// What is expected.
        reason: String,
    },
    /// An output file could not be written. All files are unchanged.
    #[error("cannot write {path}: {reason}; nothing was changed")]
    Unwritable {
        /// Its path.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An output file could not be written, and files that were written before it
    /// could not be restored.
    #[error("cannot write {path}: {reason}; restore the tree with `git checkout`: {unrestored}")]
    HalfWritten {
        /// Its path.
        path: PathBuf,
        /// The reason.
        reason: String,
        /// The files that could not be restored.
        unrestored: String,
    },
}

fn display_findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        text.push_str(&finding.to_string());
        text.push('\n');
    }
    let noun = if findings.len() == 1 {
        "finding"
    } else {
        "findings"
    };
    text.push_str(&format!("{} {noun}", findings.len()));
    text
}
