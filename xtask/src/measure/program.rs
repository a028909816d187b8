//! The programs whose builds are measured: a first program with the crate, and
//! the same program on the crate's bare dependencies.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{CRATE, dependencies};
use crate::cargo::{Took, cargo, timed};
use crate::error::Error;

/// The folder of the programs, relative to the project's root.
pub(super) const FOLDER: &str = "target/weigh";

/// A program in its own folder.
pub(super) struct Program {
    folder: PathBuf,
    name: &'static str,
    target: PathBuf,
}

/// What the program does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Gets a conversation.
    Client,
    /// Reads the delivery of a webhook, and sends nothing.
    Types,
}

impl Kind {
    fn features(self) -> &'static [&'static str] {
        match self {
            Self::Client => &["client", "rustls"],
            Self::Types => &[],
        }
    }
}

/// Writes the programs of a kind: with the crate, and without.
pub(super) fn pair(root: &Path, kind: Kind) -> Result<[Program; 2], Error> {
    let bare = dependencies(root, kind.features())?;
    let mut with = runtime(kind);
    with.insert(CRATE.to_owned(), crate_line(root, kind.features()));
    let mut without = bare;
    without.extend(runtime(kind));
    let (names, texts) = match kind {
        Kind::Client => (["hello", "hello-bare"], [HELLO, HELLO_BARE]),
        Kind::Types => (["types", "types-bare"], [TYPES, TYPES_BARE]),
    };
    Ok([
        Program::write(root, names[0], &with, texts[0])?,
        Program::write(root, names[1], &without, texts[1])?,
    ])
}

/// Writes an empty program with the crate, for the cost of features.
pub(super) fn with_features(root: &Path, features: &[&str]) -> Result<Program, Error> {
    let lines = BTreeMap::from([(CRATE.to_owned(), crate_line(root, features))]);
    Program::write(
        root,
        "features",
        &lines,
        "use heymarket_api as _;\n\nfn main() {}\n",
    )
}

/// Returns the runtime of both programs.
fn runtime(kind: Kind) -> BTreeMap<String, String> {
    let line = "{ version = \"1\", default-features = false, features = [\"macros\", \"rt\", \
                \"sync\", \"time\"] }";
    match kind {
        Kind::Client => BTreeMap::from([("tokio".to_owned(), line.to_owned())]),
        Kind::Types => BTreeMap::new(),
    }
}

fn crate_line(root: &Path, features: &[&str]) -> String {
    let path = root.join(CRATE);
    format!("{{ path = {path:?}, default-features = false, features = {features:?} }}")
}

impl Program {
    fn write(
        root: &Path,
        name: &'static str,
        dependencies: &BTreeMap<String, String>,
        main: &str,
    ) -> Result<Self, Error> {
        let folder = root.join(FOLDER).join(name);
        let lines = dependencies
            .iter()
            .map(|(name, line)| format!("{name} = {line}\n"));
        // As for a crate from a registry.
        let as_dependency = if dependencies.contains_key(CRATE) {
            "[profile.dev.package.heymarket-api]\nincremental = false\n\n"
        } else {
            ""
        };
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{}\n[profile.release]\nstrip = \"symbols\"\n\n{as_dependency}[workspace]\n",
            lines.collect::<String>(),
        );
        let unwritable = |error: std::io::Error| Error::Unwritable {
            path: folder.clone(),
            reason: error.to_string(),
        };
        fs::create_dir_all(folder.join("src")).map_err(unwritable)?;
        fs::write(folder.join("Cargo.toml"), manifest).map_err(unwritable)?;
        fs::write(folder.join("src/main.rs"), main).map_err(unwritable)?;
        // The versions of the project.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).map_err(unwritable)?;
        Ok(Self {
            target: folder.join("target"),
            folder,
            name,
        })
    }

    /// Shares the target folder with other programs, whose dependencies are mostly
    /// the same.
    pub(super) fn sharing(mut self) -> Self {
        self.target = self.folder.with_file_name("shared");
        self
    }

    /// Builds everything from nothing.
    pub(super) fn cold(&self, profile: &str) -> Result<Took, Error> {
        match fs::remove_dir_all(&self.target) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Unwritable {
                    path: self.target.clone(),
                    reason: error.to_string(),
                });
            }
            _ => {}
        }
        self.build(profile)
    }

    /// Builds again after a change of the program.
    pub(super) fn touched(&self, profile: &str) -> Result<Took, Error> {
        let main = self.folder.join("src/main.rs");
        let touch = || {
            fs::File::options()
                .append(true)
                .open(&main)?
                .set_modified(now())
        };
        touch().map_err(|error| Error::Unwritable {
            path: main.clone(),
            reason: error.to_string(),
        })?;
        self.build(profile)
    }

    /// Builds what is out of date.
    pub(super) fn build(&self, profile: &str) -> Result<Took, Error> {
        let mut command = cargo(&self.folder, &["build", "--quiet", "--profile", profile]);
        command.env("CARGO_TARGET_DIR", &self.target);
        timed(command)
    }

    /// Returns the size of the stripped program in bytes, after a release build.
    pub(super) fn size(&self) -> Result<u64, Error> {
        let path = self.target.join("release").join(self.name);
        let metadata = fs::metadata(&path).map_err(|error| Error::Unreadable {
            path,
            reason: error.to_string(),
        })?;
        Ok(metadata.len())
    }
}

fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

const HELLO: &str = r#"use heymarket_api::{Client, Credentials};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), heymarket_api::Error> {
    let client = Client::new(Credentials::api_secret("secret id", "secret key"))?;
    let conversation = client.get_conversation(9920).await?;
    println!("{:?} {:?}", conversation.status, conversation.request_id());
    Ok(())
}
"#;

const HELLO_BARE: &str = r#"#[derive(Debug, serde::Deserialize)]
struct Conversation {
    status: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(30))
        .build()?;
    let response = client
        .get("https://api.heymarket.com/v1/conversations/9920")
        .bearer_auth("token")
        .send()
        .await?
        .error_for_status()?;
    let id = response.headers().get("x-request-id").cloned();
    let conversation: Conversation = serde_json::from_slice(&response.bytes().await?)?;
    println!("{:?} {:?}", conversation.status, id);
    Ok(())
}
"#;

const TYPES: &str = r#"use heymarket_api::webhook::Verifier;

fn main() {
    let verifier = Verifier::new("token");
    let body = std::io::read_to_string(std::io::stdin()).unwrap_or_default();
    match verifier.verify(body.as_bytes()) {
        Ok(event) => println!("{:?}", event.event_type),
        Err(error) => println!("{error}"),
    }
}
"#;

const TYPES_BARE: &str = r#"#[derive(Debug, serde::Deserialize)]
struct Delivery {
    token: String,
    r#type: Option<String>,
}

fn main() {
    let body = std::io::read_to_string(std::io::stdin()).unwrap_or_default();
    match serde_json::from_str::<Delivery>(&body) {
        Ok(delivery) if delivery.token == "token" => println!("{:?}", delivery.r#type),
        Ok(_) => println!("another token"),
        Err(error) => println!("{error}"),
    }
}
"#;
