//! A state of the spec: the bundled document, and the client generated from it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::git;
use crate::bundle::Bundle;
use crate::error::Error;
use crate::generate;
use crate::output::{CLIENT, OutputFile};

/// Where the bundled document is, relative to the project's root.
const BUNDLED: &str = "openapi/bundled.json";

/// A state of the spec.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct State {
    /// The bundled document.
    pub document: Value,
    /// The files of the generated client, by their names.
    pub client: BTreeMap<String, String>,
}

impl State {
    /// Reads the sources in `openapi/` under `root`, and generates the client.
    ///
    /// # Errors
    ///
    /// Returns an error if they cannot be read, the lint has findings, or an
    /// operation cannot be generated.
    pub fn of_tree(root: &Path) -> Result<Self, Error> {
        Self::of_bundle(crate::checked_bundle(root)?)
    }

    /// Reads the document and the client that a revision holds.
    ///
    /// # Errors
    ///
    /// Returns an error if git does not know the revision, or it lacks a file.
    pub fn of_revision(root: &Path, revision: &str) -> Result<Self, Error> {
        let text = git::show(root, revision, BUNDLED)?;
        let document = serde_json::from_str(&text)
            .map_err(|error| Error::Unexpected(format!("{revision}:{BUNDLED}: {error}")))?;
        let mut client = BTreeMap::new();
        for path in git::list(root, revision, CLIENT)? {
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            client.insert(name, git::show(root, revision, &path)?);
        }
        Ok(Self { document, client })
    }

    /// Generates the client of a document.
    ///
    /// # Errors
    ///
    /// Returns an error if an operation cannot be generated.
    pub fn of_document(document: Value) -> Result<Self, Error> {
        Self::of_bundle(Bundle::of_document(document))
    }

    fn of_bundle(bundle: Bundle) -> Result<Self, Error> {
        let files = generate::run(&bundle)?;
        Ok(Self {
            client: client_files(&files),
            document: bundle.document,
        })
    }
}

fn client_files(files: &[OutputFile]) -> BTreeMap<String, String> {
    let folder = format!("{CLIENT}/");
    files
        .iter()
        .filter_map(|file| {
            let name = file.path.strip_prefix(&folder)?;
            Some((name.to_owned(), file.text.clone()))
        })
        .collect()
}
