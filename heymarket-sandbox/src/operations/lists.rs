//! Lists, v1 and v2.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, found};
use crate::render::ok;
use crate::store::{Kind, List, Part, Rejection, Sent, Store};

/// The members of a v2 request that creates or changes a list.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ListChange {
    title: Option<String>,
    local_id: Option<String>,
    contacts: Option<Vec<i64>>,
    phones: Vec<String>,
    emails: Vec<String>,
    add_contacts: Vec<i64>,
    remove_contacts: Vec<i64>,
    add_phones: Vec<String>,
    remove_phones: Vec<String>,
    add_emails: Vec<String>,
    remove_emails: Vec<String>,
}

/// The members of a v1 request.
#[derive(Deserialize)]
struct ListChangeV1 {
    title: String,
    add_phone: Option<String>,
    remove_phone: Option<String>,
    #[serde(default)]
    members: BTreeMap<String, Name>,
}

#[derive(Deserialize)]
struct Name {
    #[serde(default)]
    f: String,
    #[serde(default)]
    l: String,
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let list = found(&call.store.lists, id, "list")?.clone();
    Ok(call.renderer().list(&list))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let paging = call.paging(1)?;
    Ok(call.page(
        |store| &store.lists,
        &[Part::Whole],
        &paging,
        |renderer, list| renderer.list(list),
    ))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let change: ListChange = call.input()?;
    check(call.store, &change)?;
    let local_id = change.local_id.clone();
    let made = call.once("list", local_id.as_deref(), true, |store, now| {
        let contacts = change.contacts.clone().unwrap_or_default();
        let contacts = members(store, contacts, &change, now);
        check_size(store, &contacts)?;
        let title = change.title.unwrap_or_default();
        let id = put(store, title, change.local_id, contacts, now);
        Ok(Sent {
            id,
            conversation: None,
            date: now,
        })
    })?;
    written(call, made.id)
}

fn put(
    store: &mut Store,
    name: String,
    local_id: Option<String>,
    contacts: Vec<i64>,
    now: jiff::Timestamp,
) -> i64 {
    let id = store.next_id(Kind::List);
    store.lists.insert(List {
        id,
        name,
        local_id: local_id.unwrap_or_default(),
        contacts,
        creator: 0,
        created: now,
        updated: now,
        rev: 1,
    });
    id
}

fn written(call: &mut Call<'_>, id: i64) -> Result<Value, Rejection> {
    // A repeated `local_id` may be of a list that is deleted by now.
    let rev = call.store.lists.get(id).map_or(1, |list| list.rev);
    let uuid = call.store.next_uuid();
    Ok(call.renderer().written(id, rev, Some(&uuid)))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let old = found(&call.store.lists, id, "list")?.contacts.clone();
    let change: ListChange = call.input()?;
    check(call.store, &change)?;
    let now = call.now;
    let contacts = change.contacts.clone().unwrap_or(old);
    let contacts = members(call.store, contacts, &change, now);
    check_size(call.store, &contacts)?;
    let mut rev = 0;
    call.store.lists.change(id, |list| {
        if let Some(title) = change.title {
            list.name = title;
        }
        list.contacts = contacts;
        list.updated = now;
        list.rev += 1;
        rev = list.rev;
    });
    Ok(json!({"id": id, "rev": rev}))
}

fn check(store: &Store, change: &ListChange) -> Result<(), Rejection> {
    let named = [
        ("contacts", change.contacts.as_deref().unwrap_or_default()),
        ("add_contacts", change.add_contacts.as_slice()),
    ];
    for (field, ids) in named {
        if ids.iter().any(|id| store.contacts.get(*id).is_none()) {
            return Err(Rejection::bad_data(field, "no contact has this id"));
        }
    }
    Ok(())
}

/// Returns the contacts of a list after a change. Unknown addresses become
/// contacts.
fn members(
    store: &mut Store,
    mut contacts: Vec<i64>,
    change: &ListChange,
    now: jiff::Timestamp,
) -> Vec<i64> {
    contacts.extend(&change.add_contacts);
    for (kind, addresses) in [
        ("phone", [&change.phones, &change.add_phones]),
        ("email", [&change.emails, &change.add_emails]),
    ] {
        for address in addresses.into_iter().flatten() {
            contacts.push(store.contact_for(kind, address, 0, now));
        }
    }
    let removed = change.remove_phones.iter().chain(&change.remove_emails);
    let mut left_out: HashSet<i64> = removed
        .filter_map(|address| store.contact_with(address))
        .map(|contact| contact.id)
        .chain(change.remove_contacts.iter().copied())
        .collect();
    // Keeps the first occurrence of each contact that was not removed.
    contacts.retain(|id| left_out.insert(*id));
    contacts
}

fn check_size(store: &Store, contacts: &[i64]) -> Result<(), Rejection> {
    let limit = store.team.list_size;
    if contacts.len() <= limit {
        return Ok(());
    }
    let problem = format!("a list of this team has at most {limit} contacts");
    Err(Rejection::bad_data("contacts", &problem))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    found(&call.store.lists, id, "list")?;
    call.store.lists.remove(id);
    Ok(json!({"deleted": true, "id": id}))
}

pub(super) fn create_v1(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let change: ListChangeV1 = call.input()?;
    let contacts = members_v1(call, &change)?;
    let (store, now) = (&mut *call.store, call.now);
    let id = put(store, change.title, None, contacts, now);
    written(call, id)
}

/// Returns the members of the request as contacts, with their names.
fn members_v1(call: &mut Call<'_>, change: &ListChangeV1) -> Result<Vec<i64>, Rejection> {
    let is_phone =
        |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !change.members.keys().all(is_phone) {
        let problem = "its keys must be phone numbers, digits only";
        return Err(Rejection::bad_data("members", problem));
    }
    let now = call.now;
    let mut contacts = Vec::new();
    for (phone, name) in &change.members {
        let id = call.store.contact_for("phone", phone, 0, now);
        call.store.contacts.change(id, |contact| {
            if contact.first.is_empty() && contact.last.is_empty() {
                contact.first.clone_from(&name.f);
                contact.last.clone_from(&name.l);
            }
        });
        contacts.push(id);
    }
    Ok(contacts)
}

pub(super) fn update_v1(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let mut contacts = found(&call.store.lists, id, "list")?.contacts.clone();
    let change: ListChangeV1 = call.input()?;
    contacts.extend(members_v1(call, &change)?);
    let phones = |phone: &Option<String>| phone.iter().cloned().collect();
    let newer = ListChange {
        add_phones: phones(&change.add_phone),
        remove_phones: phones(&change.remove_phone),
        ..ListChange::default()
    };
    let now = call.now;
    let contacts = members(call.store, contacts, &newer, now);
    check_size(call.store, &contacts)?;
    call.store.lists.change(id, |list| {
        list.name = change.title;
        list.contacts = contacts;
        list.updated = now;
        list.rev += 1;
    });
    Ok(ok())
}

pub(super) fn delete_v1(call: &mut Call<'_>) -> Result<Value, Rejection> {
    delete(call)?;
    Ok(ok())
}
