//! What can be wrong with a spec, and how it is told.

use std::fmt;
use std::path::PathBuf;

/// One thing that the lint found.
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

/// Why a command of xtask did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A source file or folder could not be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A source file is not valid YAML, or not of the form that is wanted.
    #[error("{file}:{line}:{column}: {message}")]
    Syntax {
        /// The source file, relative to the project's root.
        file: String,
        /// Line of the mistake, from 1.
        line: usize,
        /// Column of the mistake, from 1.
        column: usize,
        /// What is wrong and what is wanted.
        message: String,
    },
    /// The lint found something.
    #[error("{}", display_findings(.0))]
    Findings(Vec<Finding>),
    /// progenitor cannot express an operation.
    #[error("progenitor cannot generate {operation}: {reason}")]
    Generator {
        /// The operation id, or what else it stumbled on.
        operation: String,
        /// progenitor's own words.
        reason: String,
    },
    /// progenitor's output is not of the form that the rewriting expects.
    #[error("the generated code is not as expected: {0}")]
    Unexpected(String),
    /// A program that a command runs failed.
    #[error("{program} failed: {reason}")]
    Command {
        /// The program and its arguments.
        program: String,
        /// What it said.
        reason: String,
    },
    /// The budgets are not as they should be.
    #[error("xtask/budgets.toml: {reason}")]
    Budgets {
        /// What is wrong, where, and what is wanted.
        reason: String,
    },
    /// A document is not of the form that a command writes into.
    #[error("{path}: {reason}")]
    Document {
        /// Which one.
        path: PathBuf,
        /// What is wanted.
        reason: String,
    },
    /// An output file could not be written; the tree is as it was.
    #[error("cannot write {path}: {reason}; nothing was changed")]
    Unwritable {
        /// Which one.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An output file could not be written, and those already written could
    /// not be put back.
    #[error("cannot write {path}: {reason}; restore the tree with `git checkout`: {unrestored}")]
    HalfWritten {
        /// Which one.
        path: PathBuf,
        /// Why not.
        reason: String,
        /// The files that could not be put back.
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
