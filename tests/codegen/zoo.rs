//! A zoo: one operation of every shape that the lint lets through. The client
//! that is generated for it compiles without a warning.
//!
//! The zoo is a workspace below `target/tmp` whose sources are links to those of
//! this one, but for the generated code. Its dependencies are built where those
//! of `cargo check` are.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::Project;
use crate::support::project_root;

/// The places that a parameter of paging can be in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Nowhere,
    Body,
    Query,
    /// A time in the query, as seconds.
    Seconds,
}

/// The operations of a zoo, and the schemas of their bodies.
#[derive(Default)]
struct Zoo {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
}

/// An operation that is to be added.
#[derive(Default)]
struct Shape {
    method: &'static str,
    /// The path below the operation's own, with its parameters.
    path: &'static str,
    parameters: Vec<Value>,
    /// The properties of the body.
    body: Option<Value>,
    body_is_list: bool,
    response: Option<Value>,
    paging: Option<Value>,
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A flag that no command uses for something else.
fn flag(name: &str) -> String {
    format!("zoo-{}", name.to_lowercase().replace('_', "-"))
}

fn id(name: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "x-id": name })
}

fn parameter(place: &str, name: &str, schema: &Value, is_required: bool, example: Value) -> Value {
    json!({
        "name": name, "in": place, "required": is_required, "x-flag": flag(name),
        "description": "A parameter.", "schema": schema, "example": example,
    })
}

/// Every type that a parameter of the query may have.
fn query_types() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("count", json!({ "type": "integer" }), json!(7)),
        (
            "number",
            json!({ "type": "integer", "format": "int64" }),
            json!(7),
        ),
        ("isOpen", json!({ "type": "boolean" }), json!(true)),
        ("type", json!({ "type": "string" }), json!("a b")),
        (
            "phone-number",
            json!({ "type": "string", "format": "phone" }),
            json!("15550100101"),
        ),
        (
            "since",
            json!({ "type": "string", "format": "date-time" }),
            json!("2026-05-07T12:00:00Z"),
        ),
        ("shade", reference("ZooColor"), json!("red")),
        ("inbox", id("InboxId"), json!(41001)),
    ]
}

fn query(is_required: bool) -> Vec<Value> {
    let types = query_types().into_iter();
    types
        .map(|(name, schema, example)| {
            let name = if is_required {
                name.to_owned()
            } else {
                format!("any-{name}")
            };
            parameter("query", &name, &schema, is_required, example)
        })
        .collect()
}

/// A path with a parameter of every type that one may have.
const PATH: &str = "/{id}/x/{someName}/{color_of_it}/{owner}";

fn path_parameters() -> Vec<Value> {
    vec![
        // Not in the order of the path.
        parameter(
            "path",
            "color_of_it",
            &reference("ZooColor"),
            true,
            json!("red"),
        ),
        parameter("path", "id", &json!({ "type": "integer" }), true, json!(7)),
        parameter(
            "path",
            "someName",
            &json!({ "type": "string" }),
            true,
            json!("a/b"),
        ),
        parameter("path", "owner", &id("MemberId"), true, json!(50001)),
    ]
}

fn list_of(item: &str) -> Option<Value> {
    Some(json!({ "type": "array", "items": reference(item) }))
}

impl Zoo {
    fn new() -> Self {
        let mut zoo = Self::default();
        let schemas = [
            (
                "ZooColor",
                json!({
                    "type": "string", "enum": ["red", "blue"], "x-open-enum": true,
                    "description": "A color.",
                }),
            ),
            (
                "ZooItem",
                json!({
                    "type": "object", "description": "An item.", "required": ["id"],
                    "properties": {
                        "id": {
                            "type": "integer", "format": "int64", "x-id": "ZooItemId",
                            "description": "The ID.",
                        },
                        "updated": {
                            "type": "string", "format": "date-time", "nullable": true,
                            "description": "The time.", "x-rust-name": "changed",
                        },
                    },
                }),
            ),
        ];
        for (name, schema) in schemas {
            zoo.schemas.insert(name.to_owned(), schema);
        }
        zoo
    }

    fn add(&mut self, shape: Shape) {
        let number = self.paths.len();
        let mut operation = json!({
            "operationId": format!("zoo_{number}"), "tags": ["tags"],
            "summary": "An operation", "description": "An operation of the zoo.",
            "externalDocs": { "url": "https://example.com" },
            "x-safety": "read", "x-evidence": ["inferred"],
            "parameters": shape.parameters,
            "responses": { "200": { "description": "The response." } },
        });
        if let Some(schema) = shape.response {
            operation["responses"]["200"]["content"] =
                json!({ "application/json": { "schema": schema } });
        }
        if let Some(properties) = shape.body {
            let name = format!("ZooBody{number}");
            let mut schema = reference(&name);
            let mut example = json!({});
            if shape.body_is_list {
                schema = json!({ "type": "array", "items": schema });
                example = json!([{}]);
            }
            operation["requestBody"] = json!({
                "required": true,
                "content": { "application/json": { "schema": schema, "example": example } },
            });
            let component = json!({
                "type": "object", "description": "A body.", "properties": properties,
            });
            self.schemas.insert(name, component);
        }
        if let Some(mut paging) = shape.paging {
            paging["walk"] = json!(format!("walk_{number}"));
            operation["x-paging"] = paging;
        }
        let path = format!("/v1/zoo/{number}{}", shape.path);
        self.paths.insert(path, json!({ shape.method: operation }));
    }

    /// Operations without pages: all parameters, bodies and responses.
    fn add_plain(&mut self) {
        let note = || json!({ "note": { "type": "string", "description": "A text.", "x-flag": "zoo-note" } });
        for method in ["get", "put", "post", "delete", "patch"] {
            let parameters = path_parameters()
                .into_iter()
                .chain(query(true))
                .chain(query(false));
            let parameters: Vec<Value> = parameters.collect();
            self.add(Shape {
                method,
                path: PATH,
                parameters: parameters.clone(),
                ..Shape::default()
            });
            self.add(Shape {
                method,
                path: PATH,
                parameters,
                body: Some(note()),
                ..Shape::default()
            });
        }
        self.add(Shape {
            method: "post",
            body: Some(note()),
            body_is_list: true,
            ..Shape::default()
        });
        let responses = [
            reference("ZooItem"),
            reference("ZooColor"),
            reference("Count"),
            json!({}),
            json!({ "type": "string", "nullable": true }),
            json!({ "type": "integer", "nullable": true }),
            json!({ "type": "boolean", "nullable": true }),
            json!({ "type": "array", "items": { "type": "string", "nullable": true } }),
        ];
        for response in responses {
            self.add(Shape {
                method: "get",
                response: Some(response),
                ..Shape::default()
            });
        }
    }

    /// Operations with pages: each way to say which page is wanted.
    fn add_paged(&mut self) {
        use Place::{Body, Nowhere, Query, Seconds};

        for cursor in [Body, Query, Seconds, Nowhere] {
            for page in [Nowhere, Body, Query] {
                for limit in [Nowhere, Body, Query] {
                    if cursor != Nowhere || page != Nowhere {
                        self.add_walk(cursor, page, limit);
                    }
                }
            }
        }
        self.add(Shape {
            method: "get",
            path: "/tag/{id}/conversations",
            parameters: vec![
                parameter("path", "id", &id("TagId"), true, json!(60001)),
                // The names of what the generated code has variables for.
                parameter(
                    "query",
                    "client",
                    &json!({ "type": "string" }),
                    true,
                    json!("a"),
                ),
                parameter(
                    "query",
                    "request",
                    &json!({ "type": "string" }),
                    true,
                    json!("a"),
                ),
                parameter(
                    "query",
                    "wanted",
                    &json!({ "type": "string" }),
                    true,
                    json!("a"),
                ),
                parameter(
                    "query",
                    "self",
                    &json!({ "type": "string" }),
                    true,
                    json!("a"),
                ),
                parameter(
                    "query",
                    "date",
                    &json!({ "type": "integer" }),
                    false,
                    json!(7),
                ),
            ],
            response: list_of("Conversation"),
            paging: Some(json!({ "cursor": "date", "from": "updated", "size": 30 })),
            ..Shape::default()
        });
    }

    fn add_walk(&mut self, cursor: Place, page: Place, limit: Place) {
        let time = json!({ "type": "string", "format": "date-time" });
        let integer = json!({ "type": "integer" });
        let boolean = json!({ "type": "boolean" });
        // Every other operation has other parameters, and an order of its own.
        let is_odd = !self.paths.len().is_multiple_of(2);
        let ascending = match (cursor, is_odd) {
            (Place::Nowhere, _) => Place::Nowhere,
            (_, true) => Place::Query,
            (_, false) => Place::Body,
        };
        let mut paging = json!({});
        let mut parameters = Vec::new();
        let mut body = Map::new();
        let members = [
            (
                "cursor",
                "before",
                cursor,
                &time,
                json!("2026-05-07T12:00:00Z"),
            ),
            ("page", "page", page, &integer, json!(1)),
            ("limit", "limit", limit, &integer, json!(30)),
            ("ascending", "ascending", ascending, &boolean, json!(false)),
        ];
        for (key, name, place, schema, example) in members {
            let schema = if place == Place::Seconds {
                &integer
            } else {
                schema
            };
            let example = if place == Place::Seconds {
                json!(7)
            } else {
                example
            };
            match place {
                Place::Nowhere => continue,
                Place::Body => {
                    let mut schema = schema.clone();
                    schema["description"] = json!("A member.");
                    schema["x-flag"] = json!(flag(name));
                    schema["x-rust-name"] = json!(format!("{name}_of_zoo"));
                    body.insert(name.to_owned(), schema);
                }
                Place::Query | Place::Seconds => {
                    parameters.push(parameter("query", name, schema, false, example));
                }
            }
            // The walk refuses a page or an order that `x-paging` does not name.
            if key != "ascending" || self.paths.len().is_multiple_of(3) {
                paging[key] = json!(name);
            }
        }
        if cursor == Place::Nowhere {
            paging["first"] = json!(1);
        } else {
            paging["from"] = json!("updated");
            paging["size"] = json!(30);
        }
        if page != Place::Nowhere {
            paging["first"] = json!(1);
        }
        if is_odd {
            parameters.extend(path_parameters());
            parameters.extend(query(true));
            parameters.extend(query(false));
        }
        self.add(Shape {
            method: if body.is_empty() { "get" } else { "post" },
            path: if is_odd { PATH } else { "" },
            parameters,
            body: (!body.is_empty()).then(|| body.into()),
            response: list_of("ZooItem"),
            paging: Some(paging),
            ..Shape::default()
        });
    }
}

/// Writes a file if it is not so already, so that the compiler has nothing to do
/// where nothing changed.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// Links what is in a folder into another one, but for what is there.
fn link(from: &Path, to: &Path, but: &[&str]) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        let is_left_out = but.iter().any(|name| entry.file_name() == *name);
        if !is_left_out && target.symlink_metadata().is_err() {
            symlink(entry.path(), target).expect("a link");
        }
    }
}

/// Makes the workspace of the zoo around the generated client.
fn workspace(files: &[xtask::output::OutputFile]) -> PathBuf {
    let (project, zoo) = (
        project_root(),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("zoo"),
    );
    let _ = fs::remove_file(zoo.join("heymarket-api/src/generated/stale.rs"));
    link(&project, &zoo, &["target", ".git", "heymarket-api"]);
    link(
        &project.join("heymarket-api"),
        &zoo.join("heymarket-api"),
        &["src"],
    );
    let (src, zoo_src) = (
        project.join("heymarket-api/src"),
        zoo.join("heymarket-api/src"),
    );
    link(&src, &zoo_src, &["generated"]);
    for file in files {
        if file.path.starts_with("heymarket-api/src/generated/") {
            write(&zoo.join(&file.path), &file.text);
        }
    }
    zoo
}

#[test]
fn every_shape_that_the_lint_accepts_compiles() {
    let mut zoo = Zoo::new();
    zoo.add_plain();
    zoo.add_paged();
    let project = Project::new();
    let text = |map: &Map<String, Value>| Value::from(map.clone()).to_string();
    project.write("openapi/paths/zoo.yaml", text(&zoo.paths));
    project.write("openapi/schemas/zoo.yaml", text(&zoo.schemas));
    let findings = project.findings();
    assert!(findings.is_empty(), "{findings:#?}");
    let files = xtask::generate(project.root()).expect("generated files");
    let walks = files.iter().find(|file| file.path.ends_with("paging.rs"));
    let walks = walks
        .expect("the walks")
        .text
        .matches("pub fn walk_")
        .count();
    assert_eq!(walks, 34, "each paged operation has a walk");

    let folder = workspace(&files);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let output = Command::new(env!("CARGO"))
        .current_dir(&folder)
        .args([
            "check",
            "--quiet",
            "--locked",
            "--offline",
            "--package",
            "heymarket-api",
        ])
        .arg("--target-dir")
        .arg(target.expect("the target folder"))
        .output()
        .expect("cargo");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && talk.is_empty(), "{talk}");
}
