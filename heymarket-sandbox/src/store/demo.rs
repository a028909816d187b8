//! The demo data. It is the same in every run: invented people, unassigned
//! numbers, times in the past.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::contacts::{Channels, ContactChange};
use super::data::{Kind, Store};
use super::fields::Field;
use super::receiving::Inbound;
use super::records::{
    Inbox, List, Member, Receiver, ScheduledMessage, Sent, Survey, Tag, Team, Template,
};
use super::rejection::Rejection;
use super::sending::{Content, Outgoing};

const TEAM: i64 = 6001;
const SUPPORT: i64 = 41001;
const ORDERS: i64 = 41002;
const TOLL_FREE: i64 = 41003;
const OWNER: i64 = 50001;

/// More than two pages.
const CONTACTS: usize = 72;
const CONVERSATIONS: usize = 64;
/// The messages of the first conversation: more than one page.
const LONG_HISTORY: i64 = 60;

const FIRST_NAMES: [&str; 12] = [
    "Avery", "Blake", "Casey", "Devon", "Emery", "Finley", "Gray", "Harper", "Indigo", "Jules",
    "Kai", "Lane",
];
const LAST_NAMES: [&str; 6] = [
    "Example",
    "Sample",
    "Specimen",
    "Invented",
    "Placeholder",
    "Instance",
];

/// Returns a team with its members and inboxes only. No operation can create
/// those.
pub(crate) fn team() -> Store {
    let mut store = Store {
        team: Team {
            id: TEAM,
            name: "Invented Team".to_owned(),
            list_size: 2000,
        },
        ..Store::default()
    };
    let created = at(0);
    let members = [
        ("Robin", "Owner", 1),
        ("Sam", "Agent", 4),
        ("Toni", "Agent", 4),
        ("Uma", "Agent", 4),
    ];
    for ((first, last, role_id), id) in members.into_iter().zip(OWNER..) {
        store.members.insert(
            id,
            Member {
                id,
                first: first.to_owned(),
                last: last.to_owned(),
                email: format!("{}@example.com", first.to_lowercase()),
                phone: format!("1555010{}", 9001 + id - OWNER),
                role_id,
                created,
                updated: created,
            },
        );
    }
    let inboxes = [
        (SUPPORT, "Support", vec![50001, 50002, 50003]),
        (ORDERS, "Orders", vec![50001, 50003, 50004]),
        (TOLL_FREE, "Announcements", vec![50001]),
    ];
    for (id, name, members) in inboxes {
        store.inboxes.insert(
            id,
            Inbox {
                id,
                name: name.to_owned(),
                phone: format!("1555010{}", 8001 + id - SUPPORT),
                toll_free: id == TOLL_FREE,
                members,
                created,
                updated: created,
                rev: 1,
            },
        );
    }
    store
}

/// Returns a team with contacts, conversations, lists and templates.
pub(crate) fn demo() -> Store {
    let mut store = team();
    // The README uses this ID.
    store.next_ids.insert(Kind::Conversation, 9920);
    add_fields_and_tags(&mut store);
    add_contacts(&mut store);
    add_templates_and_surveys(&mut store);
    add_conversations(&mut store);
    add_lists(&mut store);
    add_schedule(&mut store);
    store.take_events();
    store
}

/// Returns a time in seconds after the start of the demo data.
fn at(second: i64) -> Timestamp {
    // 2026-05-01T09:00:00Z.
    let start = Timestamp::constant(1_777_626_000, 0);
    start
        .saturating_add(SignedDuration::from_secs(second))
        .unwrap_or(start)
}

fn phone(index: usize) -> String {
    format!("1555010{:04}", 101 + index)
}

fn add_fields_and_tags(store: &mut Store) {
    for title in ["Order Number", "Favourite Colour", "Branch"] {
        let id = store.next_id(Kind::Field);
        store.fields.push(Field {
            id,
            title: title.to_owned(),
        });
    }
    let tags = ["vip", "new", "waiting", "paid", "returning", "wholesale"];
    for (text, second) in tags.into_iter().zip(100..) {
        let id = store.next_id(Kind::Tag);
        store.tags.insert(Tag {
            id,
            text: text.to_owned(),
            color: format!("#{:02X}80C0", (id * 37) % 256),
            created: at(second),
            updated: at(second),
            rev: 1,
        });
    }
}

fn add_contacts(store: &mut Store) {
    let order_number = store.fields.with_token("order_number").unwrap_or_default();
    let tags: Vec<_> = store.tags.iter().map(|tag| tag.id).collect();
    for index in 0..CONTACTS {
        let first = FIRST_NAMES[index % FIRST_NAMES.len()];
        let last = LAST_NAMES[index / FIRST_NAMES.len() % LAST_NAMES.len()];
        // Pairs share a time, as after an import.
        let now = at(1000 + 60 * index.div_ceil(2) as i64);
        let id = store.blank_contact(OWNER, now);
        let mut change = ContactChange {
            phone: Some(phone(index)),
            first: Some(first.to_owned()),
            last: Some(last.to_owned()),
            ..ContactChange::default()
        };
        if index % 3 == 0 {
            let address = format!("{first}.{last}@example.com").to_lowercase();
            change.email = Some(address);
        }
        if index % 4 == 0 {
            let value = json!(format!("A-{}", 1000 + index));
            change.custom.insert(order_number.to_string(), value);
        }
        store.change_contact(id, &change, Channels::Phone, false, now);
        store.contacts.change(id, |contact| {
            contact.rev = 1;
            if index % 5 == 0 {
                contact.tags = vec![tags[index / 5 % tags.len()]];
            }
        });
    }
}

fn add_templates_and_surveys(store: &mut Store) {
    let templates = [
        ("Greeting", "Hi {{first_name}}, how can we help?"),
        (
            "Order ready",
            "{{first_name}}, your order {{order_number}} is ready.",
        ),
        ("Closing time", "We close at six today."),
        ("Thanks", "Thank you, {{first_name}} {{last_name}}!"),
    ];
    for ((name, text), second) in templates.into_iter().zip(10_000..) {
        let id = store.next_id(Kind::Template);
        let local_id = store.next_uuid();
        store.templates.insert(Template {
            id,
            name: name.to_owned(),
            local_id,
            text: text.to_owned(),
            gallery: Vec::new(),
            archived: false,
            creator: OWNER,
            created: at(second),
            updated: at(second),
            rev: 1,
        });
    }
    let surveys = [
        (
            801,
            "Recommendation",
            "nps",
            "How likely are you to recommend us, from 0 to 10?",
        ),
        (
            802,
            "Satisfaction",
            "csat",
            "How content are you with your order, from 1 to 5?",
        ),
    ];
    for (id, name, kind, question) in surveys {
        store.surveys.insert(Survey {
            id,
            name: name.to_owned(),
            kind: kind.to_owned(),
            question: question.to_owned(),
            created: at(11_000 + id),
            updated: at(11_000 + id),
        });
    }
}

fn add_conversations(store: &mut Store) {
    for index in 0..CONVERSATIONS {
        let inbox = if index % 3 == 2 { ORDERS } else { SUPPORT };
        let phone = phone(index);
        let length = if index == 0 { LONG_HISTORY } else { 2 };
        // Neighbours share the time of their last message, and the first page
        // ends between two of them.
        let last = at(100_000 + 600 * index.div_ceil(2) as i64);
        for back in (0..length).rev() {
            let second = SignedDuration::from_secs(7 * back);
            let now = last.saturating_sub(second).unwrap_or(last);
            if back % 2 == 1 {
                receive(store, inbox, &phone, "Is my order ready?", now);
            } else {
                send(store, inbox, &phone, "On its way.", now);
            }
        }
    }
    let ids: Vec<_> = store.conversations.iter().map(|found| found.id).collect();
    for (index, id) in ids.into_iter().enumerate() {
        store.conversations.change(id, |conversation| {
            let unread = std::mem::take(&mut conversation.unread_users);
            conversation.closed = index % 5 == 4;
            if index % 4 == 1 {
                conversation.unread_users = unread;
            } else {
                conversation.read_at = Some(conversation.updated);
            }
            if index % 2 == 0 {
                conversation.assigned = OWNER;
            }
        });
    }
    let now = at(90_000);
    for (index, status) in [(70, "unsubscribed"), (71, "blocked")] {
        if let Some(id) = store.contact_with(&phone(index)).map(|contact| contact.id) {
            store.set_contact_status(id, status, now);
        }
    }
}

fn send(store: &mut Store, inbox: i64, phone: &str, text: &str, now: Timestamp) {
    let outgoing = Outgoing {
        inbox,
        creator: OWNER,
        receiver: Receiver::Phone(phone.to_owned()),
        content: Content {
            text: Some(text.to_owned()),
            ..Content::default()
        },
        private: false,
        held_until: None,
        author: String::new(),
        local_id: store.next_uuid(),
    };
    expect(store.send(&outgoing, now));
}

fn receive(store: &mut Store, inbox: i64, phone: &str, text: &str, now: Timestamp) {
    let inbound = Inbound {
        inbox,
        from: phone.to_owned(),
        text: text.to_owned(),
        media: String::new(),
    };
    expect(store.receive(&inbound, now));
}

/// Nothing in the demo data is rejected. A test proves it.
fn expect(result: Result<Sent, Rejection>) {
    debug_assert!(result.is_ok(), "the demo data: {result:?}");
}

fn add_lists(store: &mut Store) {
    let contacts: Vec<_> = store.contacts.iter().map(|contact| contact.id).collect();
    let lists = [
        ("Everyone", contacts.len()),
        ("First ten", 10),
        ("Empty", 0),
    ];
    for ((name, size), second) in lists.into_iter().zip(95_000..) {
        let id = store.next_id(Kind::List);
        let local_id = store.next_uuid();
        store.lists.insert(List {
            id,
            name: name.to_owned(),
            local_id,
            contacts: contacts.iter().copied().take(size).collect(),
            creator: OWNER,
            created: at(second),
            updated: at(second),
            rev: 1,
        });
    }
}

fn add_schedule(store: &mut Store) {
    let id = store.next_id(Kind::ScheduledMessage);
    let local_id = store.next_uuid();
    store.schedule(ScheduledMessage {
        id,
        inbox: SUPPORT,
        // 2030-01-01T15:00:00Z.
        execute: Timestamp::constant(1_893_510_000, 0),
        content: json!({"text": "Happy new year!"}),
        receiver: Receiver::Phone(phone(0)),
        local_id,
        user: OWNER,
        created: at(96_000),
        updated: at(96_000),
        rev: 1,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::{Order, Paging, Part};

    #[test]
    fn the_demo_data_is_the_same_in_every_run() {
        let text = || serde_json::to_value(demo()).expect("JSON");
        assert_eq!(text(), text());
    }

    #[test]
    fn the_first_page_ends_between_two_equal_times() {
        let store = demo();
        let first = Paging {
            order: Order::Updated,
            ascending: false,
            bound: None,
            hidden_from: None,
            skip: 0,
            limit: 31,
        };
        let page = store.conversations.page(&[Part::Whole], &first);
        assert_eq!(page[29].updated, page[30].updated);
        assert_eq!(store.conversations.count(None), CONVERSATIONS);
        assert_eq!(store.contacts.count(None), CONTACTS);
        assert!(store.conversations.get(9920).is_some());
    }
}
