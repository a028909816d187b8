//! A client of an API that changed behind the back of its spec records the shapes,
//! and `cargo xtask observe` proposes each change. No value is in the record.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use heymarket_api::types::{
    ConversationFilters, InboxId, ListContacts, ListContactsV2, ListConversations, ListLists,
    ListSurveys, ListTags, ListTeamMessages, ListTemplates, MemberId,
};
use heymarket_api::{Client, Sending, Shapes, Transport};
use heymarket_sandbox::Sandbox;
use serde_json::{Value, json};
use xtask::command::Output;
use xtask::observe::{self, Finding, Kind};

use crate::support::project_root;

/// A member of the demo data's team.
const OWNER: i64 = 50001;

/// The values of members that are planted. None may be in a record.
const PERSONAL: [&str; 4] = [
    "15550109999",
    "Invented Robin",
    "robin@example.com",
    "A private text.",
];

/// The enums of members, and values that no version knows.
const VALUES: &[(&str, &str, &str, [&str; 2])] = &[
    (
        "/v1/conversations",
        "status",
        "ConversationStatus",
        ["snoozed", "archived"],
    ),
    ("/v1/conversations", "channel", "Channel", ["rcs", "fax"]),
    (
        "/v1/messages/all",
        "status",
        "MessageStatus",
        ["recalled", "throttled"],
    ),
    (
        "/v1/messages/all",
        "channel",
        "Channel",
        ["pager", "messenger"],
    ),
    ("/v1/surveys", "type", "SurveyType", ["matrix", "ladder"]),
];

/// The operations whose records change: the path, the type of a record, and a member
/// that gets another type.
const RECORDS: &[(&str, &str, &str)] = &[
    ("/v1/inboxes", "Inbox", "name"),
    ("/v1/team", "Team", "name"),
    ("/v1/contacts", "Contact", "first"),
    ("/v2/contacts/list", "Contact", "last"),
    ("/v1/conversations", "Conversation", "muted"),
    ("/v1/messages/all", "Message", "text"),
    ("/v1/lists", "List", "name"),
    ("/v1/tags", "Tag", "tag"),
    ("/v1/templates", "Template", "name"),
    ("/v1/surveys", "Survey", "name"),
];

/// What was planted: `Message: a new member planted_text`, and every text that a
/// response held.
#[derive(Default)]
struct Seen {
    planted: BTreeSet<String>,
    values: BTreeSet<String>,
}

/// The API after a change, in front of a sandbox.
struct Changed {
    http: reqwest::Client,
    /// Whether types change; otherwise members and values are new.
    types: bool,
    seen: Arc<Mutex<Seen>>,
}

impl Transport for Changed {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        let path = request.uri().path().to_owned();
        Box::pin(async move {
            let request = reqwest::Request::try_from(request)?;
            let response = self.http.execute(request).await?;
            let status = response.status();
            let mut body: Value = serde_json::from_slice(&response.bytes().await?).expect("JSON");
            let seen = &mut *self.seen.lock().expect("no panic");
            assert!(status.is_success(), "{path}: {body}");
            collect(&body, &mut seen.values);
            for (index, record) in records(&mut body).into_iter().enumerate() {
                if self.types {
                    plant_type(&path, record, seen);
                } else {
                    plant_members(&path, index, record, seen);
                }
            }
            let response = http::Response::builder().status(status);
            Ok(response.body(body.to_string()).expect("a response").into())
        })
    }
}

/// Returns the records of a response: the items of an array, or the object.
fn records(body: &mut Value) -> Vec<&mut Value> {
    match body {
        Value::Array(items) => items.iter_mut().collect(),
        object => vec![object],
    }
}

fn plant_members(path: &str, index: usize, record: &mut Value, seen: &mut Seen) {
    let Some((_, name, _)) = RECORDS.iter().find(|(of, ..)| *of == path) else {
        return;
    };
    let suffix = path.trim_matches('/').replace('/', "_");
    let members = [
        ("text", json!(PERSONAL[3])),
        ("count", json!(15_550_109_999_i64)),
        (
            "owner",
            json!({ "full_name": PERSONAL[1], "mails": [PERSONAL[2]], PERSONAL[0]: true }),
        ),
    ];
    for (member, value) in members {
        let member = format!("{member}_{suffix}");
        record[&member] = value;
        seen.planted.insert(format!("{name}: member {member}"));
    }
    for (_, member, name, values) in VALUES.iter().filter(|(of, ..)| *of == path) {
        let value = values[index % 2];
        record[*member] = json!(value);
        seen.planted.insert(format!("{name}: value {value}"));
    }
}

fn plant_type(path: &str, record: &mut Value, seen: &mut Seen) {
    if let Some((_, name, member)) = RECORDS.iter().find(|(of, ..)| *of == path) {
        record[*member] = json!({ "inner_value": PERSONAL[1] });
        seen.planted.insert(format!("{name}.{member}: type object"));
    }
}

/// Collects the values of a response that a record must not hold.
fn collect(value: &Value, values: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|one| collect(one, values)),
        Value::Array(items) => items.iter().for_each(|one| collect(one, values)),
        // Shorter ones are counts and words of the record's own.
        Value::String(text) if text.len() > 7 => drop(values.insert(text.clone())),
        Value::Number(number) if number.to_string().len() > 4 => {
            values.insert(number.to_string());
        }
        _ => {}
    }
}

/// Reads a page of each list.
async fn read(client: &Client, inbox: i64) {
    let _ = client.list_inboxes().await;
    let _ = client.get_team().await;
    let _ = client.list_contacts(&ListContacts::new()).await;
    let _ = client.list_contacts_v2(&ListContactsV2::new()).await;
    let filters = ConversationFilters::new([InboxId(inbox)]);
    let _ = client
        .list_conversations(&ListConversations::new(MemberId(OWNER), filters))
        .await;
    let _ = client.list_team_messages(&ListTeamMessages::new()).await;
    let _ = client.list_lists(&ListLists::new()).await;
    let _ = client.list_tags(&ListTags::new()).await;
    let _ = client.list_templates(&ListTemplates::new()).await;
    let _ = client.list_surveys(&ListSurveys::new()).await;
}

/// Records what a client sees of the changed API.
async fn record(types: bool) -> (String, Seen) {
    let sandbox = Sandbox::builder()
        .rate_limit(None)
        .start()
        .await
        .expect("a sandbox");
    let seen = Arc::<Mutex<Seen>>::default();
    let shapes = Shapes::new();
    let client = Client::builder(sandbox.credentials())
        .base_url(sandbox.url())
        .transport(Changed {
            http: reqwest::Client::new(),
            types,
            seen: seen.clone(),
        })
        .observe_responses(shapes.clone())
        .build()
        .expect("a client");
    let inbox = inbox(&sandbox).await;
    read(&client, inbox).await;
    sandbox.stop().await.expect("it stops");
    let seen = std::mem::take(&mut *seen.lock().expect("no panic"));
    (shapes.to_json(), seen)
}

async fn inbox(sandbox: &Sandbox) -> i64 {
    let inboxes = sandbox.client().list_inboxes().await.expect("inboxes");
    let body: Value = serde_json::from_slice(inboxes.body()).expect("JSON");
    body[0]["id"].as_i64().expect("an ID")
}

/// Returns the findings of a record, as [`Seen::planted`] names them.
fn proposed(record: &str) -> BTreeSet<String> {
    let findings = observe::findings(&project_root(), record).expect("findings");
    findings.iter().map(name).collect()
}

/// Returns the name of a finding.
fn name(finding: &Finding) -> String {
    assert!(finding.count > 0, "{finding}");
    let place = finding.place.split('.').next().expect("a place");
    match &finding.kind {
        Kind::Member { name, .. } => format!("{place}: member {name}"),
        Kind::Value(value) => format!("{place}: value {value}"),
        Kind::Type(of) => format!("{}: type {of}", finding.place),
        other => panic!("a new kind: {other:?}"),
    }
}

/// Returns the patch that the command prints.
fn patch(record: &str) -> String {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("shapes.json");
    std::fs::write(&path, record).expect("a file");
    let (mut data, mut talk) = (Vec::new(), Vec::new());
    let output = &mut Output {
        data: &mut data,
        talk: &mut talk,
    };
    observe::run(&project_root(), &path, output).expect("a patch");
    String::from_utf8(data).expect("UTF-8")
}

#[tokio::test]
async fn every_planted_change_is_proposed_and_no_value_leaks() {
    let mut count = 0;
    for types in [false, true] {
        let (record, seen) = record(types).await;
        let proposed = proposed(&record);
        let missing: Vec<_> = seen.planted.difference(&proposed).collect();
        assert!(missing.is_empty(), "not proposed: {missing:?}\n{record}");
        let invented: Vec<_> = proposed.difference(&seen.planted).collect();
        assert!(invented.is_empty(), "nobody planted: {invented:?}");
        count += seen.planted.len();

        let patch = patch(&record);
        // The other lines are those of the spec, as are the known values of an enum.
        let added = patch
            .lines()
            .filter(|line| line.starts_with('+') && !line.contains("enum: ["));
        let added: Vec<&str> = added.collect();
        for value in seen.values.iter().map(String::as_str).chain(PERSONAL) {
            assert!(!record.contains(value), "{value:?} is in the record");
            let leak = added.iter().find(|line| line.contains(value));
            assert!(leak.is_none(), "{value:?} is in the patch: {leak:?}");
        }
    }
    assert!(count >= 50, "{count} changes");
}

/// Applies the patch of a record to a copy of the spec, and returns what the spec then
/// lacks.
fn left(record: &str) -> BTreeSet<String> {
    let patch = patch(record);
    let folder = tempfile::TempDir::new().expect("a folder");
    let root = folder.path();
    let copy = std::process::Command::new("cp")
        .arg("-r")
        .arg(project_root().join("openapi"))
        .arg(root)
        .status();
    assert!(copy.expect("cp").success());
    std::fs::write(root.join("changes.patch"), &patch).expect("a file");
    let applied = std::process::Command::new("git")
        .current_dir(root)
        .args(["apply", "--unsafe-paths", "changes.patch"])
        .output()
        .expect("git");
    let talk = String::from_utf8_lossy(&applied.stderr);
    assert!(applied.status.success(), "{talk}\n{patch}");
    let left = observe::findings(root, record).expect("the spec keeps its rules");
    left.iter().map(name).collect()
}

#[tokio::test]
async fn the_patch_applies_and_the_spec_keeps_its_rules() {
    // What the record shows is then described.
    let (record, _) = self::record(false).await;
    assert_eq!(left(&record), BTreeSet::new());
    // A member with another type needs a person, for whom the patch has a comment.
    let (record, seen) = self::record(true).await;
    assert!(!seen.planted.is_empty());
    assert_eq!(left(&record), seen.planted);
}

#[test]
fn a_text_that_is_no_record_is_refused() {
    for text in ["", "{}", r#"{"format": 7, "operations": {}, "values": {}}"#] {
        let error = observe::findings(&project_root(), text).expect_err("an error");
        assert!(error.to_string().contains("record"), "{error}");
    }
}
