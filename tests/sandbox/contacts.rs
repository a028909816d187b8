//! Contacts of both generations.

use heymarket_api::Client;
use heymarket_api::types::{
    AddContactChannel, ChannelSearch, ChannelType, Contact, ContactChannel, ContactId,
    ContactStatusChange, CountTeamMessages, CreateContact, CreateContactV2, CreateTag, FindContact,
    GetContactStatus, NewContactChannel, NewContactField, SearchContactsV2, SendMessage,
    SetContactStatus, TagAssignment, UpdateContact, UpdateContactChannel, UpdateContactV2,
    UpsertContact, UpsertContacts,
};
use heymarket_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use super::{
    CONVERSATION, CUSTOMER, OWNER, STRANGER, SUPPORT, builder, in_each_dialect, messages_that_say,
    sandbox,
};

async fn contact(client: &Client, id: impl Into<ContactId>) -> Contact {
    client
        .get_contact(id)
        .await
        .expect("a contact")
        .into_inner()
}

async fn customer(client: &Client) -> Contact {
    let found = client
        .find_contact(&FindContact::new().phone(CUSTOMER))
        .await;
    found.expect("a contact").into_inner()
}

fn custom(values: &[(&str, &str)]) -> Map<String, Value> {
    let values = values.iter();
    values
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect()
}

/// Returns the IDs of the first two custom fields.
async fn fields(client: &Client) -> (String, String) {
    let fields = client.list_contact_fields().await.expect("fields");
    (fields[0].id.to_string(), fields[1].id.to_string())
}

#[tokio::test]
async fn custom_fields_are_merged_or_overwritten() {
    in_each_dialect(async |_, client| {
        let (first, second) = fields(client).await;
        let create = CreateContact::new(STRANGER).custom(custom(&[
            (&first, "one"),
            ("Order Number", "by its title"),
            ("999999", "of no field"),
        ]));
        let id = client.create_contact(&create).await.expect("created").id;
        let now = contact(client, id).await.custom;
        assert_eq!(now, Some(custom(&[(&first, "one")])));
        let update = UpdateContact::new(STRANGER).custom(custom(&[(&second, "two")]));
        client
            .update_contact(id, Some(false), &update)
            .await
            .expect("updated");
        let now = contact(client, id).await.custom;
        assert_eq!(now, Some(custom(&[(&first, "one"), (&second, "two")])));
        client
            .update_contact(id, Some(true), &update)
            .await
            .expect("updated");
        let now = contact(client, id).await.custom;
        assert_eq!(now, Some(custom(&[(&second, "two")])));
    })
    .await;
}

#[tokio::test]
async fn v1_updates_clear_names_and_v2_updates_keep_them() {
    in_each_dialect(async |_, client| {
        let channel = NewContactChannel::new(ChannelType::Phone, STRANGER);
        let create = CreateContactV2::new([channel])
            .first("Invented")
            .last("Person");
        let made = client.create_contact_v2(&create).await.expect("created");
        let uuid = made.uuid.as_deref().expect("a UUID");
        let update = UpdateContactV2::new().last("Other");
        client
            .update_contact_v2(uuid, &update)
            .await
            .expect("updated");
        let now = client.get_contact_v2(uuid).await.expect("a contact");
        assert_eq!(
            (now.first.as_deref(), now.last.as_deref()),
            (Some("Invented"), Some("Other"))
        );
        let update = UpdateContact::new(STRANGER).last("Third");
        client
            .update_contact(made.id, None, &update)
            .await
            .expect("updated");
        let now = contact(client, made.id).await;
        assert_eq!(
            (now.first.as_deref(), now.last.as_deref()),
            (Some(""), Some("Third"))
        );
        assert_eq!(now.display_name.as_deref(), Some("Third"));
    })
    .await;
}

#[tokio::test]
async fn every_change_of_a_contact_is_a_revision() {
    in_each_dialect(async |_, client| {
        let before = customer(client).await;
        let update = UpdateContact::new(CUSTOMER).first("Avery");
        let written = client
            .update_contact(before.id, None, &update)
            .await
            .expect("updated");
        let after = customer(client).await;
        assert!(after.rev > before.rev && after.updated > before.updated);
        assert_eq!(written.rev, after.rev);
        let page = client
            .list_contacts(&Default::default())
            .await
            .expect("a page");
        assert_eq!(page[0].id, before.id);
    })
    .await;
}

async fn messages(client: &Client) -> i64 {
    let count = client.count_team_messages(&CountTeamMessages::new()).await;
    count.expect("a count").value().expect("a number")
}

/// Returns whether a message to the customer is rejected, and leaves no trace.
async fn is_refused(sandbox: &Sandbox, client: &Client) -> bool {
    let before = messages(client).await;
    let length = messages_that_say(sandbox, "Are you there?").len();
    let message = SendMessage::new(SUPPORT, OWNER).text("Are you there?");
    let outcomes = [
        client
            .send_message(&message.clone().to_phone(CUSTOMER))
            .await,
        client
            .send_message(&message.to_conversation(CONVERSATION))
            .await,
    ];
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert_ne!(refused, 1, "by number and by conversation it is the same");
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(error.is_forbidden(), "{error}");
        assert!(!error.may_have_been_sent());
    }
    let sent = 2 - refused;
    assert_eq!(
        messages_that_say(sandbox, "Are you there?").len(),
        length + sent
    );
    let now = messages(client).await;
    assert_eq!(now - before, i64::try_from(sent).expect("two at most"));
    refused > 0
}

#[tokio::test]
async fn an_opted_out_contact_receives_nothing() {
    in_each_dialect(async |sandbox, client| {
        let id = customer(client).await.id;
        assert!(!is_refused(sandbox, client).await);
        let set = async |status| {
            let request = SetContactStatus::new(status).phone(CUSTOMER);
            client.set_contact_status(&request).await.expect("set");
        };
        let opt_out = async |is_opted_out| {
            let update = UpdateContact::new(CUSTOMER).is_opted_out(is_opted_out);
            client
                .update_contact(id, None, &update)
                .await
                .expect("updated");
        };
        set(ContactStatusChange::Unsubscribed).await;
        assert!(is_refused(sandbox, client).await);
        set(ContactStatusChange::Subscribed).await;
        assert!(!is_refused(sandbox, client).await);
        set(ContactStatusChange::Blocked).await;
        assert!(is_refused(sandbox, client).await);
        set(ContactStatusChange::Unblocked).await;
        assert!(!is_refused(sandbox, client).await);
        opt_out(true).await;
        assert!(is_refused(sandbox, client).await);
        opt_out(false).await;
        assert!(!is_refused(sandbox, client).await);
        sandbox
            .inbound(SUPPORT, CUSTOMER, " stop ")
            .expect("received");
        assert!(is_refused(sandbox, client).await);
        set(ContactStatusChange::Active).await;
        assert!(!is_refused(sandbox, client).await);
    })
    .await;
}

#[tokio::test]
async fn a_status_shows_who_unsubscribed_a_contact() {
    in_each_dialect(async |sandbox, client| {
        let status = async || {
            let request = GetContactStatus::new().phone(CUSTOMER);
            let status = client.get_contact_status(&request).await.expect("a status");
            status.into_inner()
        };
        assert_eq!(
            (status().await.unsubscribed, status().await.blocked),
            (Some(false), Some(false))
        );
        sandbox
            .inbound(SUPPORT, CUSTOMER, "STOP")
            .expect("received");
        let now = status().await;
        assert_eq!(now.unsubscribed, Some(true));
        assert_ne!(now.unsubscribed_contact, Some(false));
        assert_ne!(now.unsubscribed_admin, Some(true));
        sandbox
            .inbound(SUPPORT, CUSTOMER, "START")
            .expect("received");
        let request = SetContactStatus::new(ContactStatusChange::Unsubscribed).phone(CUSTOMER);
        client.set_contact_status(&request).await.expect("set");
        let now = status().await;
        assert_eq!((now.unsubscribed, now.blocked), (Some(true), Some(false)));
        assert_ne!(now.unsubscribed_contact, Some(true));
        assert_ne!(now.unsubscribed_admin, Some(false));
    })
    .await;
}

#[tokio::test]
async fn a_contact_has_five_tags_and_loses_deleted_ones() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    // The client itself rejects six tags.
    let client = builder(&sandbox)
        .check_requests(false)
        .build()
        .expect("a client");
    let tags = client.list_tags(&Default::default()).await.expect("tags");
    let tags: Vec<i64> = tags.iter().map(|tag| tag.id.into()).collect();
    let carrying = |count: usize| {
        let tags = tags.iter().take(count).copied().map(TagAssignment::new);
        UpdateContact::new(CUSTOMER).tags(tags)
    };
    let id = customer(&client).await.id;
    let carried = async || {
        let tags = contact(&client, id).await.tags.unwrap_or_default();
        let ids = tags.iter().map(|tag| tag["tag_id"].as_i64());
        ids.collect::<Option<Vec<_>>>().expect("ids")
    };
    client
        .update_contact(id, None, &carrying(5))
        .await
        .expect("five");
    assert_eq!(carried().await, tags[..5]);
    let error = client
        .update_contact(id, None, &carrying(6))
        .await
        .expect_err("six");
    assert!(error.is_bad_request());
    assert!(
        error
            .message()
            .is_some_and(|message| message.contains("tags"))
    );
    assert_eq!(carried().await, tags[..5]);
    client.delete_tag(tags[0]).await.expect("deleted");
    assert_eq!(carried().await, tags[1..5]);
    let gone = client.update_contact(id, None, &carrying(1)).await;
    assert!(gone.expect_err("no such tag").is_bad_request());
    let tag = client.create_tag(&CreateTag::new("new").color("red")).await;
    assert!(tag.expect_err("no color").is_bad_request());
}

#[tokio::test]
async fn a_batch_skips_existing_numbers_unless_overwriting() {
    in_each_dialect(async |_, client| {
        let name = customer(client).await.first;
        let batch = [
            CreateContact::new(CUSTOMER).first("Changed"),
            CreateContact::new(STRANGER).first("New"),
        ];
        let result = client.create_contacts(None, &batch).await.expect("done");
        assert_eq!(result.failed(), []);
        assert_eq!(customer(client).await.first, name);
        let found = client
            .find_contact(&FindContact::new().phone(STRANGER))
            .await;
        assert_eq!(found.expect("made").first.as_deref(), Some("New"));
        client
            .create_contacts(Some(true), &batch)
            .await
            .expect("done");
        assert_eq!(customer(client).await.first.as_deref(), Some("Changed"));
    })
    .await;
}

#[tokio::test]
async fn deleting_a_contact_deletes_its_conversations() {
    in_each_dialect(async |_, client| {
        let id = customer(client).await.id;
        client.delete_contact(id).await.expect("deleted");
        assert!(
            client
                .get_contact(id)
                .await
                .expect_err("gone")
                .is_not_found()
        );
        assert!(
            client
                .delete_contact(id)
                .await
                .expect_err("gone")
                .is_not_found()
        );
        let found = client
            .find_contact(&FindContact::new().phone(CUSTOMER))
            .await;
        assert!(found.expect_err("gone").is_not_found());
        let conversation = client.get_conversation(CONVERSATION).await;
        assert!(conversation.expect_err("gone").is_not_found());
        let history = client.list_messages(SUPPORT, CUSTOMER, None).await;
        assert_eq!(history.expect("a history").into_inner(), []);
    })
    .await;
}

/// The format of IDs varies between responses.
fn addresses(channels: &[ContactChannel]) -> Vec<Option<&str>> {
    let addresses = channels.iter();
    addresses
        .map(|channel| channel.channel_id.as_deref())
        .collect()
}

#[tokio::test]
async fn a_v2_contact_is_found_by_any_of_its_channels() {
    in_each_dialect(async |_, client| {
        let phone = NewContactChannel::new(ChannelType::Phone, STRANGER);
        let made = client
            .create_contact_v2(&CreateContactV2::new([phone.clone()]))
            .await;
        let made = made.expect("created");
        let uuid = made.uuid.as_deref().expect("a UUID");
        let found = async |address: &str| {
            let search = SearchContactsV2::new([ChannelSearch::new([address])]);
            let found = client.search_contacts_v2(&search).await.expect("contacts");
            found.iter().map(|contact| contact.id).collect::<Vec<_>>()
        };
        let email = AddContactChannel::new(ChannelType::Email, "New@example.com");
        let channels = client
            .add_contact_channel(uuid, &email)
            .await
            .expect("added");
        assert_eq!(channels.len(), 2);
        let contact = client.get_contact_v2(uuid).await.expect("the contact");
        let with_contact = contact.into_inner().contact_channels.expect("channels");
        assert_eq!(addresses(&with_contact), addresses(&channels));
        let older = client.get_contact(made.id).await.expect("the contact");
        assert_eq!(older.contact_channels, None);
        assert_eq!(found(STRANGER).await, [made.id]);
        assert_eq!(found("new@EXAMPLE.com").await, [made.id]);
        let again = client.add_contact_channel(uuid, &email).await;
        assert!(again.expect_err("there is one").is_bad_request());
        let other = UpdateContactChannel::new(ChannelType::Email, "other@example.com");
        client
            .update_contact_channel(uuid, &other)
            .await
            .expect("updated");
        assert_eq!(found("new@example.com").await, [] as [i64; 0]);
        let channel = client.get_contact_channel(uuid, &ChannelType::Email).await;
        let channel = channel.expect("a channel");
        assert_eq!(channel.channel_id.as_deref(), Some("other@example.com"));
        client
            .delete_contact_channel(uuid, &ChannelType::Email)
            .await
            .expect("deleted");
        let gone = client.get_contact_channel(uuid, &ChannelType::Email).await;
        assert!(gone.expect_err("gone").is_not_found());
        assert_eq!(found("other@example.com").await, [] as [i64; 0]);
        let taken = client
            .create_contact_v2(&CreateContactV2::new([phone]))
            .await;
        assert!(taken.expect_err("taken").is_bad_request());
        let number = client.get_contact_v2(&made.id.to_string()).await;
        let number = number.expect_err("a number");
        assert!(
            number.is_not_found() && number.to_string().contains("UUID"),
            "{number}"
        );
    })
    .await;
}

#[tokio::test]
async fn an_update_changes_the_handle_of_a_channel() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = super::client(&sandbox);
    let named = |handle: &str| {
        [NewContactChannel::new(ChannelType::Facebook, "invented-id").channel_handle(handle)]
    };
    let made = client
        .create_contact_v2(&CreateContactV2::new(named("@one")))
        .await;
    let uuid = made.expect("created").into_inner().uuid.expect("a UUID");
    let update = UpsertContact::new(named("@two")).contact_id(uuid.as_str());
    client
        .upsert_contacts_v2(&UpsertContacts::new([update]))
        .await
        .expect("updated");
    let channel = client
        .get_contact_channel(&uuid, &ChannelType::Facebook)
        .await;
    assert_eq!(
        channel.expect("a channel").channel_handle.as_deref(),
        Some("@two")
    );
}

#[tokio::test]
async fn an_existing_field_is_a_duplicate_with_its_id() {
    in_each_dialect(async |_, client| {
        let (first, _) = fields(client).await;
        let titles = [
            NewContactField::new("Order Number"),
            NewContactField::new("Height"),
        ];
        let made = client.create_contact_fields(&titles).await.expect("fields");
        assert_eq!(
            (made[0].id.to_string(), made[0].duplicate),
            (first, Some(true))
        );
        assert_eq!(made[1].duplicate, Some(false));
        let fields = client.list_contact_fields().await.expect("fields");
        let last = fields.last().expect("a field");
        assert_eq!(
            (last.id, last.title.as_deref()),
            (made[1].id, Some("Height"))
        );
    })
    .await;
}
