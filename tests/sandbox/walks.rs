//! Every operation through the generated client, and every response against the
//! spec.

use std::collections::{BTreeMap, BTreeSet};

use heymarket_api::types::*;
use heymarket_api::{Client, Error, Response};
use heymarket_sandbox::{Dialect, Sandbox, check_response};
use serde_json::json;

use super::{
    AGENT_OF_BOTH, CONVERSATION, CUSTOMER, ORDERS, OWNER, STRANGER, SUPPORT, client, sandbox,
};
use crate::support::{assert_every_operation, time};

/// The operations called, and the violations of their responses.
struct Caller {
    client: Client,
    called: BTreeSet<&'static str>,
    problems: Vec<String>,
}

/// Calls the client's method of an operation, and checks the response against
/// the spec.
macro_rules! call {
    ($caller:ident.$operation:ident($($argument:expr),* $(,)?)) => {{
        let answer = $caller.client.$operation($($argument),*).await;
        $caller.check(stringify!($operation), answer)
    }};
}

impl Caller {
    fn check<T>(&mut self, operation: &'static str, answer: Result<Response<T>, Error>) -> T {
        let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
        self.called.insert(operation);
        let body = serde_json::from_slice(answer.body()).expect("JSON");
        if let Err(problems) = check_response(operation, &body) {
            self.problems
                .push(format!("{operation}: {problems:?}\n{body}"));
        }
        answer.into_inner()
    }

    async fn call_all(&mut self, sandbox: &Sandbox) {
        self.conversations().await;
        self.messages().await;
        self.contacts().await;
        self.contacts_v2().await;
        self.lists().await;
        self.templates_tags_and_surveys().await;
        self.schedule(sandbox).await;
        self.team().await;
    }

    async fn conversations(&mut self) {
        let filters = ConversationFilters::new([SUPPORT, ORDERS]);
        let page = call!(self.list_conversations(&ListConversations::new(OWNER, filters)));
        assert_eq!(page.len(), 30);
        call!(self.count_conversations(&CountConversations::new()));
        call!(self.get_conversation(CONVERSATION));
        let close = CloseConversation::new(SUPPORT, OWNER).conversation_id(CONVERSATION);
        call!(self.close_conversation(&close));
        let open = OpenConversation::new(SUPPORT, OWNER).target(CUSTOMER);
        call!(self.open_conversation(&open));
        let mark = MarkConversation::new(SUPPORT, OWNER).target(CUSTOMER);
        call!(self.mark_conversation_unread(&mark));
        call!(self.get_conversation(CONVERSATION));
        call!(self.mark_conversation_read(&mark));
        let reassign = ReassignConversation::new(SUPPORT, OWNER)
            .assignee_id(AGENT_OF_BOTH)
            .target(CUSTOMER);
        call!(self.reassign_conversation(&reassign));
        call!(self.transfer_conversation(&TransferConversation::new(CONVERSATION, ORDERS)));
        call!(self.get_conversation(CONVERSATION));
    }

    async fn messages(&mut self) {
        let send = || SendMessage::new(SUPPORT, OWNER).text("Invented text");
        call!(self.send_message(&send().to_phone(STRANGER)));
        let picture = "https://example.com/picture.png";
        call!(self.send_message(&send().to_phone(STRANGER).media_url(picture)));
        call!(self.send_message(&send().to_group([STRANGER, CUSTOMER])));
        let comment = send().to_phone(STRANGER).private(true).author("Invented");
        call!(self.send_message(&comment));
        let email = SendEmail::new(SUPPORT, OWNER, "<p>Invented</p>")
            .targets([EmailRecipient::to("new@example.com")])
            .conv_title("Invented title");
        let sent = call!(self.send_email(&email));
        let conversation = sent.conversation_id.expect("a conversation");
        call!(self.get_conversation(conversation));
        let filters = ConversationFilters::new([SUPPORT]);
        call!(self.list_conversations(&ListConversations::new(0, filters)));
        let history = call!(self.list_messages(SUPPORT, STRANGER, None));
        assert_eq!(history.len(), 3);
        call!(self.list_team_messages(&ListTeamMessages::new().limit(200)));
        call!(self.count_team_messages(&CountTeamMessages::new()));
    }

    async fn contacts(&mut self) {
        let made = call!(self.create_contact(&CreateContact::new("15550107001").first("New")));
        let update = UpdateContact::new("15550107001").tags([TagAssignment::new(60_001)]);
        call!(self.update_contact(made.id, Some(true), &update));
        call!(self.get_contact(made.id));
        call!(self.find_contact(&FindContact::new().phone(CUSTOMER)));
        let page = call!(self.list_contacts(&ListContacts::new().limit(100)));
        assert!(page.len() > 70);
        call!(self.count_contacts(&CountContacts::new()));
        let status = SetContactStatus::new(ContactStatusChange::Unsubscribed).id(made.id);
        call!(self.set_contact_status(&status));
        call!(self.get_contact_status(&GetContactStatus::new().id(made.id)));
        let good = [CreateContact::new("15550107002")];
        call!(self.create_contacts(None, &good));
        let bad = [CreateContact::new("15550107003").tags([TagAssignment::new(1)])];
        let result = call!(self.create_contacts(Some(true), &bad));
        assert_eq!(result.failed().len(), 1);
        call!(self.create_contact_fields(&[
            NewContactField::new("Invented"),
            NewContactField::new("Branch")
        ]));
        call!(self.list_contact_fields());
        call!(self.delete_contact(made.id));
    }

    async fn contacts_v2(&mut self) {
        let phone = NewContactChannel::new(ChannelType::Phone, "15550107010");
        let made = call!(self.create_contact_v2(&CreateContactV2::new([phone]).first("New")));
        let uuid = made.uuid.expect("a UUID");
        call!(self.get_contact_v2(&uuid));
        let update = UpdateContactV2::new().last("Newer");
        assert_eq!(call!(self.update_contact_v2(&uuid, &update)).id, made.id);
        let email = AddContactChannel::new(ChannelType::Email, "v2@example.com");
        call!(self.add_contact_channel(&uuid, &email));
        let email = UpdateContactChannel::new(ChannelType::Email, "v3@example.com");
        call!(self.update_contact_channel(&uuid, &email));
        call!(self.get_contact_channel(&uuid, &ChannelType::Email));
        assert_eq!(call!(self.list_contact_channels(&uuid)).len(), 2);
        call!(self.delete_contact_channel(&uuid, &ChannelType::Email));
        call!(self.list_contacts_v2(&ListContactsV2::new()));
        let search = SearchContactsV2::new([ChannelSearch::new(["15550107010", CUSTOMER])]);
        assert_eq!(call!(self.search_contacts_v2(&search)).len(), 2);
        let new = NewContactChannel::new(ChannelType::Phone, "15550107011");
        let taken = NewContactChannel::new(ChannelType::Phone, CUSTOMER);
        let both = [UpsertContact::new([new]), UpsertContact::new([taken])];
        let result = call!(self.upsert_contacts_v2(&UpsertContacts::new(both)));
        let made = result.contacts.expect("contacts").remove(0);
        assert_eq!(result.failed_contacts.expect("failures").len(), 1);
        call!(self.delete_contact_v2(&uuid));
        let uuid = made.uuid.expect("a UUID");
        call!(self.delete_contacts_v2([uuid]));
    }

    #[expect(deprecated, reason = "they can still be called")]
    async fn lists(&mut self) {
        let list = CreateList::new("Invented list", "list-1").phones([CUSTOMER]);
        let made = call!(self.create_list(&list));
        call!(self.update_list(made.id, &UpdateList::new().add_emails(["on@example.com"])));
        call!(self.get_list(made.id));
        let broadcast = SendMessage::new(SUPPORT, OWNER).to_list(made.id, "broadcast-1");
        call!(self.send_message(&broadcast.text("To all")));
        call!(self.delete_list(made.id));
        let members = BTreeMap::from([(STRANGER.to_owned(), ListMember::new().f("New"))]);
        let made = call!(self.create_list_v1(&CreateListV1::new("Older").members(members)));
        call!(self.update_list_v1(made.id, &UpdateListV1::new("Old").add_phone(CUSTOMER)));
        call!(self.list_lists(&ListLists::new()));
        call!(self.delete_list_v1(made.id));
    }

    async fn templates_tags_and_surveys(&mut self) {
        let picture = NewGalleryEntry::new().url("https://example.com/picture.png");
        let content = NewTemplateContent::new("Hi {{first_name}}").gallery([picture]);
        let made = call!(self.create_template(&CreateTemplate::new("Invented", content.clone())));
        let update = UpdateTemplate::new("Newer", content).archived(true);
        call!(self.update_template(made.id, &update));
        call!(self.get_template(made.id));
        call!(self.list_templates(&ListTemplates::new()));
        let send = SendMessage::new(SUPPORT, OWNER).to_phone(CUSTOMER);
        call!(self.send_message(&send.template_id(made.id)));
        call!(self.list_messages(SUPPORT, CUSTOMER, None));
        call!(self.delete_template(made.id));

        let made = call!(self.create_tag(&CreateTag::new("invented").color("#10A0FF")));
        call!(self.get_tag(made.id));
        call!(self.list_tags(&ListTags::new()));
        call!(self.delete_tag(made.id));

        let page = call!(self.list_surveys(&ListSurveys::new()));
        call!(self.get_survey(page[0].id));
    }

    async fn schedule(&mut self, sandbox: &Sandbox) {
        sandbox.freeze(time("2026-05-07T12:00:00Z"));
        let at = time("2126-05-08T17:30:00Z");
        let content = || NewScheduledContent::new().text("Later");
        let request = CreateScheduledMessage::new(SUPPORT, at, content()).to_phone(CUSTOMER);
        let made = call!(self.create_scheduled_message(&request));
        let content = content().template(7001).to(CUSTOMER);
        let update = UpdateScheduledMessage::new(SUPPORT, at, content);
        let update = update.targets([json!(CUSTOMER), json!({ "phone": STRANGER })]);
        call!(self.update_scheduled_message(made.id, &update));
        call!(self.get_scheduled_message(made.id));
        call!(self.delete_scheduled_message(made.id));
    }

    async fn team(&mut self) {
        assert_eq!(call!(self.list_inboxes()).len(), 3);
        assert_eq!(call!(self.get_team()).members.expect("members").len(), 4);
        let found = call!(self.find_users(&FindUsers::new().email(["sam@example.com"])));
        let found = found.memberships.expect("memberships");
        assert_eq!(found.len(), 1);
        let update = UpdateUser::new(found[0].id).first_name("Samuel");
        call!(self.update_users(&UpdateUsers::new([update])));
    }
}

async fn walk(dialect: Dialect, seed: u64) {
    let sandbox = sandbox().dialect(dialect).seed(seed).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let mut caller = Caller {
        client: client(&sandbox),
        called: BTreeSet::new(),
        problems: Vec::new(),
    };
    caller.call_all(&sandbox).await;
    assert_every_operation("call in tests/sandbox/walks.rs", caller.called);
    let problems = caller.problems.join("\n");
    assert!(problems.is_empty(), "{dialect}, seed {seed}:\n{problems}");
}

#[tokio::test]
async fn documented_responses_match_the_spec() {
    walk(Dialect::Documented, 0).await;
}

#[tokio::test]
async fn observed_responses_match_the_spec() {
    walk(Dialect::Observed, 0).await;
}

#[tokio::test]
async fn mixed_responses_match_the_spec() {
    for seed in 1..=5 {
        walk(Dialect::Mixed, seed).await;
    }
}

/// Returns the shapes of one operation's responses.
async fn shapes(dialect: Dialect) -> BTreeSet<Vec<String>> {
    let sandbox = sandbox().dialect(dialect).start().await.expect("a sandbox");
    let client = client(&sandbox);
    let mut shapes = BTreeSet::new();
    for _ in 0..40 {
        let answer = client.get_conversation(CONVERSATION).await;
        let answer = answer.expect("a conversation");
        let body: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        let members = body.as_object().expect("an object").keys();
        shapes.insert(members.cloned().collect());
        assert_eq!(
            answer.assigned.as_ref().map(|member| member.id),
            Some(OWNER)
        );
        assert_eq!(answer.inbox.as_ref().map(|inbox| inbox.id), Some(SUPPORT));
    }
    shapes
}

#[tokio::test]
async fn the_mixed_dialect_has_both_shapes() {
    let documented = shapes(Dialect::Documented).await;
    let observed = shapes(Dialect::Observed).await;
    assert_eq!((documented.len(), observed.len()), (1, 1));
    assert!(documented.is_disjoint(&observed));
    let both = documented.union(&observed).cloned().collect();
    assert_eq!(shapes(Dialect::Mixed).await, both);
}
