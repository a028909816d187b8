//! The protocol, with a client of the SDK: listing, calling and asking the user.

use heymarket_sandbox::Sandbox;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams,
    ElicitResult, ElicitationAction, ErrorData, Implementation, ProtocolVersion,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use crate::support::{INBOX, MEMBER, PHONE, start};

/// A user who answers each question in the same way.
struct User {
    capabilities: ClientCapabilities,
    answer: ElicitationAction,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ClientHandler for User {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(self.capabilities.clone(), Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        if let ElicitRequestParams::FormElicitationParams { message, .. } = request {
            self.asked.lock().expect("a lock").push(message);
        }
        Ok(ElicitResult::new(self.answer.clone()))
    }
}

struct Session {
    sandbox: Sandbox,
    client: RunningService<RoleClient, User>,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn connect(
    capabilities: ClientCapabilities,
    answer: ElicitationAction,
    lifecycle: ClientLifecycleMode,
) -> Session {
    let (sandbox, server) = start(|server| server.allow_sends(true)).await;
    let (near, far) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(far);
    tokio::spawn(server.serve(input, output));
    let asked = Arc::default();
    let user = User {
        capabilities,
        answer,
        asked: Arc::clone(&asked),
    };
    let client = user
        .serve_with_lifecycle(near, lifecycle)
        .await
        .expect("a session");
    Session {
        sandbox,
        client,
        asked,
    }
}

impl Session {
    async fn call(&self, name: &'static str, arguments: Value) -> CallToolResult {
        let arguments = arguments.as_object().expect("an object").clone();
        let request = CallToolRequestParams::new(name).with_arguments(arguments);
        self.client.call_tool(request).await.expect("a result")
    }

    /// Drafts and sends a message, and returns the result of sending.
    async fn send(&self) -> CallToolResult {
        let draft =
            json!({"to": PHONE, "inbox_id": INBOX, "member_id": MEMBER, "text": "Asked first"});
        let draft = self.call("draft_message", draft).await;
        let draft = draft.structured_content.expect("a draft");
        self.call("send_draft", json!({"token": draft["draft"]["token"]}))
            .await
    }

    fn times_sent(&self) -> usize {
        let sent = self.sandbox.sent();
        sent.iter()
            .filter(|sent| sent.text == "Asked first")
            .count()
    }
}

/// Both ways of the protocol to ask a user.
fn lifecycles() -> [ClientLifecycleMode; 2] {
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        },
    ]
}

#[tokio::test]
async fn a_client_that_can_ask_asks_before_a_message_is_sent() {
    for lifecycle in lifecycles() {
        let forms = ClientCapabilities::builder().enable_elicitation().build();
        let session = connect(forms, ElicitationAction::Accept, lifecycle.clone()).await;
        let sent = session.send().await;
        assert_ne!(sent.is_error, Some(true), "{lifecycle:?}: {sent:?}");
        assert_eq!(
            sent.structured_content.expect("a result")["outcome"],
            "sent"
        );
        assert_eq!(session.times_sent(), 1);
        let asked = session.asked.lock().expect("a lock").clone();
        assert_eq!(asked.len(), 1, "{lifecycle:?}");
        let question = &asked[0];
        assert!(question.starts_with("Send to Avery"), "{question}");
        assert!(
            question.contains("(15550100101) from Support as "),
            "{question}"
        );
        assert!(question.ends_with("?\n\nAsked first"), "{question}");
    }
}

#[tokio::test]
async fn nothing_is_sent_when_the_user_declines() {
    for lifecycle in lifecycles() {
        for answer in [ElicitationAction::Decline, ElicitationAction::Cancel] {
            let forms = ClientCapabilities::builder().enable_elicitation().build();
            let session = connect(forms, answer, lifecycle.clone()).await;
            let refused = session.send().await;
            assert_eq!(refused.is_error, Some(true));
            let text = refused.content[0].as_text().expect("a text").text.clone();
            assert_eq!(text, "the user declined; nothing was sent");
            assert_eq!(session.times_sent(), 0);
        }
    }
}

#[tokio::test]
async fn a_client_that_cannot_ask_sends_with_the_token() {
    for lifecycle in lifecycles() {
        let session = connect(
            ClientCapabilities::default(),
            ElicitationAction::Accept,
            lifecycle,
        )
        .await;
        let sent = session.send().await;
        assert_eq!(
            sent.structured_content.expect("a result")["outcome"],
            "sent"
        );
        assert_eq!(session.times_sent(), 1);
        assert!(session.asked.lock().expect("a lock").is_empty());
    }
}

#[tokio::test]
async fn results_fit_their_output_schemas() {
    let session = connect(
        ClientCapabilities::default(),
        ElicitationAction::Accept,
        ClientLifecycleMode::Initialize,
    )
    .await;
    let tools = session.client.list_all_tools().await.expect("tools");
    let calls = [
        ("find_conversations", json!({"phone": PHONE})),
        ("read_thread", json!({"conversation_id": 9920})),
        ("list_templates", json!({})),
        ("call_operation", json!({"operation": "list_tags"})),
        ("find_operation", json!({"query": "survey"})),
    ];
    for (name, arguments) in calls {
        let result = session.call(name, arguments).await;
        let content = result.structured_content.expect("a structured result");
        let tool = tools.iter().find(|tool| tool.name == name).expect("a tool");
        let schema = Value::Object((**tool.output_schema.as_ref().expect("a schema")).clone());
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        assert!(validator.is_valid(&content), "{name}: {content}");
        // The text is for clients that know no structured results.
        let text = &result.content[0].as_text().expect("a text").text;
        let text: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(text, content);
    }
    let unknown = session
        .client
        .call_tool(CallToolRequestParams::new("send_message"))
        .await;
    assert!(unknown.is_err(), "what is not allowed is not registered");
}
