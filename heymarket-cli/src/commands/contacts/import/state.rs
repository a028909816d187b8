//! How far an import is, so that it can be resumed.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::rows::Row;
use crate::failure::Failure;
use crate::files;

const VERSION: u32 = 1;

/// How far an import is. Its file is beside the CSV file while the import is
/// unfinished.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// Identifies the content of the CSV file.
    digest: String,
    overwrite: bool,
    /// The number of valid rows that the API answered for.
    pub(super) done: usize,
    /// The rejected rows, by their index, with the reason.
    pub(super) rejected: Vec<(usize, String)>,
    #[serde(skip)]
    path: PathBuf,
}

impl State {
    /// Opens the state of an import of this content.
    ///
    /// # Errors
    ///
    /// Returns a usage error if an unfinished import had another content or another
    /// `--overwrite`.
    pub(super) fn open(
        csv: &Path,
        digest: &str,
        overwrite: bool,
        restart: bool,
    ) -> Result<Self, Failure> {
        let mut name = csv.as_os_str().to_owned();
        name.push(".import");
        let path = PathBuf::from(name);
        let new = Self {
            version: VERSION,
            digest: digest.to_owned(),
            overwrite,
            done: 0,
            rejected: Vec::new(),
            path: path.clone(),
        };
        let text = match files::read_private(&path)? {
            Some(text) if !restart => text,
            _ => return Ok(new),
        };
        let saved = serde_json::from_str::<Self>(&text).ok();
        match saved.filter(|saved| saved.version == VERSION) {
            Some(saved) if saved.digest == digest && saved.overwrite == overwrite => {
                Ok(Self { path, ..saved })
            }
            _ => Err(Failure::usage(format!(
                "{} belongs to an unfinished import of another content or with another \
                 --overwrite; finish that one, or start over with --restart",
                path.display()
            ))),
        }
    }

    /// Notes an answered batch that starts at an index, and saves the state.
    pub(super) fn note(
        &mut self,
        batch: &[Row],
        rejections: &[(String, String)],
        start: usize,
    ) -> Result<(), Failure> {
        for (phone, reason) in rejections {
            let index = batch.iter().position(|row| row.phone == *phone);
            if let Some(index) = index {
                self.rejected.push((start + index, reason.clone()));
            }
        }
        self.done += batch.len();
        let text = serde_json::to_vec(self)
            .map_err(|error| Failure::other(format!("the state of the import: {error}")))?;
        let new = self.path.with_extension("import.new");
        let failed = |error: io::Error| files::failed(&self.path, error);
        files::refuse_link(&self.path)?;
        let mut file = files::create_private(&new)?;
        file.write_all(&text)
            .and_then(|()| file.sync_data())
            .and_then(|()| fs::rename(&new, &self.path))
            .map_err(failed)
    }

    /// Returns the rejected rows, with the reason.
    pub(super) fn rejected(&self, valid: &[Row]) -> Vec<Row> {
        let rejected = self.rejected.iter().filter_map(|(index, reason)| {
            let mut row = valid.get(*index)?.clone();
            row.problem.clone_from(reason);
            Some(row)
        });
        rejected.collect()
    }

    /// Removes the state of a finished import.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(files::failed(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}
