//! The generated code matches the spec, every rule of the lint finds its mistake,
//! and an unreadable spec is an error that says where.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use xtask::command::{self, Output};
use xtask::{Error, Finding};

use crate::support::project_root;

/// A copy of the project's sources and generated code, to break.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let generated = ["heymarket-api/src/generated", "heymarket-cli/src/generated"];
        for path in ["docs", "openapi"].into_iter().chain(generated) {
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

#[test]
fn the_generated_code_is_what_the_spec_gives() {
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

/// A change to the spec, and the one finding that it must cause.
struct Rule {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    subject: &'static str,
    message: &'static str,
    remedy: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        file: PATHS,
        from: "    operationId: get_conversation\n",
        to: "",
        subject: "GET /v1/conversations/{id}",
        message: "no operationId",
        remedy: "add `operationId: verb_noun`",
    },
    Rule {
        file: PATHS,
        from: "operationId: get_conversation",
        to: "operationId: list_conversations",
        subject: "list_conversations",
        message: "already taken by POST /v1/conversations",
        remedy: "another operationId",
    },
    Rule {
        file: PATHS,
        from: "operationId: get_conversation",
        to: "operationId: getConversation",
        subject: "getConversation",
        message: "not snake_case",
        remedy: "operationId: get_conversation",
    },
    Rule {
        file: PATHS,
        from: "    summary: Get a conversation\n",
        to: "",
        subject: "get_conversation",
        message: "no summary",
        remedy: "add a `summary`",
    },
    Rule {
        file: SCHEMAS,
        from: "    muted:\n",
        to: "    blocked:\n",
        subject: "blocked",
        message: "already defined at line",
        remedy: "delete or rename",
    },
    Rule {
        file: SCHEMAS,
        from: "#/components/schemas/ReadState",
        to: "#/components/schemas/ReadStat",
        subject: "Conversation.read",
        message: "leads nowhere",
        remedy: "mend the name",
    },
    Rule {
        file: SCHEMAS,
        from: "#/components/schemas/ReadState",
        to: "common.yaml#/ReadState",
        subject: "Conversation.read",
        message: "leads outside",
        remedy: "#/components/schemas/Name",
    },
    Rule {
        file: PATHS,
        from: "      \"200\":\n        description: The conversation.",
        to: "      \"302\":\n        description: The conversation.",
        subject: "get_conversation",
        message: "no 2xx response",
        remedy: "add a `\"200\"` response",
    },
    Rule {
        file: PATHS,
        from: "      \"200\":\n        description: The conversation.",
        to: "      \"204\":\n        description: Nothing.\n      \"200\":\n        description: The conversation.",
        subject: "get_conversation",
        message: "more than one 2xx response",
        remedy: "keep one",
    },
    Rule {
        file: SCHEMAS,
        from: "  oneOf:\n    - type: boolean\n",
        to: "  anyOf:\n    - type: boolean\n",
        subject: "ReadState.anyOf",
        message: "fail on every value",
        remedy: "use `oneOf`",
    },
    Rule {
        file: SCHEMAS,
        from: "  x-columns: [id, status, unread,",
        to: "  anyOf: [{required: [status]}, {required: [name]}]\n  x-columns: [id, status, unread,",
        subject: "Conversation.anyOf",
        message: "a choice between members would refuse a response",
        remedy: "say it in the description",
    },
    Rule {
        file: SCHEMAS,
        from: "CountConversations:\n  type: object\n",
        to: "CountConversations:\n  type: object\n  title: Conversation\n",
        subject: "CountConversations.title",
        message: "names a type of its own",
        remedy: "delete it",
    },
    Rule {
        file: SCHEMAS,
        from: "ConversationStatus:\n  type: string\n  enum: [open, closed]\n  x-open-enum: true\n",
        to: "ConversationStatus:\n  type: string\n  enum: [open, closed]\n",
        subject: "ConversationStatus.enum",
        message: "closed enum",
        remedy: "add `x-open-enum: true`",
    },
    Rule {
        file: PATHS,
        from: "      content:\n        application/json:\n          schema:\n            $ref: \"#/components/schemas/TransferConversation\"",
        to: "      content:\n        multipart/form-data:\n          schema:\n            type: object\n        application/json:\n          schema:\n            $ref: \"#/components/schemas/TransferConversation\"",
        subject: "transfer_conversation",
        message: "`multipart/form-data` cannot be generated",
        remedy: "`application/json`",
    },
    Rule {
        file: SCHEMAS,
        from: "  required: [id]\n  properties:\n    id:\n",
        to: "  required: [id, status]\n  properties:\n    id:\n",
        subject: "Conversation.required",
        message: "a response may lack `status`",
        remedy: "take it out of `required`",
    },
    Rule {
        file: SCHEMAS,
        from: "    muted:\n      type: boolean\n      nullable: true\n",
        to: "    muted:\n      type: boolean\n",
        subject: "Conversation.muted",
        message: "not nullable",
        remedy: "add `nullable: true`",
    },
    Rule {
        file: SCHEMAS,
        from: "    muted:\n      type: boolean\n      nullable: true\n      description: Whether notifications for the conversation are muted.\n",
        to: "    muted:\n      $ref: \"#/components/schemas/ConversationStatus\"\n",
        subject: "Conversation.muted",
        message: "not nullable",
        remedy: "allOf: [$ref",
    },
    Rule {
        file: SCHEMAS,
        from: "    - type: boolean\n      nullable: true\n",
        to: "    - type: boolean\n",
        subject: "Conversation.read",
        message: "not nullable",
        remedy: "add `nullable: true`",
    },
    Rule {
        file: SCHEMAS,
        from: "      type: string\n      nullable: true\n",
        to: "      nullable: true\n",
        subject: "Conversation.channel.nullable",
        message: "means nothing without `type`",
        remedy: "add the `type`",
    },
    Rule {
        file: SCHEMAS,
        from: "      description: Closed conversations if true, open ones if false.\n",
        to: "",
        subject: "ConversationFilters.closed",
        message: "the property has neither a description nor x-evidence",
        remedy: "add a `description`",
    },
    Rule {
        file: SCHEMAS,
        from: "      description: The conversation's name.\n",
        to: "      description: The conversation's name.\n      maxLength: 100\n",
        subject: "Conversation.name.maxLength",
        message: "`maxLength` would refuse a response",
        remedy: "description",
    },
    Rule {
        file: SCHEMAS,
        from: "      items:\n        type: integer\n        format: int64\n      nullable: true\n",
        to: "      items:\n        type: integer\n        format: int32\n      nullable: true\n",
        subject: "Conversation.unread_users.items.format",
        message: "the format `int32` would refuse a response",
        remedy: "`date-time` and `int64` are read",
    },
    Rule {
        file: SCHEMAS,
        from: "      description: The conversation's name.\n",
        to: "      description: The conversation's name.\n      not: {enum: [x]}\n",
        subject: "Conversation.name.not",
        message: "`not` would refuse a response",
        remedy: "description",
    },
    Rule {
        file: PATHS,
        from: "        schema:\n          type: integer\n          format: int64\n        example: 9920\n",
        to: "        schema:\n          title: Id\n          type: integer\n          format: int64\n        example: 9920\n",
        subject: "title",
        message: "names a type of its own",
        remedy: "delete it",
    },
    Rule {
        file: ROOT,
        from: "      content:\n        application/json:\n",
        to: "      content:\n        multipart/mixed: {}\n        application/json:\n",
        subject: "BadRequest",
        message: "`multipart/mixed` cannot be typed",
        remedy: "`application/json`",
    },
    Rule {
        file: PATHS,
        from: "    responses:\n      \"200\":\n",
        to: "    responses:\n      x-note: hello\n      \"200\":\n",
        subject: "responses",
        message: "the extension `x-note` is not known",
        remedy: "mend its spelling",
    },
    Rule {
        file: SCHEMAS,
        from: "Conversation:\n  type: object\n",
        to: "Conversation:\n  type: object\n  additionalProperties: false\n",
        subject: "Conversation.additionalProperties",
        message: "would refuse a response with a new field",
        remedy: "delete it",
    },
    Rule {
        file: "openapi/webhooks.yaml",
        from: "incoming_call:\n",
        to: "outgoing_call:\n",
        subject: "outgoing_call",
        message: "of no type of WebhookEventType",
        remedy: "add it to that enum",
    },
    Rule {
        file: "openapi/webhooks.yaml",
        from: "  description: A conversation was closed.\n",
        to: "",
        subject: "chat_closed",
        message: "the webhook has no description",
        remedy: "add it",
    },
    Rule {
        file: "openapi/webhooks.yaml",
        from: "  example: {}\n",
        to: "",
        subject: "target_opt_out",
        message: "the webhook has no example",
        remedy: "add it",
    },
    Rule {
        file: "openapi/webhooks.yaml",
        from: "  example:\n    id: 9920\n",
        to: "  example:\n    id: seven\n",
        subject: "chat_reassigned",
        message: "the example does not fit its schema: at /event_data/id",
        remedy: "mend the example or the schema",
    },
    Rule {
        file: PATHS,
        from: "    x-safety: unsafe\n",
        to: "",
        subject: "transfer_conversation",
        message: "no x-safety",
        remedy: "`x-safety: read`, `idempotent`, `keyed` or `unsafe`",
    },
    Rule {
        file: PATHS,
        from: "    x-safety: unsafe\n",
        to: "    x-safety: perilous\n",
        subject: "/v1/conversations/transfer",
        message: "`x-safety` cannot be \"perilous\"",
        remedy: "write one of read, idempotent, keyed, unsafe",
    },
    Rule {
        file: PATHS,
        from: "    x-evidence: [seed, g0, g1, g2, sampled]\n",
        to: "",
        subject: "get_conversation",
        message: "no x-evidence",
        remedy: "say where it is known from",
    },
    Rule {
        file: PATHS,
        from: "    x-evidence: [seed, g0, g1, g2, sampled]\n",
        to: "    x-evidence: [hearsay]\n",
        subject: "/v1/conversations/{id}",
        message: "`x-evidence` cannot be [\"hearsay\"]",
        remedy: "a list of seed",
    },
    Rule {
        file: MESSAGES,
        from: "x-effect: sends",
        to: "x-effect: texts",
        subject: "POST /v1/message/send",
        message: "`x-effect` cannot be \"texts\"",
        remedy: "write one of sends, deletes, bulk",
    },
    Rule {
        file: "openapi/schemas/webhooks.yaml",
        from: "{message_received: message_recieved}",
        to: "{message_received: message_receved}",
        subject: "WebhookEventType",
        message: "`x-aliases` cannot be {\"message_received\":\"message_receved\"}",
        remedy: "values of its `enum`",
    },
    Rule {
        file: "openapi/schemas/messages.yaml",
        from: "  x-inferred: [received]",
        to: "  x-inferred: [recieved]",
        subject: "MessageStatus",
        message: "`x-inferred` cannot be [\"recieved\"]",
        remedy: "a list of values of its `enum`",
    },
    Rule {
        file: MESSAGES,
        from: "      chat_id: {safety: unsafe, trusted: keyed, promise: Tracking only.}\n",
        to: "",
        subject: "send_message",
        message: "`chat_id` is in one of `x-safety-by-target` and the request's choice only",
        remedy: "name each member that chooses the target",
    },
    Rule {
        file: MESSAGES,
        from: "chat_id: {safety: unsafe, trusted: keyed,",
        to: "chat_id: {safety: keyed, trusted: unsafe,",
        subject: "POST /v1/message/send",
        message: "`x-safety-by-target` cannot be",
        remedy: "`trusted` no less safe than `safety`",
    },
    Rule {
        file: MESSAGES,
        from: "    x-safety: unsafe\n    x-safety-by-target:",
        to: "    x-safety: keyed\n    x-safety-by-target:",
        subject: "send_message",
        message: "`x-safety` is not the least safe of `x-safety-by-target`",
        remedy: "let the two agree",
    },
    Rule {
        file: LISTS,
        from: "x-replaced-by: update_list",
        to: "x-replaced-by: change_list",
        subject: "update_list_v1",
        message: "`x-replaced-by` names `change_list`, which is no operation",
        remedy: "mend its spelling",
    },
    Rule {
        file: LISTS,
        from: "    deprecated: true\n    x-replaced-by: update_list\n",
        to: "    x-replaced-by: update_list\n",
        subject: "PUT /v1/list/{id}",
        message: "`x-replaced-by` cannot be \"update_list\"",
        remedy: "beside `deprecated: true`",
    },
    Rule {
        file: SCHEMAS,
        from: "      x-flag: member",
        to: "      x-flag: --member",
        subject: "ListConversations.id",
        message: "`x-flag` cannot be \"--member\"",
        remedy: "write a name of small letters, with `-` between words",
    },
    Rule {
        file: SCHEMAS,
        from: "  x-columns: [id, status,",
        to: "  x-columns: [id, state,",
        subject: "Conversation",
        message: "`x-columns` names `state`, which it does not have",
        remedy: "mend its spelling, or add the property",
    },
    Rule {
        file: PATHS,
        from: "      cursor: date\n",
        to: "      cursor: before\n",
        subject: "list_conversations",
        message: "`x-paging` names `before`, which the request does not have",
        remedy: "mend its spelling",
    },
    Rule {
        file: SCHEMAS,
        from: "      x-sensitive: content\n",
        to: "      x-sensitive: rather\n",
        subject: "Conversation.last_msg",
        message: "`x-sensitive` cannot be \"rather\"",
        remedy: "one of secret, personal, content",
    },
    Rule {
        file: SCHEMAS,
        from: "      x-sensitive: content\n",
        to: "      x-sensitve: content\n",
        subject: "Conversation.last_msg",
        message: "the extension `x-sensitve` is not known",
        remedy: "mend its spelling",
    },
    Rule {
        file: SCHEMAS,
        from: "CountConversations:\n  type: object\n",
        to: "CountConversations:\n  type: object\n  x-safety: read\n",
        subject: "CountConversations",
        message: "`x-safety` has no meaning here",
        remedy: "put it on an operation",
    },
    Rule {
        file: SCHEMAS,
        from: "ReadState:\n  description: |\n",
        to: "Orphan:\n  type: object\n  description: Alone.\nReadState:\n  description: |\n",
        subject: "Orphan",
        message: "nothing uses this schema",
        remedy: "refer to it, or delete it",
    },
    Rule {
        file: SCHEMAS,
        from: "ReadState:\n  description: |\n",
        to: "ConversationMembers:\n  type: object\n  description: Again.\nReadState:\n  description: |\n",
        subject: "ConversationMembers",
        message: "already defined at line",
        remedy: "delete or rename",
    },
    Rule {
        file: PATHS,
        from: "                  id: 9920\n                  channel: sms\n                  status: open\n",
        to: "                  id: 9920\n                  channel: sms\n                  status: 7\n",
        subject: "documented",
        message: "the example does not fit its schema: at /",
        remedy: "mend the example or the schema",
    },
    Rule {
        file: PATHS,
        from: "example: {inbox_id: 41001, user_id: 50001, chat_id: 9920}",
        to: "example: {inbox_id: 41001, user_id: 50001}",
        subject: "example",
        message: "the example does not fit its schema",
        remedy: "mend the example or the schema",
    },
    Rule {
        file: PATHS,
        from: "        description: The ID of the conversation to get.\n",
        to: "",
        subject: "get_conversation",
        message: "the parameter `id` has no description",
        remedy: "add a `description`",
    },
    Rule {
        file: PATHS,
        from: "        in: path\n",
        to: "        in: cookie\n",
        subject: "get_conversation",
        message: "neither in the path nor in the query",
        remedy: "write `in: path` or `in: query`",
    },
    Rule {
        file: SCHEMAS,
        from: "  x-wire: true\n  oneOf:\n    - type: boolean\n",
        to: "  oneOf:\n    - type: boolean\n",
        subject: "ReadState.oneOf",
        message: "untagged enum",
        remedy: "x-wire: true",
    },
];

#[test]
fn every_rule_is_told_with_file_subject_and_remedy() {
    for rule in RULES {
        let project = Project::new();
        project.replace(rule.file, rule.from, rule.to);
        let findings = project.findings();
        let found = findings.iter().find(|finding| {
            finding.file == rule.file
                && finding.subject.contains(rule.subject)
                && finding.message.contains(rule.message)
                && finding.remedy.contains(rule.remedy)
        });
        let found = found.unwrap_or_else(|| panic!("{}: {findings:#?}", rule.message));
        assert!(found.line > 1, "{found}");
    }
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
        "      description: Closed conversations if true, open ones if false.\n",
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
        .find(|finding| finding.message.contains("in a circle"));
    assert!(circle.is_some(), "{findings:#?}");
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_named() {
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
fn invalid_yaml_is_told_with_file_line_and_column() {
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
fn an_operation_that_the_generator_cannot_express_is_named() {
    let project = Project::new();
    // A parameter with `content` instead of `schema` is valid OpenAPI.
    project.replace(
        PATHS,
        "        schema:\n          type: integer\n          format: int64\n        example: 9920\n",
        "        content:\n          application/json:\n            schema:\n              type: integer\n",
    );
    let error = project.error();
    assert!(
        error.starts_with("progenitor cannot generate the operation get_conversation: "),
        "{error}"
    );
}

#[test]
fn check_prints_a_diff_and_the_remedy_and_writes_nothing() {
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
fn lint_says_that_all_is_well_and_codegen_stops_at_a_finding() {
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
        error.contains("`--limit` has another meaning already"),
        "{error}"
    );
    let project = Project::new();
    project.replace(SCHEMAS, "x-flag: member", "x-flag: json");
    assert!(
        project
            .error()
            .contains("`--json` has another meaning already")
    );
}
