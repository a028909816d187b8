//! Reads the source files in `openapi/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::yaml::{self, Document};

/// The folder of the sources, relative to the project's root.
pub const FOLDER: &str = "openapi";

/// One source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path relative to the project's root, with forward slashes.
    pub(crate) file: String,
    pub(crate) document: Document,
}

/// All sources of a spec.
#[derive(Debug)]
pub struct Sources {
    pub(crate) root: Source,
    pub(crate) webhooks: Source,
    pub(crate) paths: Vec<Source>,
    pub(crate) schemas: Vec<Source>,
}

/// Reads `heymarket.yaml`, `webhooks.yaml`, `paths/*.yaml` and `schemas/*.yaml`
/// of `openapi/` under `project`, in the order of their names.
///
/// # Errors
///
/// Returns an error when one cannot be read or is not valid YAML.
pub fn read(project: &Path) -> Result<Sources, Error> {
    Ok(Sources {
        root: read_file(project, &format!("{FOLDER}/heymarket.yaml"))?,
        webhooks: read_file(project, &format!("{FOLDER}/webhooks.yaml"))?,
        paths: read_folder(project, &format!("{FOLDER}/paths"))?,
        schemas: read_folder(project, &format!("{FOLDER}/schemas"))?,
    })
}

/// Parses sources that are not in files: the root, the webhooks, and the path and
/// schema files by their names.
///
/// # Errors
///
/// Returns an error when one is not valid YAML.
pub fn parse(
    root: &str,
    webhooks: &str,
    paths: &[(&str, &str)],
    schemas: &[(&str, &str)],
) -> Result<Sources, Error> {
    let parse_all = |folder: &str, files: &[(&str, &str)]| {
        let sources = files
            .iter()
            .map(|(name, text)| parse_text(&format!("{FOLDER}/{folder}/{name}.yaml"), text));
        sources.collect::<Result<Vec<_>, _>>()
    };
    Ok(Sources {
        root: parse_text(&format!("{FOLDER}/heymarket.yaml"), root)?,
        webhooks: parse_text(&format!("{FOLDER}/webhooks.yaml"), webhooks)?,
        paths: parse_all("paths", paths)?,
        schemas: parse_all("schemas", schemas)?,
    })
}

fn read_folder(project: &Path, folder: &str) -> Result<Vec<Source>, Error> {
    let path = project.join(folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(&path).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            names.push(name);
        }
    }
    names.sort();
    names
        .iter()
        .map(|name| read_file(project, &format!("{folder}/{name}")))
        .collect()
}

fn read_file(project: &Path, file: &str) -> Result<Source, Error> {
    let text = fs::read_to_string(project.join(file)).map_err(|error| unreadable(file, &error))?;
    parse_text(file, &text)
}

fn parse_text(file: &str, text: &str) -> Result<Source, Error> {
    let document = yaml::parse(text).map_err(|error| Error::Syntax {
        file: file.to_owned(),
        line: error.position.line,
        column: error.position.column,
        message: error.message,
    })?;
    Ok(Source {
        file: file.to_owned(),
        document,
    })
}

fn unreadable(file: &str, error: &std::io::Error) -> Error {
    Error::Unreadable {
        path: PathBuf::from(file),
        reason: error.to_string(),
    }
}
