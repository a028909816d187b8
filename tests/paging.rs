//! Walks over pages, through the client.

use std::sync::{Arc, Mutex};

use heymarket_api::types::{
    ConversationFilters, ListContacts, ListContactsV2, ListConversations, ListSurveys, ListTags,
    ListTeamMessages, SendMessage,
};
use heymarket_api::{
    Checkpoint, Client, Error, ErrorKind, RateLimit, RawRequest, Walk, operations,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Answer, ManualClock, Received, Server, builder, client, time};

/// An item of the list: its ID, and its time in milliseconds after a start.
type Thing = (i64, i64);

fn at(milliseconds: i64) -> Timestamp {
    let start = time("2026-05-07T12:00:00Z").as_millisecond();
    Timestamp::from_millisecond(start + milliseconds).expect("a time")
}

/// Returns the items strictly before a cursor, the latest first.
fn before(things: &[Thing], cursor: Option<Timestamp>, limit: usize, time_of: &str) -> Answer {
    let mut things = things.to_vec();
    things.sort_by_key(|(id, time)| (-time, *id));
    let page: Vec<Value> = things
        .into_iter()
        .filter(|(_, time)| cursor.is_none_or(|cursor| at(*time) < cursor))
        .take(limit)
        .map(|(id, time)| json!({ "id": id, time_of: at(time).to_string() }))
        .collect();
    Answer::new(200, json!(page).to_string())
}

fn body(request: &Received) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

fn cursor(request: &Received, member: &str) -> Option<Timestamp> {
    body(request)[member].as_str().map(time)
}

async fn list(things: Vec<Thing>, time_of: &'static str) -> Server {
    Server::responding(move |request| {
        let member = if time_of == "date" {
            "created_at"
        } else {
            "date"
        };
        let (skip, limit) = place(request, usize::MAX);
        let mut things = things.clone();
        let cursor = cursor(request, member);
        things.sort_by_key(|(id, time)| (-time, *id));
        things.retain(|(_, time)| cursor.is_none_or(|cursor| at(*time) < cursor));
        let things = things.get(skip..).unwrap_or_default();
        before(things, cursor, limit, time_of)
    })
    .await
}

/// Returns how many items a request skips, and the size of its page, which the
/// server caps.
fn place(request: &Received, cap: usize) -> (usize, usize) {
    let body = body(request);
    let number = |member: &str| {
        let number = body[member].as_u64();
        number.map(|number| usize::try_from(number).expect("a size"))
    };
    let size = number("limit").unwrap_or(30).min(cap);
    ((number("page").unwrap_or(1) - 1) * size, size)
}

async fn ids<T, I: Into<i64>>(mut walk: Walk<T>, id: impl Fn(&T) -> I) -> Result<Vec<i64>, Error> {
    let mut ids = Vec::new();
    while let Some(item) = walk.next().await {
        ids.push(id(&item?).into());
    }
    Ok(ids)
}

/// A hundred items. Many have the same time, across the edges of pages.
fn hundred() -> Vec<Thing> {
    (0..100).map(|id| (id, -(id / 9))).collect()
}

#[tokio::test]
async fn each_item_comes_once_though_many_have_one_time() {
    let server = list(hundred(), "updated").await;
    let client = client(&server.url());
    let expected: Vec<i64> = (0..100).collect();
    let tags = ids(client.tags(ListTags::new()), |tag| tag.id).await;
    assert_eq!(tags.expect("all"), expected);
    let contacts = ids(client.contacts(ListContacts::new().limit(10)), |item| {
        item.id
    })
    .await;
    assert_eq!(contacts.expect("all"), expected);
    let request = ListConversations::new(50001, ConversationFilters::new([41001]));
    let conversations = ids(client.conversations(request), |item| item.id).await;
    assert_eq!(conversations.expect("all"), expected);
}

#[tokio::test]
async fn the_pages_of_a_walk_hold_no_item_twice() {
    let server = list(hundred(), "updated").await;
    let mut pages = client(&server.url()).tags(ListTags::new()).pages();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        assert!(!page.is_empty());
        seen.extend(page.iter().map(|tag| tag.id));
    }
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn messages_of_the_team_are_walked_in_both_directions() {
    let things: Vec<Thing> = (0..100).map(|id| (id, id / 9)).collect();
    let server = Server::responding(move |request| {
        let bound = cursor(request, "created_at").expect("a bound");
        if body(request)["ascending"] != true {
            return before(&things, Some(bound), 30, "date");
        }
        let page: Vec<Value> = things
            .iter()
            .filter(|(_, time)| at(*time) >= bound)
            .take(30)
            .map(|(id, time)| json!({ "id": id, "date": at(*time).to_string() }))
            .collect();
        Answer::new(200, json!(page).to_string())
    })
    .await;
    let client = client(&server.url());
    let latest = client.team_messages(ListTeamMessages::new().created_at(at(1000)));
    let mut latest = ids(latest, |message| message.id).await.expect("all");
    // The server orders items of the same time in its own way.
    latest.sort_unstable();
    assert_eq!(latest, (0..100).collect::<Vec<_>>());
    let oldest = ListTeamMessages::new().created_at(at(0)).ascending(true);
    let oldest = client.team_messages(oldest);
    let oldest = ids(oldest, |message| message.id).await.expect("all");
    assert_eq!(oldest, (0..100).collect::<Vec<_>>());
}

/// A history of one message every `seconds`.
async fn history(count: i64, seconds: i64) -> Server {
    Server::responding(move |request| {
        let query = request
            .target
            .split_once('?')
            .map_or("", |(_, query)| query);
        let bound = query
            .split('&')
            .find_map(|part| part.strip_prefix("timestamp="));
        let start = time("2026-05-07T12:00:00Z");
        let bound: i64 = bound.map_or(i64::MAX, |bound| bound.parse().expect("Unix time"));
        let page: Vec<Value> = (0..count)
            .map(|id| (id, start.as_second() - id * seconds))
            .filter(|(_, second)| *second < bound)
            .take(50)
            .map(|(id, second)| {
                let date = Timestamp::from_second(second).expect("a time").to_string();
                json!({ "id": id, "date": date, "local_id": format!("key-{id}") })
            })
            .collect();
        Answer::new(200, json!(page).to_string())
    })
    .await
}

#[tokio::test]
async fn the_history_of_a_phone_is_walked_by_unix_time() {
    let server = history(120, 1).await;
    let walk = client(&server.url()).messages(41001, "+15550100101");
    let all = ids(walk, |message| message.id).await.expect("all");
    assert_eq!(all, (0..120).collect::<Vec<_>>());
    let first = &server.received()[0];
    assert_eq!(
        first.target,
        "/v1/messages?inboxID=41001&phoneNumber=15550100101"
    );
}

#[tokio::test]
async fn a_message_of_unknown_fate_is_found_by_its_key() {
    let server = history(120, 1).await;
    let client = client(&server.url());
    let message = SendMessage::new(41001.into(), 50001.into()).to_phone("15550100101");
    let sent = client.find_sent(&message.clone().local_id("key-77")).await;
    assert_eq!(
        sent.expect("found").map(|message| message.id),
        Some(77.into())
    );
    let unsent = client
        .find_sent(&message.clone().local_id("key-of-another"))
        .await;
    assert_eq!(unsent.expect("looked for"), None);
}

#[tokio::test]
async fn a_message_without_a_key_is_not_searched_for() {
    let server = Server::answering(Answer::new(200, r#"[{"id":7,"local_id":""}]"#)).await;
    let client = client(&server.url());
    let message = SendMessage::new(41001.into(), 50001.into()).to_phone("15550100101");
    for message in [
        message.clone(),
        message.clone().local_id(""),
        message.local_id(" \t"),
    ] {
        let error = client.find_sent(&message).await.expect_err("no key");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("local_id"), "{error}");
    }
    assert!(server.received().is_empty());
}

/// The search covers an hour and 500 messages, whichever is more.
#[tokio::test]
async fn the_search_for_a_message_covers_time_and_number() {
    // (seconds between two messages, the last that is found, the first that is not)
    for (seconds, found, not_found) in [(1, 4100, 4300), (3600, 499, 560)] {
        let server = history(5000, seconds).await;
        let clock = ManualClock::at("2026-05-07T12:00:00Z");
        let client = builder(&server.url())
            .rate_limit(RateLimit::off())
            .clock(clock)
            .build()
            .expect("a client");
        let message = |id: i64| {
            let message = SendMessage::new(41001.into(), 50001.into()).to_phone("15550100101");
            message.local_id(format!("key-{id}"))
        };
        let sent = client.find_sent(&message(found)).await.expect("searched");
        assert_eq!(sent.map(|sent| sent.id), Some(found.into()));
        let sent = client.find_sent(&message(not_found)).await;
        assert_eq!(sent.expect("searched"), None);
        let since = time("2026-05-07T12:00:00Z") - SignedDuration::from_secs(seconds * not_found);
        let sent = client.find_sent_since(&message(not_found), since).await;
        let sent = sent.expect("searched");
        assert_eq!(sent.map(|sent| sent.id), Some(not_found.into()));
    }
}

#[tokio::test]
async fn a_message_without_a_date_ends_no_search() {
    // All of the last minutes, and the 600th has no date.
    let server = Server::responding(|request| {
        let bound = request.target.split_once("timestamp=");
        let bound = bound.map_or(0, |(_, bound)| bound.parse().expect("Unix time"));
        let start = time("2026-05-07T12:00:00Z").as_second();
        let page = (0..1000)
            .filter(|id| bound == 0 || start - id < bound)
            .take(50);
        let page: Vec<Value> = page
            .map(|id| {
                let date = Timestamp::from_second(start - id)
                    .expect("a time")
                    .to_string();
                let date = if id == 600 { json!(null) } else { json!(date) };
                json!({ "id": id, "date": date, "local_id": format!("key-{id}") })
            })
            .collect();
        Answer::new(200, json!(page).to_string())
    })
    .await;
    let client = builder(&server.url())
        .rate_limit(RateLimit::off())
        .clock(ManualClock::at("2026-05-07T12:00:00Z"))
        .build()
        .expect("a client");
    let message = SendMessage::new(41001.into(), 50001.into()).to_phone("15550100101");
    let sent = client.find_sent(&message.local_id("key-900")).await;
    assert_eq!(
        sent.expect("searched").map(|sent| sent.id),
        Some(900.into())
    );
}

#[tokio::test]
async fn a_message_to_a_conversation_is_looked_for_with_its_contact() {
    let server = Server::responding(|request| {
        let answer = if request.target.starts_with("/v1/conversations/") {
            r#"{"id":9920,"target":"15550100101"}"#
        } else {
            r#"[{"id":7,"local_id":"key"}]"#
        };
        Answer::new(200, answer)
    })
    .await;
    let message = SendMessage::new(41001.into(), 50001.into())
        .to_conversation(9920)
        .local_id("key");
    let found = client(&server.url())
        .find_sent(&message)
        .await
        .expect("looked for");
    assert_eq!(found.map(|message| message.id), Some(7.into()));
    assert_eq!(
        server.received()[1].target,
        "/v1/messages?inboxID=41001&phoneNumber=15550100101"
    );
}

#[tokio::test]
async fn a_message_to_a_list_is_looked_for_among_those_of_the_team() {
    let answer = Answer::new(200, r#"[{"id":7,"local_id":"key"}]"#);
    let server = Server::answering(answer).await;
    let message = SendMessage::new(41001.into(), 50001.into()).to_list(2_000_001, "key");
    let found = client(&server.url())
        .find_sent(&message)
        .await
        .expect("looked for");
    assert_eq!(found.map(|message| message.id), Some(7.into()));
    assert_eq!(server.only_request().target, "/v1/messages/all");
}

/// Pages by number, from `first`.
async fn numbered(first: i64) -> Server {
    Server::responding(move |request| {
        let number = body(request)["page"].as_i64().expect("a page") - first;
        let page: Vec<Value> = (number * 2..number * 2 + 2)
            .filter(|id| *id < 5)
            .map(|id| json!({ "id": id }))
            .collect();
        Answer::new(200, json!(page).to_string())
    })
    .await
}

#[tokio::test]
async fn surveys_count_their_pages_from_one_and_contacts_from_zero() {
    let server = numbered(1).await;
    let surveys = client(&server.url()).surveys(ListSurveys::new());
    assert_eq!(
        ids(surveys, |survey| survey.id).await.expect("all"),
        [0, 1, 2, 3, 4]
    );
    let server = numbered(0).await;
    let contacts = client(&server.url()).contacts_v2(ListContactsV2::new());
    assert_eq!(
        ids(contacts, |contact| contact.id).await.expect("all"),
        [0, 1, 2, 3, 4]
    );
}

#[tokio::test]
async fn items_precede_the_error_after_them_and_a_walk_resumes() {
    let things = hundred();
    let failing = Arc::new(Mutex::new(true));
    let is_failing = Arc::clone(&failing);
    let server = Server::responding(move |request| {
        let cursor = cursor(request, "date");
        if cursor.is_some() && *is_failing.lock().expect("the switch") {
            return Answer::new(500, "");
        }
        before(&things, cursor, 30, "updated")
    })
    .await;
    let client = client(&server.url());
    let mut walk = client.tags(ListTags::new());
    let mut given = Vec::new();
    let error = loop {
        match walk.next().await.expect("an error at the end") {
            Ok(tag) => given.push(tag.id.into()),
            Err(error) => break error,
        }
    };
    assert!(error.is_server_error());
    assert_eq!(given, (0..30).collect::<Vec<_>>());
    assert!(walk.next().await.is_none(), "an error ends the walk");

    let kept = serde_json::to_string(&walk.checkpoint()).expect("JSON");
    *failing.lock().expect("the switch") = false;
    let checkpoint: Checkpoint = serde_json::from_str(&kept).expect("a checkpoint");
    let resumed = client.tags(ListTags::new()).resume(checkpoint.clone());
    given.extend(ids(resumed, |tag| tag.id).await.expect("the rest"));
    assert_eq!(given, (0..100).collect::<Vec<_>>());

    let wrong = client.contacts(ListContacts::new()).resume(checkpoint);
    let error = ids(wrong, |contact| contact.id)
        .await
        .expect_err("of another list");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_walk_that_is_over_stays_over_when_resumed() {
    let server = list(hundred(), "updated").await;
    let client = client(&server.url());
    let mut walk = client.tags(ListTags::new());
    while let Some(tag) = walk.next().await {
        tag.expect("a tag");
    }
    let asked = server.received().len();
    let resumed = client.tags(ListTags::new()).resume(walk.checkpoint());
    let rest = ids(resumed, |tag| tag.id).await.expect("nothing");
    assert!(rest.is_empty());
    assert_eq!(server.received().len(), asked);
}

#[tokio::test]
async fn a_page_that_blocks_the_walk_is_an_error_and_skips_nothing() {
    let server = list((0..40).map(|id| (id, 0)).collect(), "updated").await;
    let client = client(&server.url());
    let error = ids(client.tags(ListTags::new()), |tag| tag.id)
        .await
        .expect_err("stuck");
    assert!(error.to_string().contains("have the same time"), "{error}");
    // Where the operation takes a limit, it is raised.
    let contacts = ids(client.contacts(ListContacts::new()), |contact| contact.id).await;
    assert_eq!(contacts.expect("all").len(), 40);
}

#[tokio::test]
async fn what_no_walk_can_do_is_an_error_before_anything_is_sent() {
    let server = list(hundred(), "updated").await;
    let client: Client = client(&server.url());
    for request in [
        ListContacts::new().ascending(true),
        ListContacts::new().page(3),
        ListContacts::new().order("created_at"),
    ] {
        let error = ids(client.contacts(request), |contact| contact.id).await;
        assert_eq!(
            error.expect_err("no walk").kind(),
            ErrorKind::InvalidRequest
        );
    }
    assert_eq!(server.received(), []);
}

#[tokio::test]
async fn a_raw_walk_follows_the_typed_one_and_keeps_the_json() {
    // Ties across the edges of pages, which only the overlap brings.
    let things: Vec<Thing> = (0..100).map(|id| (id, (100 - id) / 7)).collect();
    let server = list(things, "updated").await;
    let client = client(&server.url());
    let typed = ids(client.contacts(ListContacts::new()), |item| item.id).await;
    let typed = typed.expect("the walk");
    assert_eq!(typed.len(), 100);
    let before = server.received().len();
    let request = || RawRequest::of(&operations::LIST_CONTACTS).json(json!({}));
    let raw = ids(client.walk(request()).expect("a walk"), |item| item.id).await;
    assert_eq!(raw.expect("the walk"), typed);
    let received = server.received();
    let (of_typed, of_raw) = received.split_at(before);
    let bodies = |received: &[Received]| received.iter().map(body).collect::<Vec<_>>();
    assert_eq!(bodies(of_raw), bodies(of_typed));

    let mut walk = client.walk(request()).expect("a walk");
    let first = walk.next().await.expect("an item").expect("an item");
    assert_eq!(
        first.json.get(),
        format!(r#"{{"id":0,"updated":"{}"}}"#, at(14))
    );
    // Both walks accept the checkpoints of the other.
    let rest = client
        .contacts(ListContacts::new())
        .resume(walk.checkpoint());
    assert_eq!(
        ids(rest, |item| item.id).await.expect("the rest"),
        typed[1..]
    );
}

#[tokio::test]
async fn what_has_no_pages_cannot_be_walked_over() {
    let server = list(Vec::new(), "updated").await;
    let request = RawRequest::of(&operations::LIST_INBOXES);
    let error = client(&server.url()).walk(request).expect_err("no pages");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

/// 250 contacts with the same `updated`. A page has at most `cap` of them, even if
/// the request has a higher limit.
async fn imported(cap: usize, honours_page: bool) -> Server {
    Server::responding(move |request| {
        let (skip, size) = place(request, cap);
        let is_before = cursor(request, "date").is_none_or(|cursor| at(0) < cursor);
        let page: Vec<Value> = (0..250)
            .filter(|_| is_before)
            .skip(if honours_page { skip } else { 0 })
            .take(size)
            .map(|id| json!({ "id": id, "updated": at(0).to_string() }))
            .collect();
        Answer::new(200, json!(page).to_string())
    })
    .await
}

#[tokio::test]
async fn a_page_of_one_time_is_never_taken_for_the_end() {
    for cap in [20, 30, 50, 60, 100] {
        let server = imported(cap, false).await;
        let mut walk = client(&server.url()).contacts(ListContacts::new());
        let mut given = 0;
        let error = loop {
            match walk.next().await {
                Some(Ok(_)) => given += 1,
                Some(Err(error)) => break error,
                None => panic!("the walk ends after {given} of 250, with a cap of {cap}"),
            }
        };
        assert_eq!(given, cap);
        assert!(error.to_string().contains("have the same time"), "{error}");
    }
}

#[tokio::test]
async fn page_numbers_lead_past_one_time_that_fills_a_page() {
    for cap in [10, 20, 30, 50, 60, 100, 125, 250] {
        let server = imported(cap, true).await;
        let walk = client(&server.url()).contacts(ListContacts::new());
        let mut all = ids(walk, |contact| contact.id).await.expect("all");
        all.sort_unstable();
        assert_eq!(all, (0..250).collect::<Vec<_>>(), "a cap of {cap}");
    }
}

#[tokio::test]
async fn inserted_contacts_do_not_cut_a_numbered_walk_short() {
    let fetched = Mutex::new(0);
    let server = Server::responding(move |request| {
        let mut fetched = fetched.lock().expect("the count");
        *fetched += 1;
        // The newest first. 30 newer ones are added before the third fetch.
        let newest = if *fetched < 3 { 300 } else { 330 };
        let page = body(request)["page"].as_i64().expect("a page");
        let first = newest - page * 30;
        let page: Vec<Value> = (0.max(first - 30)..0.max(first))
            .rev()
            .map(|id| json!({ "id": id }))
            .collect();
        Answer::new(200, json!(page).to_string())
    })
    .await;
    let walk = client(&server.url()).contacts_v2(ListContactsV2::new());
    let all = ids(walk, |contact| contact.id).await.expect("all");
    assert_eq!(all, (0..300).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_id_twice_in_one_page_is_given_once() {
    let things = vec![(1, 0), (1, 0), (2, -5), (1, -7), (3, -9)];
    let server = list(things, "updated").await;
    let client = client(&server.url());
    let once = ids(client.tags(ListTags::new()), |tag| tag.id).await;
    assert_eq!(once.expect("all"), [1, 2, 3]);
    let mut pages = client.tags(ListTags::new()).pages();
    let page = pages.next().await.expect("a page").expect("a page");
    assert_eq!(page.iter().map(|tag| tag.id).collect::<Vec<_>>(), [1, 2, 3]);
}
