//! The tools that are registered, and what their definitions cost.

use std::collections::BTreeSet;

use heymarket_api::{Client, Credentials, Effect, operations};
use heymarket_mcp::{ErrorKind, Server, ServerBuilder};
use serde_json::Value;

/// The most tokens of the default definitions.
const MAX_TOKENS: usize = 6000;

/// Three bytes of JSON count as a token. Tokenizers count fewer: o200k_base has a token for
/// 4.2 bytes of these definitions, and cl100k_base for 4.4.
const BYTES_PER_TOKEN: usize = 3;

fn tools(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Vec<Value> {
    let client = Client::builder(Credentials::api_key("none"))
        .base_url("http://127.0.0.1:9")
        .build();
    let server = change(Server::builder(client.expect("a client")));
    server.build().expect("a server").tools()
}

fn names(tools: &[Value]) -> Vec<&str> {
    tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect()
}

#[test]
fn a_server_only_reads_unless_it_is_asked() {
    let tools = tools(|server| server);
    assert_eq!(
        names(&tools),
        [
            "find_conversations",
            "read_thread",
            "search_messages",
            "search_contacts",
            "look_up_contact",
            "list_inboxes",
            "list_members",
            "list_templates",
            "list_tags",
            "draft_message",
            "find_operation",
            "call_operation",
        ]
    );
    for toolset in Server::toolsets() {
        let client = Client::builder(Credentials::api_key("none")).base_url("http://127.0.0.1:9");
        let server = Server::builder(client.build().expect("a client")).toolsets([toolset]);
        // A resource may have nothing to read.
        let Ok(server) = server.build() else {
            continue;
        };
        for tool in server.tools() {
            assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        }
    }
}

#[test]
fn the_default_definitions_take_few_tokens() {
    let dir = tempfile::tempdir().expect("a folder");
    let outbox = heymarket_outbox::Outbox::open(dir.path().join("outbox.db")).expect("an outbox");
    let default = tools(|server| server);
    let all = tools(|server| {
        let server = server.allow_writes(true).allow_deletes(true);
        server.allow_sends(true).outbox(outbox)
    });
    for (what, tools) in [("default", default), ("with everything allowed", all)] {
        let bytes = Value::Array(tools.clone()).to_string().len();
        let tokens = bytes / BYTES_PER_TOKEN;
        eprintln!(
            "{what}: {} tools, {bytes} bytes, at most {tokens} tokens",
            tools.len()
        );
        assert!(
            tokens < MAX_TOKENS,
            "{what}: {tokens} tokens in {bytes} bytes"
        );
    }
}

#[test]
fn no_tool_sends_or_changes_in_bulk_by_itself() {
    let tools = tools(|server| {
        let server = server.allow_writes(true).allow_deletes(true);
        server.allow_sends(true).toolsets(["all"])
    });
    let names: BTreeSet<_> = names(&tools).into_iter().collect();
    assert_eq!(names.len(), tools.len(), "two tools have one name");
    for operation in operations::ALL {
        let is_tool = names.contains(operation.id());
        let is_direct = !matches!(operation.effect(), Effect::Sends | Effect::Bulk);
        assert_eq!(is_tool, is_direct, "{}", operation.id());
    }
}

#[test]
fn each_permission_registers_its_own_tools() {
    let with = |change: fn(ServerBuilder) -> ServerBuilder| {
        let tools = tools(|server| change(server).toolsets(["all"]));
        names(&tools)
            .into_iter()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let read = with(|server| server);
    let more = |set: BTreeSet<String>| set.difference(&read).cloned().collect::<Vec<_>>();
    let sends = more(with(|server| server.allow_sends(true)));
    assert_eq!(sends, ["send_draft"]);
    let deletes = more(with(|server| server.allow_deletes(true)));
    let is_delete = |name: &String| name.starts_with("delete_") || name == "call_write_operation";
    assert!(deletes.iter().all(is_delete), "{deletes:?}");
    let writes = more(with(|server| server.allow_writes(true)));
    assert!(writes.contains(&"create_tag".to_owned()));
    assert!(
        !writes.iter().any(|name| name.starts_with("delete_")),
        "{writes:?}"
    );
}

#[test]
fn every_tool_has_schemas_of_objects() {
    let tools = tools(|server| {
        let server = server.allow_writes(true).allow_deletes(true);
        server.allow_sends(true).toolsets(["all"])
    });
    for tool in tools {
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{tool}");
            jsonschema::validator_for(&tool[schema]).expect("a schema");
        }
        assert!(
            tool["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
}

#[test]
fn an_unknown_toolset_is_refused_with_the_known_ones() {
    let client = Client::builder(Credentials::api_key("none")).base_url("http://127.0.0.1:9");
    let server = Server::builder(client.build().expect("a client")).toolsets(["task"]);
    let error = server.build().err().expect("an error");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let text = error.to_string();
    assert!(
        text.starts_with("\"task\" is not a toolset; the toolsets are: all, tasks"),
        "{text}"
    );
}

#[test]
fn the_packaged_document_is_that_of_the_project() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path| std::fs::read_to_string(folder.join(path)).expect("a document");
    let is_equal = read("openapi/bundled.json") == read("../openapi/bundled.json");
    assert!(
        is_equal,
        "copy openapi/bundled.json into heymarket-mcp/openapi/"
    );
}
