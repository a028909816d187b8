//! Methods that take more than one operation.

use heymarket_api::types::{ChannelType, NewContactChannel, UpsertContact};
use heymarket_api::{Client, Credentials, ReplayTransport, RetryPolicy};
use http::Method;
use serde_json::{Value, json};

fn client(replay: &ReplayTransport) -> Client {
    let builder = Client::builder(Credentials::api_key("test-key")).retry(RetryPolicy::none());
    let builder = builder.transport(replay.clone());
    builder.build().expect("a client")
}

fn contacts(count: i64) -> impl Iterator<Item = UpsertContact> {
    (0..count).map(|number| {
        let phone = format!("1555010{number:04}");
        UpsertContact::new([NewContactChannel::new(ChannelType::Phone, phone)])
    })
}

fn written(ids: impl Iterator<Item = i64>, failed: usize) -> String {
    let contacts: Vec<Value> = ids.map(|id| json!({ "id": id })).collect();
    let failed = vec![json!({ "error": "no" }); failed];
    json!({ "contacts": contacts, "failed_contacts": failed }).to_string()
}

/// The numbers of contacts in each request.
fn sizes(replay: &ReplayTransport) -> Vec<usize> {
    let size = |body: &[u8]| {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        body["contacts"].as_array().expect("contacts").len()
    };
    let requests = replay.requests();
    requests.iter().map(|request| size(&request.body)).collect()
}

#[tokio::test]
async fn contacts_are_written_in_batches_with_one_result() {
    let replay = ReplayTransport::new()
        .respond(Method::POST, "/v2/contacts", 200, written(0..499, 1))
        .respond(Method::POST, "/v2/contacts", 200, written(499..999, 0))
        .respond(Method::POST, "/v2/contacts", 200, written(999..1000, 0));
    let result = client(&replay)
        .upsert_contacts_in_batches(contacts(1001))
        .await;
    let result = result.expect("three batches");
    assert_eq!(sizes(&replay), [500, 500, 1]);
    let ids: Vec<i64> = result
        .contacts
        .iter()
        .flatten()
        .map(|contact| contact.id.into())
        .collect();
    assert_eq!(ids, (0..1000).collect::<Vec<_>>());
    assert_eq!(result.failed_contacts.map(|failed| failed.len()), Some(1));

    let nothing = client(&replay).upsert_contacts_in_batches([]).await;
    assert_eq!(nothing.expect("no request").contacts, None);
}

#[tokio::test]
async fn a_failed_batch_keeps_the_results_before_it() {
    let replay = ReplayTransport::new()
        .respond(Method::POST, "/v2/contacts", 200, written(0..500, 0))
        .respond(Method::POST, "/v2/contacts", 400, "");
    let result = client(&replay)
        .upsert_contacts_in_batches(contacts(1200))
        .await;
    let error = result.expect_err("the second batch");
    assert!(error.error.is_bad_request());
    assert_eq!(error.to_string(), error.error.to_string());
    let written = error.written.contacts.as_ref().map(Vec::len);
    assert_eq!((written, sizes(&replay)), (Some(500), vec![500, 500]));
    assert!(heymarket_api::Error::from(error).is_bad_request());
}

#[tokio::test]
async fn a_member_is_found_by_email_in_any_case() {
    let found = json!({"memberships": [
        {"id": 50002, "name": "Another Agent"},
        {"id": 50001, "name": "Invented Agent", "email": "Agent@example.com"},
    ]});
    let respond = |replay: ReplayTransport| {
        replay.respond(Method::GET, "/v1/users/get", 200, found.to_string())
    };
    let replay = respond(respond(ReplayTransport::new()));
    let client = client(&replay);
    let member = client.members().by_email(" agent@EXAMPLE.com").await;
    assert_eq!(
        member.expect("members").map(|member| member.id),
        Some(50001.into())
    );
    // A proxy dropped the filter.
    let member = client.members().by_email("other@example.com").await;
    assert_eq!(member.expect("members"), None);
    let body = &replay.requests()[1].body;
    assert_eq!(&body[..], br#"{"email":["other@example.com"]}"#);
}
