//! The generated code matches the spec, every rule of the lint finds its mistake,
//! and an unreadable spec is an error that says where.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use xtask::command::{self, Output};
use xtask::{Error, Finding};

use crate::support::project_root;

// Every rule of the lint, each broken once.
mod rules;
// The shapes of operations that no operation of the spec has.
#[cfg(unix)]
mod zoo;

/// A copy of the project's sources and generated code, to break.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let generated = ["heymarket-api/src/generated", "heymarket-cli/src/generated"];
        for path in [
            "docs",
            "openapi",
            "heymarket-mcp/openapi",
            "heymarket-sandbox/openapi",
        ]
        .into_iter()
        .chain(generated)
        {
            copy(&project_root().join(path), &folder.path().join(path));
        }
        Self(folder)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root().join(file)).expect("a file")
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.root().join(file), text).expect("a file");
    }

    /// Replaces the first occurrence of a text, which must be there.
    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "no {from:?} in {file}");
        self.write(file, text.replacen(from, to, 1));
    }

    fn append(&self, file: &str, text: &str) {
        let before = self.read(file);
        self.write(file, before + text);
    }

    fn findings(&self) -> Vec<Finding> {
        match xtask::checked_bundle(self.root()) {
            Err(Error::Findings(findings)) => findings,
            Err(other) => panic!("not findings: {other}"),
            Ok(_) => Vec::new(),
        }
    }

    fn error(&self) -> String {
        let outcome = xtask::generate(self.root());
        outcome.map(drop).expect_err("an error").to_string()
    }

    /// Runs a command, and returns its outcome, its data and its messages.
    fn run<T>(
        &self,
        command: fn(&Path, &mut Output<'_>) -> Result<T, Error>,
    ) -> (Result<T, Error>, String, String) {
        let (mut data, mut talk) = (Vec::new(), Vec::new());
        let outcome = command(
            self.root(),
            &mut Output {
                data: &mut data,
                talk: &mut talk,
            },
        );
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (outcome, text(data), text(talk))
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

const ROOT: &str = "openapi/heymarket.yaml";
const PATHS: &str = "openapi/paths/conversations.yaml";
const SCHEMAS: &str = "openapi/schemas/conversations.yaml";
const MESSAGES: &str = "openapi/paths/messages.yaml";
const LISTS: &str = "openapi/paths/lists.yaml";
const WEBHOOKS: &str = "openapi/webhooks.yaml";

#[test]
fn the_generated_code_is_what_the_spec_generates() {
    let files = xtask::generate(&project_root()).expect("generated files");
    let diffs = xtask::write::diff(&project_root(), &files).expect("a diff");
    assert!(
        diffs.is_empty(),
        "run `cargo xtask codegen`:\n{}",
        diffs.concat()
    );
}

#[test]
fn two_runs_give_the_same_bytes_wherever_the_project_is() {
    let elsewhere = Project::new();
    assert_eq!(
        xtask::generate(&project_root()).expect("generated files"),
        xtask::generate(elsewhere.root()).expect("generated files")
    );
}

#[test]
fn the_projects_own_spec_keeps_every_rule() {
    let findings = Project::new().findings();
    assert_eq!(findings, []);
}

#[test]
fn all_findings_come_in_one_run_with_their_lines() {
    let project = Project::new();
    project.replace(PATHS, "    x-safety: unsafe\n", "");
    project.replace(
        SCHEMAS,
        "      description: True for closed conversations, false for open ones.\n",
        "",
    );
    project.replace(SCHEMAS, "    muted:\n", "    blocked:\n");
    let line_of = |file: &str, text: &str| {
        let text_at = project.read(file).find(text).expect("the text");
        project.read(file)[..text_at].lines().count() + 1
    };
    let findings = project.findings();
    let places: Vec<_> = findings
        .iter()
        .map(|finding| (finding.file.as_str(), finding.line))
        .collect();
    let closed = line_of(SCHEMAS, "    closed:\n");
    assert!(places.contains(&(SCHEMAS, closed)), "{findings:#?}");
    assert!(
        places.iter().any(|(file, _)| *file == PATHS),
        "{findings:#?}"
    );
    assert_eq!(findings.len(), 3, "{findings:#?}");
    let text = project.error();
    assert!(text.ends_with("3 findings"), "{text}");
    assert!(text.contains("remedy: "), "{text}");
}

#[test]
fn a_circle_of_references_is_a_finding() {
    let project = Project::new();
    project.append(
        SCHEMAS,
        "One:\n  $ref: \"#/components/schemas/Two\"\nTwo:\n  $ref: \"#/components/schemas/One\"\n",
    );
    project.replace(
        SCHEMAS,
        "#/components/schemas/ReadState",
        "#/components/schemas/One",
    );
    let findings = project.findings();
    let circle = findings
        .iter()
        .find(|finding| finding.message.contains("into a circle"));
    assert!(circle.is_some(), "{findings:#?}");
}

#[test]
fn a_file_that_is_missing_or_not_text_is_named() {
    let project = Project::new();
    fs::remove_file(project.root().join(ROOT)).expect("removed");
    assert!(
        project
            .error()
            .starts_with(&format!("cannot read {ROOT}: ")),
        "{}",
        project.error()
    );

    let project = Project::new();
    project.write(SCHEMAS, b"\xff\xfe");
    assert!(
        project
            .error()
            .starts_with(&format!("cannot read {SCHEMAS}: ")),
        "{}",
        project.error()
    );

    let project = Project::new();
    fs::remove_dir_all(project.root().join("openapi/paths")).expect("removed");
    assert!(
        project.error().starts_with("cannot read openapi/paths: "),
        "{}",
        project.error()
    );
}

#[test]
fn invalid_yaml_is_reported_with_file_line_and_column() {
    for (text, expected) in [
        ("a: 1\nb: [1, 2\nc: 3\n", ":3:2: invalid YAML"),
        ("a: 1\n\tb: 2\n", ":1:4: invalid YAML"),
        ("a: &x 1\nb: *x\n", ":2:4: a YAML alias"),
        ("a: !x 1\n", ":1:4: a YAML tag"),
        ("a: 1\n---\nb: 1\n", ":3:1: a second document"),
        ("? [a]\n: 1\n", ":1:3: a key that is not a string"),
        ("- a\n", ":1:1: expected a mapping"),
    ] {
        let project = Project::new();
        project.write(SCHEMAS, text);
        let error = project.error();
        assert!(
            error.starts_with(&format!("{SCHEMAS}{expected}")),
            "{text}: {error}"
        );
    }
    let project = Project::new();
    project.write(SCHEMAS, "[".repeat(150));
    assert!(
        project.error().contains("nesting deeper than 100 levels"),
        "{}",
        project.error()
    );
}

#[test]
fn a_document_of_another_version_is_refused() {
    let project = Project::new();
    project.replace(ROOT, "openapi: 3.0.3", "openapi: 3.1.0");
    let error = project.error();
    assert!(
        error.starts_with(&format!("{ROOT}:1:1: OpenAPI 3.1.0 is not supported")),
        "{error}"
    );
    let project = Project::new();
    project.replace(ROOT, "openapi: 3.0.3\n", "");
    assert!(
        project.error().contains("`openapi: 3.0.3` is missing"),
        "{}",
        project.error()
    );
}

#[test]
fn an_operation_that_progenitor_cannot_generate_is_named() {
    let project = Project::new();
    // A parameter with `content` instead of `schema` is valid OpenAPI.
    project.replace(
        PATHS,
        "        schema:\n          type: integer\n          format: int64\n          x-id: ConversationId\n        example: 9920\n",
        "        content:\n          application/json:\n            schema:\n              type: integer\n        example: 9920\n",
    );
    let error = project.error();
    assert!(
        error.starts_with("progenitor cannot generate the operation get_conversation: "),
        "{error}"
    );
}

#[test]
fn check_prints_a_diff_and_writes_nothing() {
    let project = Project::new();
    let types = "heymarket-api/src/generated/types.rs";
    project.replace(types, "pub id: i64", "pub id: i32");
    project.write("heymarket-api/src/generated/stale.rs", "// left over\n");
    let before = project.read(types);
    let (outcome, data, talk) = project.run(command::check);
    assert!(!outcome.expect("a check"));
    assert!(
        data.contains(&format!("--- a/{types}\n+++ b/{types}\n@@ ")),
        "{data}"
    );
    assert!(
        data.contains("-    pub id: i32,\n+    pub id: i64,\n"),
        "{data}"
    );
    assert!(
        data.contains("--- a/heymarket-api/src/generated/stale.rs"),
        "{data}"
    );
    assert!(talk.contains("run `cargo xtask codegen`"), "{talk}");
    assert_eq!(project.read(types), before);

    let (outcome, _, talk) = project.run(command::codegen);
    outcome.expect("written");
    assert_eq!(
        talk,
        format!("wrote {types}\nwrote heymarket-api/src/generated/stale.rs\n")
    );
    let (outcome, data, _) = project.run(command::check);
    assert!(outcome.expect("a check"));
    assert_eq!(data, "");
}

#[test]
fn an_error_leaves_the_tree_as_it_was() {
    let project = Project::new();
    let types = "heymarket-api/src/generated/types.rs";
    // The last file cannot be replaced, and the ones before it would change.
    project.replace(SCHEMAS, "The conversation's name.", "Its name.");
    fs::remove_file(project.root().join(types)).expect("removed");
    fs::create_dir_all(project.root().join(types).join("in-the-way")).expect("a folder");
    let bundled = project.read("openapi/bundled.json");
    let names = || {
        let folder = fs::read_dir(project.root().join("openapi")).expect("a folder");
        folder
            .map(|entry| entry.expect("an entry").file_name())
            .collect::<Vec<_>>()
            .len()
    };
    let files_before = names();
    let (outcome, _, _) = project.run(command::codegen);
    let error = outcome.expect_err("a folder is in the way").to_string();
    assert!(error.contains(types), "{error}");
    assert_eq!(project.read("openapi/bundled.json"), bundled);
    assert_eq!(names(), files_before);
}

#[test]
fn lint_confirms_the_spec_and_codegen_stops_at_a_finding() {
    let project = Project::new();
    let (outcome, _, talk) = project.run(command::lint);
    outcome.expect("no findings");
    assert_eq!(talk, "openapi/ keeps every rule\n");
    project.replace(PATHS, "    x-safety: unsafe\n", "");
    let (outcome, _, _) = project.run(command::codegen);
    assert!(matches!(outcome, Err(Error::Findings(_))));
}

#[test]
fn only_a_deprecated_operation_with_a_replacement_warns() {
    let files = xtask::generate(&project_root()).expect("generated files");
    let client = files.iter().find(|file| file.path.ends_with("client.rs"));
    let client = &client.expect("the client").text;
    // The attributes of a method follow its documentation.
    let head = |method: &str| {
        let end = client.find(method).expect("the method");
        let start = client[..end].rfind("    }\n").unwrap_or_default();
        &client[start..end]
    };
    let replaced = head("pub async fn update_list_v1(");
    assert!(replaced.contains("#[deprecated = \"the vendor deprecates it; use `update_list`\"]"));
    assert!(replaced.contains("may remove it: use [`update_list`]"));
    let alone = head("pub async fn get_list(");
    assert!(!alone.contains("#[deprecated"), "{alone}");
    assert!(alone.contains("no other operation replaces it"), "{alone}");
}

#[test]
fn a_new_endpoint_is_a_new_command() {
    let project = Project::new();
    let operation = project.read(PATHS);
    let operation = &operation[operation.find("/v1/conversations/{id}:").expect("it")..];
    let end = operation[1..]
        .find("\n/v1")
        .map_or(operation.len(), |end| end + 2);
    let new = operation[..end]
        .replace("/v1/conversations/{id}", "/v1/conversations/{id}/summary")
        .replace(
            "operationId: get_conversation",
            "operationId: get_conversation_summary",
        );
    project.append(PATHS, &new);
    let files = xtask::generate(project.root()).expect("generated files");
    let commands = files.iter().find(|file| file.path.ends_with("commands.rs"));
    let commands = &commands.expect("the commands").text;
    assert!(commands.contains("verb: \"get-summary\""), "{commands}");
    assert!(commands.contains("operation: &operations::GET_CONVERSATION_SUMMARY"));
}

#[test]
fn a_flag_with_two_meanings_is_an_error() {
    let project = Project::new();
    project.replace(SCHEMAS, "x-flag: member", "x-flag: limit");
    let error = project.error();
    assert!(error.contains("list_conversations"), "{error}");
    assert!(
        error.contains("`--limit` already has another meaning"),
        "{error}"
    );
    let project = Project::new();
    project.replace(SCHEMAS, "x-flag: member", "x-flag: json");
    assert!(
        project
            .error()
            .contains("`--json` already has another meaning")
    );
}
