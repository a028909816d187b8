//! Lists, templates, tags and surveys.

use std::collections::{BTreeMap, BTreeSet};

use heymarket_api::types::{
    ContactStatusChange, CreateContact, CreateList, CreateListV1, CreateTemplate, ListMember,
    ListSurveys, NewTemplateContent, SendMessage, SetContactStatus, SurveyType, UpdateList,
    UpdateListV1, UpdateTemplate,
};
use serde_json::{Map, Value, json};

use super::{
    CUSTOMER, OWNER, STRANGER, SUPPORT, client, in_each_dialect, messages_that_say, sandbox,
};

/// Other customers of the demo data.
const NEIGHBOURS: [&str; 3] = ["15550100102", "15550100103", "15550100104"];

fn send() -> SendMessage {
    SendMessage::new(SUPPORT, OWNER)
}

#[tokio::test]
async fn a_broadcast_reaches_each_reachable_contact_once() {
    in_each_dialect(async |sandbox, client| {
        let gone = SetContactStatus::new(ContactStatusChange::Unsubscribed).phone(NEIGHBOURS[0]);
        client.set_contact_status(&gone).await.expect("set");
        let phones = [CUSTOMER, STRANGER, CUSTOMER].into_iter().chain(NEIGHBOURS);
        let list = CreateList::new("Invented list", "list-1").phones(phones);
        let list = client.create_list(&list).await.expect("a list").id;
        let broadcast = send().to_list(list, "broadcast-1").text("To all.");
        for _ in 0..2 {
            client.send_message(&broadcast).await.expect("sent");
        }
        let sent = messages_that_say(sandbox, "To all.");
        let ids: BTreeSet<_> = sent
            .iter()
            .map(|one| one["broadcast_id"].as_i64())
            .collect();
        assert_eq!(ids.len(), 1);
        assert!(ids.iter().all(Option::is_some));
        let mut reached = Vec::new();
        for phone in [CUSTOMER, STRANGER].into_iter().chain(NEIGHBOURS) {
            let history = client
                .list_messages(SUPPORT, phone, Some(4_000_000_000))
                .await;
            let history = history.expect("a history");
            let texts = history
                .iter()
                .filter(|one| one.text.as_deref() == Some("To all."));
            reached.push(texts.count());
        }
        assert_eq!(reached, [1, 1, 0, 1, 1]);
        assert_eq!(sent.len(), 4);
        let nobody = CreateList::new("Nobody", "list-2").phones([NEIGHBOURS[0]]);
        let nobody = client.create_list(&nobody).await.expect("a list").id;
        let broadcast = send().to_list(nobody, "broadcast-2").text("To nobody.");
        assert!(
            client
                .send_message(&broadcast)
                .await
                .expect_err("refused")
                .is_bad_request()
        );
    })
    .await;
}

#[tokio::test]
async fn a_local_id_creates_one_list() {
    in_each_dialect(async |_, client| {
        let list = CreateList::new("Invented list", "list-1");
        let first = client.create_list(&list).await.expect("a list").id;
        let again = client.create_list(&list).await.expect("a list").id;
        let other = CreateList::new("Invented list", "list-2");
        let other = client.create_list(&other).await.expect("a list").id;
        assert_eq!(first, again);
        assert_ne!(first, other);
    })
    .await;
}

#[tokio::test]
#[expect(deprecated, reason = "both generations have the same lists")]
async fn lists_of_both_generations_change_and_are_deleted() {
    in_each_dialect(async |_, client| {
        let targets = async |id: i64| {
            let list = client.get_list(id).await.expect("a list").into_inner();
            let targets = list.targets.expect("targets");
            targets.keys().cloned().collect::<Vec<_>>()
        };
        let member = ListMember::new().f("New").l("Person");
        let members = BTreeMap::from([(STRANGER.to_owned(), member)]);
        let list = CreateListV1::new("Older").members(members);
        let old = client.create_list_v1(&list).await.expect("a list").id;
        let named = client.get_list(old).await.expect("a list").into_inner();
        assert_eq!(
            named.targets.expect("targets")[STRANGER].f.as_deref(),
            Some("New")
        );
        let update = UpdateListV1::new("Old")
            .add_phone(CUSTOMER)
            .remove_phone(STRANGER);
        client.update_list_v1(old, &update).await.expect("updated");
        assert_eq!(targets(old).await, [CUSTOMER]);
        let update = UpdateList::new()
            .add_phones([STRANGER])
            .remove_phones([CUSTOMER]);
        client
            .update_list(old, &update.title("Newer"))
            .await
            .expect("updated");
        assert_eq!(targets(old).await, [STRANGER]);
        assert_eq!(
            client.get_list(old).await.expect("it").name.as_deref(),
            Some("Newer")
        );

        let list = CreateList::new("New", "list-1").emails(["new@example.com"]);
        let new = client.create_list(&list).await.expect("a list").id;
        assert_eq!(targets(new).await, ["new@example.com"]);
        let contact = client
            .create_contact(&CreateContact::new("15550107009"))
            .await;
        let contact = contact.expect("a contact").id;
        let update = UpdateList::new().contacts([contact]);
        client.update_list(new, &update).await.expect("updated");
        assert_eq!(targets(new).await, ["15550107009"]);
        client.delete_contact(contact).await.expect("deleted");
        assert_eq!(targets(new).await, [] as [&str; 0]);

        client.delete_list_v1(new).await.expect("deleted");
        client.delete_list(old).await.expect("deleted");
        for id in [old, new] {
            assert!(client.get_list(id).await.expect_err("gone").is_not_found());
            assert!(
                client
                    .delete_list(id)
                    .await
                    .expect_err("gone")
                    .is_not_found()
            );
        }
        let lists = client.list_lists(&Default::default()).await.expect("lists");
        assert!(lists.iter().all(|list| list.id != old && list.id != new));
    })
    .await;
}

#[tokio::test]
async fn the_tokens_of_a_template_are_filled_from_the_contact() {
    in_each_dialect(async |sandbox, client| {
        let field = client.list_contact_fields().await.expect("fields")[0].id;
        let values = Map::from_iter([(field.to_string(), json!("A-7"))]);
        let contact = CreateContact::new(STRANGER)
            .first("Invented")
            .last("Person");
        client
            .create_contact(&contact.custom(values))
            .await
            .expect("created");
        let text = "{{first_name}} {{ last_name }}, {{order_number}}{{branch}} {{other}} {{";
        let content = NewTemplateContent::new(text);
        let template = CreateTemplate::new("Invented", content);
        let template = client
            .create_template(&template)
            .await
            .expect("a template")
            .id;
        let message = send().to_phone(STRANGER).template_id(template);
        client.send_message(&message).await.expect("sent");
        let filled = "Invented Person, A-7 {{other}} {{";
        assert_eq!(messages_that_say(sandbox, filled).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_template_sends_nothing() {
    in_each_dialect(async |sandbox, client| {
        let template = CreateTemplate::new("Invented", NewTemplateContent::new("One"));
        let id = client
            .create_template(&template)
            .await
            .expect("a template")
            .id;
        let update = UpdateTemplate::new("Other", NewTemplateContent::new("Two"));
        let written = client.update_template(id, &update).await.expect("updated");
        assert_eq!(written.rev, Some(2));
        let now = client
            .get_template(id)
            .await
            .expect("a template")
            .into_inner();
        assert_eq!(now.name.as_deref(), Some("Other"));
        assert_eq!(now.content.expect("content").text.as_deref(), Some("Two"));
        client.delete_template(id).await.expect("deleted");
        assert!(
            client
                .get_template(id)
                .await
                .expect_err("gone")
                .is_not_found()
        );
        assert!(
            client
                .delete_template(id)
                .await
                .expect_err("gone")
                .is_not_found()
        );
        let message = send().to_phone(CUSTOMER).template_id(id);
        assert!(
            client
                .send_message(&message)
                .await
                .expect_err("refused")
                .is_bad_request()
        );
        assert_eq!(messages_that_say(sandbox, "Two"), [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_tag_is_gone() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = client(&sandbox);
    let tag = client.list_tags(&Default::default()).await.expect("tags")[0].id;
    client.delete_tag(tag).await.expect("deleted");
    assert!(client.get_tag(tag).await.expect_err("gone").is_not_found());
    assert!(
        client
            .delete_tag(tag)
            .await
            .expect_err("gone")
            .is_not_found()
    );
}

#[tokio::test]
async fn surveys_are_paged_and_sent_with_their_question() {
    in_each_dialect(async |sandbox, client| {
        let mut pages = Vec::new();
        for page in 1..=3 {
            let request = ListSurveys::new().limit(1).page(page);
            let surveys = client.list_surveys(&request).await.expect("a page");
            pages.push(surveys.iter().map(|survey| survey.id).collect::<Vec<_>>());
        }
        assert_eq!(pages, [vec![802], vec![801], vec![]]);
        let survey = client.get_survey(801).await.expect("a survey").into_inner();
        assert_eq!(survey.type_, Some(SurveyType::Nps));
        let message = send().to_phone(CUSTOMER).survey_id(survey.id);
        client.send_message(&message).await.expect("sent");
        let question = survey.question.expect("a question");
        assert_eq!(messages_that_say(sandbox, &question).len(), 1);
        assert!(client.get_survey(1).await.expect_err("none").is_not_found());
    })
    .await;
}
