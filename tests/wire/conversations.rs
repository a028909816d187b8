//! The requests and responses of the operations of conversations.

use heymarket_api::types::{
    Acknowledgement, Channel, CloseConversation, Conversation, ConversationFilters,
    ConversationStatus, Count, CountConversations, InboxId, ListConversations, MarkConversation,
    OpenConversation, ReadState, ReassignConversation, TransferConversation,
};
use serde_json::json;

use crate::support::time;

super::wire_tests! {
    get_conversation {
        call: |client| async move { client.get_conversation(9920).await },
        sends: ("GET /v1/conversations/9920", ""),
        answers: r#"{
            "id": 9920, "channel": "sms", "status": "open",
            "assigned": {"id": 50001, "name": "Invented Agent", "email": "agent@example.com"},
            "inbox": {"id": 41001, "name": "Invented inbox"},
            "target": "15550100101", "members": [{"id": 50001, "name": "Invented Agent"}],
            "created": "2026-05-01T09:00:00Z", "updated": "2026-05-07T12:00:00.021462Z",
            "read": true, "replied": true, "blocked": false, "muted": false, "snooze_till": null
        }"#,
        reads: |conversation: Conversation| {
            assert_eq!(conversation.id, 9920);
            assert_eq!(conversation.channel, Some(Channel::Sms));
            assert_eq!(conversation.status, Some(ConversationStatus::Open));
            let assigned = conversation.assigned.expect("an assignee");
            assert_eq!(assigned.id, 50001);
            assert_eq!(assigned.name.as_deref(), Some("Invented Agent"));
            assert_eq!(assigned.email.as_deref(), Some("agent@example.com"));
            let inbox = conversation.inbox.expect("an inbox");
            assert_eq!((inbox.id, inbox.name.as_deref()), (41001.into(), Some("Invented inbox")));
            assert_eq!(conversation.target.as_deref(), Some("15550100101"));
            let members = conversation.members.expect("members");
            assert_eq!(members.len(), 1);
            assert_eq!(members[0].id, Some(50001.into()));
            assert_eq!(conversation.created, Some(time("2026-05-01T09:00:00Z")));
            assert_eq!(conversation.updated, Some(time("2026-05-07T12:00:00.021462Z")));
            assert_eq!(conversation.read, Some(ReadState::Flag(true)));
            assert_eq!(conversation.replied, Some(true));
            assert_eq!(conversation.blocked, Some(false));
            assert_eq!(conversation.muted, Some(false));
            assert_eq!(conversation.snooze_till, None);
        },
    }
    list_conversations {
        call: |client| async move {
            let before = time("2026-05-07T12:00:00.5Z");
            let filters = ConversationFilters::new([41001, 41002]).closed(false);
            client
                .list_conversations(&ListConversations::new(50001, filters).date(before).limit(2))
                .await
        },
        sends: (
            "POST /v1/conversations",
            r#"{"date":"2026-05-07T12:00:00.5Z","filters":{"closed":false,"inboxes":[41001,41002]},"id":50001,"limit":2}"#
        ),
        answers: r#"[
            {"id": 90010011, "assigned": 0, "inbox": 41001, "read": 0, "last_msg": "Invented"},
            {"id": 90010012, "assigned": 50001, "read": 1778155200}
        ]"#,
        reads: |conversations: Vec<Conversation>| {
            assert_eq!(conversations.len(), 2);
            assert_eq!(conversations[0].id, 90010011);
            assert_eq!(conversations[0].assigned, None);
            assert_eq!(conversations[0].inbox.as_ref().map(|inbox| inbox.id), Some(41001.into()));
            assert_eq!(conversations[0].read, Some(ReadState::Number(0)));
            assert_eq!(conversations[0].last_msg.as_deref(), Some("Invented"));
            assert_eq!(conversations[1].assigned.as_ref().map(|member| member.id), Some(50001.into()));
            assert_eq!(conversations[1].read, Some(ReadState::Number(1_778_155_200)));
        },
    }
    count_conversations {
        call: |client| async move {
            client.count_conversations(&CountConversations::new()).await
        },
        sends: ("POST /v1/conversations/count", "{}"),
        answers: "\"42\"",
        reads: |count: Count| assert_eq!(count.value(), Some(42)),
    }
    open_conversation {
        call: |client| async move {
            client
                .open_conversation(&OpenConversation::new(41001.into(), 50001.into()).conversation_id(9920))
                .await
        },
        sends: (
            "POST /v1/conversations/open",
            r#"{"chat_id":9920,"inbox_id":41001,"user_id":50001}"#
        ),
        answers: "\"ok\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Ok),
    }
    close_conversation {
        call: |client| async move {
            client
                .close_conversation(&CloseConversation::new(41001.into(), 50001.into()).target("15550100101"))
                .await
        },
        sends: (
            "POST /v1/conversations/close",
            r#"{"inbox_id":41001,"target":"15550100101","user_id":50001}"#
        ),
        answers: "ok",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Ok),
    }
    mark_conversation_read {
        call: |client| async move {
            let group = ["15550100101", "15550100102"];
            client
                .mark_conversation_read(&MarkConversation::new(41001.into(), 50001.into()).targets(group))
                .await
        },
        sends: (
            "POST /v1/conversations/read",
            r#"{"inbox_id":41001,"targets":["15550100101","15550100102"],"user_id":50001}"#
        ),
        answers: "\"success\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Success),
    }
    mark_conversation_unread {
        call: |client| async move {
            client
                .mark_conversation_unread(&MarkConversation::new(41001.into(), 50001.into()).target("15550100101"))
                .await
        },
        sends: (
            "POST /v1/conversations/unread",
            r#"{"inbox_id":41001,"target":"15550100101","user_id":50001}"#
        ),
        answers: "\"done\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Unknown("done".into())),
    }
    reassign_conversation {
        call: |client| async move {
            let request = ReassignConversation::new(41001.into(), 50001.into()).assignee_id(50002).target("15550100101");
            client.reassign_conversation(&request).await
        },
        sends: (
            "POST /v1/conversations/reassign",
            r#"{"inbox_id":41001,"reassign_id":50002,"target":"15550100101","user_id":50001}"#
        ),
        answers: "\"ok\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Ok),
    }
    transfer_conversation {
        call: |client| async move {
            client
                .transfer_conversation(&TransferConversation::new(9920.into(), 41002.into()))
                .await
        },
        sends: (
            "POST /v1/conversations/transfer",
            r#"{"conversation_id":9920,"transfer_inbox_id":41002}"#
        ),
        answers: "\"ok\"",
        reads: |done: Acknowledgement| assert_eq!(done, Acknowledgement::Ok),
    }
}

#[tokio::test]
async fn a_list_of_conversations_takes_every_bound_of_the_sources() {
    let conversations: Vec<Conversation> = super::exchange(
        "POST /v1/conversations",
        r#"{"archived":false,"ascending":true,"assigned":-1,"filter":"invented","filters":{"inboxes":[],"unread":true},"id":0,"order":"updated_at","page":1,"parent_id":12}"#,
        "[]",
        |client| async move {
            let filters = ConversationFilters::new(Vec::<InboxId>::new()).unread(true);
            let request = ListConversations::new(0, filters)
                .archived(false)
                .ascending(true)
                .assigned(-1)
                .filter("invented")
                .order("updated_at")
                .page(1)
                .parent_id(12);
            client.list_conversations(&request).await
        },
    )
    .await;
    assert_eq!(conversations, []);
}

#[tokio::test]
async fn conversations_before_a_time_are_counted() {
    let count: Count = super::exchange(
        "POST /v1/conversations/count",
        r#"{"date":"2026-05-07T12:00:00.021462Z"}"#,
        r#"{"total": 42}"#,
        |client| async move {
            let request = CountConversations::new().date(time("2026-05-07T12:00:00.021462Z"));
            client.count_conversations(&request).await
        },
    )
    .await;
    assert_eq!(count.value(), Some(42));
}

#[tokio::test]
async fn a_group_conversation_is_named_by_its_numbers_without_a_plus() {
    const GROUP: [&str; 2] = ["+15550100101", "15550100102"];

    let opened: Acknowledgement = super::exchange(
        "POST /v1/conversations/open",
        r#"{"inbox_id":41001,"targets":["15550100101","15550100102"],"user_id":50001}"#,
        "\"ok\"",
        |client| async move {
            let request = OpenConversation::new(41001.into(), 50001.into()).targets(GROUP);
            client.open_conversation(&request).await
        },
    )
    .await;
    assert_eq!(opened, Acknowledgement::Ok);
    let closed: Acknowledgement = super::exchange(
        "POST /v1/conversations/close",
        r#"{"inbox_id":41001,"targets":["15550100101","15550100102"],"user_id":50001}"#,
        "\"ok\"",
        |client| async move {
            let request = CloseConversation::new(41001.into(), 50001.into()).targets(GROUP);
            client.close_conversation(&request).await
        },
    )
    .await;
    assert_eq!(closed, Acknowledgement::Ok);
    let reassigned: Acknowledgement = super::exchange(
        "POST /v1/conversations/reassign",
        r#"{"inbox_id":41001,"reassign_id":50002,"targets":["15550100101","15550100102"],"user_id":50001}"#,
        "\"ok\"",
        |client| async move {
            let request = ReassignConversation::new(41001.into(), 50001.into()).assignee_id(50002).targets(GROUP);
            client.reassign_conversation(&request).await
        },
    )
    .await;
    assert_eq!(reassigned, Acknowledgement::Ok);
    let marked: Acknowledgement = super::exchange(
        "POST /v1/conversations/read",
        r#"{"inbox_id":41001,"reassign_id":50002,"targets":["15550100101","15550100102"],"user_id":50001}"#,
        "\"ok\"",
        |client| async move {
            let request = MarkConversation::new(41001.into(), 50001.into())
                .targets(GROUP)
                .assignee_id(50002);
            client.mark_conversation_read(&request).await
        },
    )
    .await;
    assert_eq!(marked, Acknowledgement::Ok);
}

#[test]
fn a_conversation_has_the_members_that_only_some_sources_name() {
    let conversation: Conversation = serde_json::from_value(json!({
        "id": 9920, "creator": 50002, "email_noti": true, "last_inbound": 1_778_155_200,
        "name": "Invented name", "noreply": "invented", "op": "u", "super": 4, "support": true,
        "targets": { "15550100101": { "f": "Invented" } }, "type": "invented type",
        "unread": true, "unread_users": [50001, 50002], "local_id": "invented-key",
    }))
    .expect("a conversation");
    assert_eq!(conversation.creator_id, Some(50002.into()));
    assert_eq!(conversation.email_noti, Some(true));
    assert_eq!(conversation.last_inbound, Some(1_778_155_200));
    assert_eq!(conversation.name.as_deref(), Some("Invented name"));
    assert_eq!(conversation.noreply.as_deref(), Some("invented"));
    assert_eq!(conversation.op.as_deref(), Some("u"));
    assert_eq!(conversation.super_, Some(4));
    assert_eq!(conversation.support, Some(true));
    let targets = json!({ "15550100101": { "f": "Invented" } });
    assert_eq!(conversation.targets, Some(targets));
    assert_eq!(conversation.type_.as_deref(), Some("invented type"));
    assert_eq!(conversation.unread, Some(true));
    assert_eq!(
        conversation.unread_users,
        Some(vec![50001.into(), 50002.into()])
    );
    assert_eq!(conversation.local_id.as_deref(), Some("invented-key"));
}
