//! A server in front of a sandbox.

use heymarket_mcp::{Server, ServerBuilder};
use heymarket_sandbox::Sandbox;
use serde_json::Value;

/// A contact of the demo data, and the conversation with it.
pub(crate) const PHONE: &str = "15550100101";
pub(crate) const CONVERSATION: i64 = 9920;
pub(crate) const INBOX: i64 = 41001;
pub(crate) const MEMBER: i64 = 50001;

/// Starts a sandbox with demo data, and a server in front of it.
pub(crate) async fn start(
    change: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> (Sandbox, Server) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let server = change(Server::builder(sandbox.client()));
    let server = server.build().expect("a server");
    (sandbox, server)
}

/// Calls a tool that succeeds.
#[track_caller]
pub(crate) fn done(result: heymarket_mcp::ToolResult) -> Value {
    assert!(!result.is_error, "{}", result.content);
    result.content
}

/// Returns the text of a failure.
#[track_caller]
pub(crate) fn failed(result: heymarket_mcp::ToolResult) -> String {
    assert!(result.is_error, "{}", result.content);
    result.content["error"].as_str().expect("a text").to_owned()
}

/// Calls a tool.
pub(crate) async fn call(
    server: &Server,
    name: &str,
    arguments: Value,
) -> heymarket_mcp::ToolResult {
    let arguments = arguments.as_object().expect("an object").clone();
    server.call(name, arguments).await
}
