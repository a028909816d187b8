//! Walks over lists whose times tie at the edges of pages.

use std::collections::BTreeSet;
use std::time::Duration;

use heymarket_api::types::{
    ConversationFilters, CreateList, CreateTag, CreateTemplate, ListContacts, ListContactsV2,
    ListConversations, ListLists, ListSurveys, ListTags, ListTeamMessages, ListTemplates,
    NewTemplateContent, SendMessage,
};
use heymarket_api::{Client, Error, Walk};
use heymarket_sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::json;

use super::{
    CUSTOMER, ORDERS, OWNER, STRANGER, SUPPORT, call, client, in_each_dialect, remembered, sandbox,
};
use crate::support::time;

async fn ids<T, I: Into<i64>>(mut walk: Walk<T>, id: impl Fn(&T) -> I) -> Result<Vec<i64>, Error> {
    let mut ids = Vec::new();
    while let Some(item) = walk.next().await {
        ids.push(id(&item?).into());
    }
    Ok(ids)
}

/// Returns the stored IDs of a kind.
fn known(sandbox: &Sandbox, kind: &str) -> BTreeSet<i64> {
    let records = remembered(sandbox, kind);
    let ids = records.iter().map(|record| record["id"].as_i64());
    ids.collect::<Option<_>>().expect("ids")
}

/// Asserts that a walk returned each ID once.
fn assert_each_once(given: Result<Vec<i64>, Error>, expected: &BTreeSet<i64>) {
    let mut given = given.expect("a whole walk");
    given.sort_unstable();
    let expected: Vec<_> = expected.iter().copied().collect();
    assert_eq!(given, expected);
}

fn all_conversations() -> ListConversations {
    ListConversations::new(OWNER, ConversationFilters::new([SUPPORT, ORDERS]))
}

fn of_all_time() -> ListTeamMessages {
    ListTeamMessages::new().created_at(time("2126-01-01T00:00:00Z"))
}

#[tokio::test]
async fn the_newest_messages_of_the_team_need_no_bound() {
    in_each_dialect(async |sandbox, _| {
        let line = "POST /v1/messages/all";
        let page = call(sandbox, line).json(&json!({})).send().await;
        assert_eq!(page.status, 200, "{}", page.message());
        let ids = page.body.as_array().expect("messages").iter();
        let ids: Vec<_> = ids.map(|message| message["id"].as_i64()).collect();
        let bound = json!({ "created_at": "2126-01-01T00:00:00Z" });
        let bounded = call(sandbox, line).json(&bound).send().await.body;
        let bounded = bounded.as_array().expect("messages").iter();
        let bounded: Vec<_> = bounded.map(|message| message["id"].as_i64()).collect();
        assert_eq!((ids.len(), ids), (30, bounded));
    })
    .await;
}

#[tokio::test]
async fn a_walk_over_the_demo_data_returns_each_item_once() {
    in_each_dialect(async |sandbox, client| {
        let walk = client.conversations(all_conversations());
        assert_each_once(
            ids(walk, |one| one.id).await,
            &known(sandbox, "conversations"),
        );
        let walk = client.contacts(ListContacts::new());
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "contacts"));
        let walk = client.contacts_v2(ListContactsV2::new());
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "contacts"));
        let walk = client.team_messages(of_all_time());
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "messages"));
        let walk = client.team_messages(ListTeamMessages::new());
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "messages"));
        let upward = ListTeamMessages::new().created_at(Timestamp::UNIX_EPOCH);
        let upward = upward.ascending(true);
        let walk = client.team_messages(upward);
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "messages"));
        let walk = client.surveys(ListSurveys::new().limit(1));
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "surveys"));
        let walk = client.messages(SUPPORT, CUSTOMER);
        let history = ids(walk, |one| one.id).await.expect("a history");
        assert_eq!(history.len(), 60);
        assert_eq!(history.iter().collect::<BTreeSet<_>>().len(), 60);
    })
    .await;
}

/// Creates forty records of each kind that pages by time only, four at a time.
async fn fill(sandbox: &Sandbox, client: &Client) {
    sandbox.freeze(time("2026-06-01T12:00:00Z"));
    for index in 0..40 {
        let name = format!("Invented {index}");
        client
            .create_tag(&CreateTag::new(&*name))
            .await
            .expect("a tag");
        let content = NewTemplateContent::new("Hi");
        let template = CreateTemplate::new(&*name, content);
        client.create_template(&template).await.expect("a template");
        client
            .create_list(&CreateList::new(&*name, &*name))
            .await
            .expect("a list");
        if index % 4 == 3 {
            sandbox.advance(Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn a_walk_survives_ties_at_the_edge_of_a_page() {
    in_each_dialect(async |sandbox, client| {
        fill(sandbox, client).await;
        let page = client.list_tags(&ListTags::new()).await.expect("a page");
        let next = ListTags::new().date(page[29].updated.expect("a time"));
        let next = client.list_tags(&next).await.expect("a page");
        assert!(
            page.len() + next.len() < known(sandbox, "tags").len(),
            "there is no tie"
        );
        let walk = client.tags(ListTags::new());
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "tags"));
        let walk = client.templates(ListTemplates::new());
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "templates"));
        let walk = client.lists(ListLists::new());
        assert_each_once(ids(walk, |one| one.id).await, &known(sandbox, "lists"));
    })
    .await;
}

/// Pages naively by the time of the last item.
async fn naively<T>(
    first: Vec<T>,
    id: impl Fn(&T) -> i64,
    updated: impl Fn(&T) -> Option<Timestamp>,
    next: impl AsyncFn(Timestamp) -> Vec<T>,
) -> BTreeSet<i64> {
    let mut seen = BTreeSet::new();
    let mut page = first;
    while let Some(last) = page.last() {
        let date = updated(last).expect("a time");
        seen.extend(page.iter().map(&id));
        page = next(date).await;
    }
    seen
}

#[tokio::test]
async fn a_naive_pager_loses_ties_at_the_edge_of_a_page() {
    in_each_dialect(async |sandbox, client| {
        let conversations = async |request: ListConversations| {
            let page = client.list_conversations(&request).await;
            page.expect("a page").into_inner()
        };
        let seen = naively(
            conversations(all_conversations()).await,
            |one| one.id.into(),
            |one| one.updated,
            async |date| conversations(all_conversations().date(date)).await,
        )
        .await;
        let all = known(sandbox, "conversations");
        assert!(
            seen.is_subset(&all) && seen.len() < all.len(),
            "{}",
            seen.len()
        );
        let contacts = async |request: ListContacts| {
            let page = client.list_contacts(&request).await;
            page.expect("a page").into_inner()
        };
        let seen = naively(
            contacts(ListContacts::new()).await,
            |one| one.id.into(),
            |one| one.updated,
            async |date| contacts(ListContacts::new().date(date)).await,
        )
        .await;
        let all = known(sandbox, "contacts");
        assert!(
            seen.is_subset(&all) && seen.len() < all.len(),
            "{}",
            seen.len()
        );
    })
    .await;
}

#[tokio::test]
async fn a_history_page_may_end_within_a_second() {
    in_each_dialect(async |sandbox, client| {
        sandbox.freeze(time("2026-06-01T12:00:00Z"));
        let mut sent = BTreeSet::new();
        for index in 0..60 {
            let message = SendMessage::new(SUPPORT, OWNER).to_phone(STRANGER);
            let message = message.text(format!("Number {index}."));
            sent.insert(client.send_message(&message).await.expect("sent").id.into());
            if index % 7 == 6 {
                sandbox.advance(Duration::from_secs(1));
            }
        }
        let walk = client.messages(SUPPORT, STRANGER);
        assert_each_once(ids(walk, |one| one.id).await, &sent);
        let page = async |before| {
            let page = client.list_messages(SUPPORT, STRANGER, before).await;
            page.expect("a page").into_inner()
        };
        let seen = naively(
            page(None).await,
            |one| one.id.into(),
            |one| one.date,
            async |date| page(Some(date.as_second())).await,
        )
        .await;
        assert!(seen.len() < sent.len(), "there is no tie");
    })
    .await;
}

#[tokio::test]
async fn each_old_item_comes_once_while_new_ones_arrive() {
    in_each_dialect(async |sandbox, client| {
        let write = |index: usize| {
            let from = format!("1555010{:04}", 6000 + index);
            sandbox.inbound(SUPPORT, &from, "Hello?").expect("received");
        };
        // An item already returned moves to the start.
        let write_again = |target: Option<&String>| {
            let target = target.expect("a target");
            // A new conversation in this inbox.
            sandbox
                .inbound(SUPPORT, target, "Again.")
                .expect("received");
        };
        let all = known(sandbox, "conversations");
        let mut walk = client.conversations(all_conversations());
        let mut given = Vec::new();
        while let Some(conversation) = walk.next().await {
            let conversation = conversation.expect("a conversation");
            write(given.len());
            if given.len() % 5 == 0 {
                write_again(conversation.target.as_ref());
            }
            given.push(conversation.id.into());
        }
        assert_each_once(Ok(given), &all);

        let all = known(sandbox, "contacts");
        let mut walk = client.contacts_v2(ListContactsV2::new());
        let mut given = Vec::new();
        while let Some(contact) = walk.next().await {
            given.push(contact.expect("a contact").id.into());
            // Numbered pages shift by the same amount.
            if given.len() % 3 == 0 {
                write(100 + given.len());
            }
        }
        assert_each_once(Ok(given), &all);

        let all = known(sandbox, "messages");
        let now = sandbox.now();
        let mut walk = client.team_messages(ListTeamMessages::new().created_at(now));
        let mut given = Vec::new();
        while let Some(message) = walk.next().await {
            given.push(message.expect("a message").id.into());
            write(given.len());
        }
        assert_each_once(Ok(given), &all);
    })
    .await;
}

#[tokio::test]
async fn a_walk_resumes_where_an_error_ended_it() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = client(&sandbox);
    let rule = "fault=status,status=400,operation=list_contacts,nth=2";
    sandbox
        .add_rule(rule.parse().expect("a rule"))
        .expect("in force");
    let mut walk = client.contacts(ListContacts::new());
    let mut given = Vec::new();
    let error = loop {
        match walk.next().await.expect("an error before the end") {
            Ok(contact) => given.push(contact.id.into()),
            Err(error) => break error,
        }
    };
    assert!(error.is_bad_request());
    assert_eq!(given.len(), 30);
    let resumed = client
        .contacts(ListContacts::new())
        .resume(walk.checkpoint());
    given.extend(ids(resumed, |one| one.id).await.expect("the rest"));
    assert_each_once(Ok(given), &known(&sandbox, "contacts"));
}
