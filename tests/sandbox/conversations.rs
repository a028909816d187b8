//! Conversations and messages.

use heymarket_api::Client;
use heymarket_api::types::{
    Channel, CloseConversation, Conversation, ConversationFilters, ConversationStatus,
    CountContacts, CountConversations, EmailRecipient, FindContact, InboxId, ListConversations,
    MarkConversation, Message, MessageStatus, OpenConversation, ReassignConversation, SendEmail,
    SendMessage, TransferConversation,
};
use heymarket_sandbox::Dialect;
use serde_json::json;

use super::{
    AGENT_OF_BOTH, AGENT_OF_ORDERS, CONVERSATION, CUSTOMER, ORDERS, OWNER, STRANGER, SUPPORT,
    TOLL_FREE, call, client, in_each_dialect, messages_that_say, sandbox,
};

fn send(text: &str) -> SendMessage {
    SendMessage::new(SUPPORT, OWNER).text(text)
}

async fn history(client: &Client, inbox: InboxId, target: &str) -> Vec<Message> {
    let history = client.list_messages(inbox, target, None).await;
    history.expect("a history").into_inner()
}

async fn list(client: &Client, filters: ConversationFilters) -> Vec<Conversation> {
    let request = ListConversations::new(OWNER, filters);
    let page = client.list_conversations(&request).await;
    page.expect("a page").into_inner()
}

/// Returns whether a list has the first conversation.
async fn is_listed(client: &Client, filters: ConversationFilters) -> bool {
    let request = ListConversations::new(OWNER, filters).limit(100);
    let page = client.list_conversations(&request).await.expect("a page");
    page.iter().any(|found| found.id == CONVERSATION)
}

/// Returns the numbers of contacts and conversations.
async fn counts(client: &Client) -> (i64, i64) {
    let contacts = client.count_contacts(&CountContacts::new()).await;
    let all = CountConversations::new();
    let conversations = client.count_conversations(&all).await;
    let contacts = contacts.expect("a count").value();
    let conversations = conversations.expect("a count").value();
    contacts.zip(conversations).expect("numbers")
}

#[tokio::test]
async fn a_count_is_a_string_unless_the_dialects_are_mixed() {
    for dialect in [Dialect::Documented, Dialect::Observed] {
        let sandbox = sandbox().dialect(dialect).start().await;
        let sandbox = sandbox.expect("a sandbox");
        for of in ["contacts", "conversations", "messages/all"] {
            let line = format!("POST /v1/{of}/count");
            let count = call(&sandbox, &line).json(&json!({})).send().await.body;
            let digits = count.as_str().map(str::parse::<u32>);
            assert!(matches!(digits, Some(Ok(_))), "{dialect}, {of}: {count}");
        }
    }
}

#[tokio::test]
async fn a_sent_message_moves_its_conversation_to_the_top() {
    in_each_dialect(async |_, client| {
        let all = || ConversationFilters::new([SUPPORT, ORDERS]);
        let before = client.get_conversation(CONVERSATION).await.expect("it");
        assert_ne!(list(client, all()).await[0].id, CONVERSATION);
        let sent = client
            .send_message(&send("At the top.").to_phone(CUSTOMER))
            .await;
        let sent = sent.expect("sent");
        let history = history(client, SUPPORT, CUSTOMER).await;
        let newest = &history[0];
        assert_eq!(newest.id, sent.id);
        assert_eq!(newest.text.as_deref(), Some("At the top."));
        assert_eq!(
            (newest.creator_id, newest.status.clone()),
            (Some(OWNER), Some(MessageStatus::Sent))
        );
        assert_eq!(newest.local_id.as_deref(), sent.local_id());
        let conversation = newest.conversation.as_ref().expect("a conversation");
        assert_eq!(conversation.id, CONVERSATION);
        let first = &list(client, all()).await[0];
        assert_eq!(first.id, CONVERSATION);
        assert_eq!(first.updated, sent.date);
        assert!(first.updated > before.updated);
        if let Some(last) = &first.last_msg {
            assert_eq!(last, "At the top.");
        }
    })
    .await;
}

#[tokio::test]
async fn a_first_message_creates_contact_and_conversation() {
    in_each_dialect(async |_, client| {
        let (contacts, conversations) = counts(client).await;
        for text in ["First.", "Second."] {
            let sent = client.send_message(&send(text).to_phone(STRANGER)).await;
            sent.expect("sent");
            assert_eq!(counts(client).await, (contacts + 1, conversations + 1));
        }
        let found = client
            .find_contact(&FindContact::new().phone(STRANGER))
            .await;
        assert_eq!(found.expect("a contact").phone.as_deref(), Some(STRANGER));
        let texts: Vec<_> = history(client, SUPPORT, STRANGER)
            .await
            .into_iter()
            .map(|message| message.text.expect("a text"))
            .collect();
        assert_eq!(texts, ["Second.", "First."]);
        assert_eq!(history(client, ORDERS, STRANGER).await, []);
    })
    .await;
}

#[tokio::test]
async fn an_inbound_message_opens_a_closed_conversation() {
    in_each_dialect(async |sandbox, client| {
        let close = CloseConversation::new(SUPPORT, OWNER).conversation_id(CONVERSATION);
        client.close_conversation(&close).await.expect("closed");
        sandbox
            .inbound(SUPPORT, CUSTOMER, "Hello?")
            .expect("received");
        let newest = history(client, SUPPORT, CUSTOMER).await.remove(0);
        assert_eq!(newest.status, Some(MessageStatus::Received));
        assert_eq!(newest.text.as_deref(), Some("Hello?"));
        let now = client.get_conversation(CONVERSATION).await.expect("it");
        assert_eq!(now.status, Some(ConversationStatus::Open));
        let unread = ConversationFilters::new([SUPPORT]).unread(true);
        assert!(is_listed(client, unread).await);
    })
    .await;
}

#[tokio::test]
async fn lists_show_which_conversations_are_closed() {
    in_each_dialect(async |_, client| {
        let closed = |closed| ConversationFilters::new([SUPPORT]).closed(closed);
        let close = CloseConversation::new(SUPPORT, OWNER).target(CUSTOMER);
        client.close_conversation(&close).await.expect("closed");
        let now = client.get_conversation(CONVERSATION).await.expect("it");
        assert_eq!(now.status, Some(ConversationStatus::Closed));
        assert!(is_listed(client, closed(true)).await);
        assert!(!is_listed(client, closed(false)).await);
        let open = OpenConversation::new(SUPPORT, OWNER).conversation_id(CONVERSATION);
        client.open_conversation(&open).await.expect("opened");
        let now = client.get_conversation(CONVERSATION).await.expect("it");
        assert_eq!(now.status, Some(ConversationStatus::Open));
        assert!(!is_listed(client, closed(true)).await);
        assert!(is_listed(client, closed(false)).await);
        let elsewhere = OpenConversation::new(ORDERS, OWNER).conversation_id(CONVERSATION);
        let error = client
            .open_conversation(&elsewhere)
            .await
            .expect_err("not there");
        assert!(error.is_not_found());
    })
    .await;
}

#[tokio::test]
async fn reading_and_unreading_move_no_conversation() {
    in_each_dialect(async |_, client| {
        let unread = |unread| ConversationFilters::new([SUPPORT]).unread(unread);
        let before = client.get_conversation(CONVERSATION).await.expect("it");
        let mark = MarkConversation::new(SUPPORT, OWNER).target(CUSTOMER);
        client
            .mark_conversation_unread(&mark)
            .await
            .expect("marked");
        assert!(is_listed(client, unread(true)).await);
        assert!(!is_listed(client, unread(false)).await);
        client.mark_conversation_read(&mark).await.expect("marked");
        assert!(!is_listed(client, unread(true)).await);
        assert!(is_listed(client, unread(false)).await);
        let now = client.get_conversation(CONVERSATION).await.expect("it");
        assert!(now.read.expect("a state").is_read());
        assert_eq!(now.updated, before.updated);
    })
    .await;
}

#[tokio::test]
async fn only_members_of_the_inbox_are_assigned() {
    in_each_dialect(async |_, client| {
        let to = |id| {
            ReassignConversation::new(SUPPORT, OWNER)
                .assignee_id(id)
                .target(CUSTOMER)
        };
        client
            .reassign_conversation(&to(AGENT_OF_BOTH))
            .await
            .expect("reassigned");
        let error = client.reassign_conversation(&to(AGENT_OF_ORDERS)).await;
        assert!(error.expect_err("no member").is_forbidden());
        let now = client.get_conversation(CONVERSATION).await.expect("it");
        let assigned = now.assigned.as_ref().map(|member| member.id);
        assert_eq!(assigned, Some(AGENT_OF_BOTH));
    })
    .await;
}

#[tokio::test]
async fn a_transferred_conversation_keeps_its_history() {
    in_each_dialect(async |_, client| {
        let length = history(client, SUPPORT, CUSTOMER).await.len();
        let transfer = TransferConversation::new(CONVERSATION, ORDERS);
        client
            .transfer_conversation(&transfer)
            .await
            .expect("transferred");
        let now = client.get_conversation(CONVERSATION).await.expect("it");
        assert_eq!(now.inbox.as_ref().map(|inbox| inbox.id), Some(ORDERS));
        assert_eq!(history(client, SUPPORT, CUSTOMER).await, []);
        assert_eq!(history(client, ORDERS, CUSTOMER).await.len(), length);
        assert!(!is_listed(client, ConversationFilters::new([SUPPORT])).await);
        assert!(is_listed(client, ConversationFilters::new([ORDERS])).await);
    })
    .await;
}

#[tokio::test]
async fn email_and_existing_conversations_stay_put() {
    in_each_dialect(async |sandbox, client| {
        let other = SendMessage::new(ORDERS, OWNER)
            .text("Here too.")
            .to_phone(CUSTOMER);
        client.send_message(&other).await.expect("sent");
        let transfer = TransferConversation::new(CONVERSATION, ORDERS);
        let error = client
            .transfer_conversation(&transfer)
            .await
            .expect_err("there");
        assert!(error.is_bad_request());
        let now = client.get_conversation(CONVERSATION).await.expect("it");
        assert_eq!(now.inbox.as_ref().map(|inbox| inbox.id), Some(SUPPORT));

        sandbox
            .inbound(SUPPORT, "new@example.com", "Hi")
            .expect("received");
        let email = &list(client, ConversationFilters::new([SUPPORT])).await[0];
        assert_eq!(email.channel, Some(Channel::Email));
        let transfer = TransferConversation::new(email.id, ORDERS);
        let error = client
            .transfer_conversation(&transfer)
            .await
            .expect_err("e-mail");
        assert!(error.is_bad_request());
        let now = client.get_conversation(email.id).await.expect("it");
        assert_eq!(now.inbox.as_ref().map(|inbox| inbox.id), Some(SUPPORT));
    })
    .await;
}

#[tokio::test]
async fn email_addresses_are_case_insensitive() {
    in_each_dialect(async |sandbox, client| {
        let (_, conversations) = counts(client).await;
        sandbox
            .inbound(SUPPORT, "New@Example.com", "Hi")
            .expect("received");
        let email = SendEmail::new(SUPPORT, OWNER, "<p>Hello</p>")
            .targets([EmailRecipient::to("new@example.com")]);
        let sent = client.send_email(&email).await.expect("sent");
        let conversation = sent.conversation_id.expect("a conversation");
        let reply =
            SendEmail::new(SUPPORT, OWNER, "<p>Once more</p>").conversation_id(conversation);
        let reply = client.send_email(&reply).await.expect("sent");
        assert_eq!(reply.conversation_id, Some(conversation));
        assert_eq!(counts(client).await.1, conversations + 1);
        let close = CloseConversation::new(SUPPORT, OWNER).target("NEW@example.com");
        client.close_conversation(&close).await.expect("closed");
        let now = client.get_conversation(conversation).await.expect("it");
        assert_eq!(now.status, Some(ConversationStatus::Closed));
    })
    .await;
}

#[tokio::test]
async fn a_group_has_one_conversation_in_any_order() {
    in_each_dialect(async |sandbox, client| {
        let (_, conversations) = counts(client).await;
        for phones in [[CUSTOMER, STRANGER], [STRANGER, CUSTOMER]] {
            client
                .send_message(&send("To both.").to_group(phones))
                .await
                .expect("sent");
        }
        assert_eq!(counts(client).await.1, conversations + 1);
        let close = CloseConversation::new(SUPPORT, OWNER).targets([STRANGER, CUSTOMER]);
        client.close_conversation(&close).await.expect("closed");
        let toll_free = SendMessage::new(TOLL_FREE, OWNER).text("Free of toll.");
        let error = client
            .send_message(&toll_free.to_group([STRANGER, CUSTOMER]))
            .await;
        assert!(error.expect_err("refused").is_bad_request());
        assert_eq!(
            messages_that_say(sandbox, "Free of toll."),
            [] as [serde_json::Value; 0]
        );
    })
    .await;
}

#[tokio::test]
async fn only_members_of_the_inbox_send_from_it() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = client(&sandbox);
    let stranger = SendMessage::new(SUPPORT, AGENT_OF_ORDERS).text("Not mine.");
    let error = client.send_message(&stranger.to_phone(CUSTOMER)).await;
    assert!(error.expect_err("refused").is_forbidden());
    let elsewhere = SendMessage::new(ORDERS, OWNER).text("Not mine.");
    let error = client
        .send_message(&elsewhere.to_conversation(CONVERSATION))
        .await;
    assert!(error.expect_err("refused").is_bad_request());
    let nowhere = SendMessage::new(4.into(), OWNER)
        .text("Not mine.")
        .to_phone(CUSTOMER);
    assert!(
        client
            .send_message(&nowhere)
            .await
            .expect_err("refused")
            .is_bad_request()
    );
    let gone = send("Not mine.").to_conversation(4);
    assert!(
        client
            .send_message(&gone)
            .await
            .expect_err("refused")
            .is_not_found()
    );
    assert_eq!(messages_that_say(&sandbox, "Not mine.").len(), 0);
}

#[tokio::test]
async fn a_comment_is_in_the_history_but_not_the_last_text() {
    in_each_dialect(async |_, client| {
        let said = client.send_message(&send("Said.").to_phone(CUSTOMER)).await;
        said.expect("sent");
        let comment = send("Noted.").to_conversation(CONVERSATION).private(true);
        client
            .send_message(&comment.author("Invented"))
            .await
            .expect("kept");
        let newest = history(client, SUPPORT, CUSTOMER).await.remove(0);
        assert_eq!(newest.text.as_deref(), Some("Noted."));
        assert_eq!(newest.author.as_deref(), Some("Invented"));
        let first = list(client, ConversationFilters::new([SUPPORT]))
            .await
            .remove(0);
        assert_eq!(first.id, CONVERSATION);
        assert_ne!(first.last_msg.as_deref(), Some("Noted."));
    })
    .await;
}
