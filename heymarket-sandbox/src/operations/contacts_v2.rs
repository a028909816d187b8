//! Contacts, v2.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, found};
use crate::render::{Generation, ok};
use crate::store::{Channels, Contact, ContactChange, NewChannel, Part, Rejection};

/// Returns the contact with the UUID in the path.
fn named(call: &Call<'_>) -> Result<Contact, Rejection> {
    call.store.contact_by_uuid(call.text("contact_id")).cloned()
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let contact = named(call)?;
    Ok(call.renderer().contact(&contact, Generation::V2))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let change: ContactChange = call.input()?;
    let id = create_contact(call, &change)?;
    written(call, id)
}

/// Creates a contact. An address belongs to one contact only.
fn create_contact(call: &mut Call<'_>, change: &ContactChange) -> Result<i64, Rejection> {
    let channels = change.contact_channels.iter().flatten();
    let taken = channels
        .filter_map(|channel| call.store.contact_with(&channel.channel_id))
        .next();
    if taken.is_some() {
        let problem = "another contact has this address; update it by its contact_id";
        return Err(Rejection::bad_data("contact_channels", problem));
    }
    call.store.check_contact(change, None)?;
    let id = call.store.blank_contact(0, call.now);
    call.store
        .change_contact(id, change, Channels::Many, false, call.now);
    call.store.contacts.change(id, |contact| contact.rev = 1);
    Ok(id)
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = named(call)?.id;
    let change: ContactChange = call.input()?;
    call.store.check_contact(&change, Some(id))?;
    call.store
        .change_contact(id, &change, Channels::Many, false, call.now);
    // The documentations disagree: the contact, or its IDs only.
    match call.dialect.choose(2) {
        0 => get(call),
        _ => written(call, id),
    }
}

/// Returns ID, revision and UUID.
fn written(call: &mut Call<'_>, id: i64) -> Result<Value, Rejection> {
    let contact = found(&call.store.contacts, id, "contact")?;
    Ok(json!({"id": id, "rev": contact.rev, "uuid": contact.uuid}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = named(call)?.id;
    call.store.remove_contacts(&[id]);
    Ok(ok())
}

/// Deletes all contacts or none: every ID is looked up first.
pub(super) fn delete_many(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct DeleteContacts {
        contact_channels: Vec<ContactIds>,
    }
    #[derive(Deserialize)]
    struct ContactIds {
        channel_ids: Vec<String>,
    }
    let request: DeleteContacts = call.input()?;
    let entries = request.contact_channels.iter();
    let contacts: Vec<_> = entries
        .flat_map(|entry| &entry.channel_ids)
        .map(|uuid| call.store.contact_by_uuid(uuid).map(|contact| contact.id))
        .collect::<Result<_, _>>()?;
    call.store.remove_contacts(&contacts);
    Ok(ok())
}

/// Creates or changes each contact separately. A failure does not affect the
/// others.
pub(super) fn upsert(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct UpsertContacts {
        contacts: Vec<ContactChange>,
    }
    #[derive(Deserialize)]
    struct Ids {
        contacts: Vec<ContactId>,
    }
    #[derive(Deserialize)]
    struct ContactId {
        contact_id: Option<String>,
    }
    let request: UpsertContacts = call.input()?;
    let ids: Ids = call.input()?;
    let (mut contacts, mut failed) = (Vec::new(), Vec::new());
    for (index, (change, id)) in request.contacts.iter().zip(&ids.contacts).enumerate() {
        match upsert_contact(call, change, id.contact_id.as_deref()) {
            Ok(contact) => contacts.push(contact),
            Err(rejection) => failed.push(json!({
                "contact": call.body["contacts"][index],
                "error": rejection.message,
            })),
        }
    }
    Ok(json!({"contacts": contacts, "failed_contacts": failed}))
}

fn upsert_contact(
    call: &mut Call<'_>,
    change: &ContactChange,
    uuid: Option<&str>,
) -> Result<Value, Rejection> {
    let id = match uuid {
        None => create_contact(call, change)?,
        Some(uuid) => {
            let id = call.store.contact_by_uuid(uuid)?.id;
            call.store.check_contact(change, Some(id))?;
            call.store
                .change_contact(id, change, Channels::Many, false, call.now);
            id
        }
    };
    let contact = found(&call.store.contacts, id, "contact")?.clone();
    Ok(call.renderer().contact(&contact, Generation::V2))
}

/// Pages count from 0, as in the documented example.
pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let paging = call.paging(0)?;
    Ok(call.page(
        |store| &store.contacts,
        &[Part::Whole],
        &paging,
        |renderer, contact| renderer.contact(contact, Generation::V2),
    ))
}

pub(super) fn search(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct Search {
        contact_channels: Vec<ChannelSearch>,
    }
    #[derive(Deserialize)]
    struct ChannelSearch {
        channel_ids: Vec<String>,
        channel_type: Option<String>,
    }
    let request: Search = call.input()?;
    let mut found: Vec<Contact> = Vec::new();
    let mut ids = HashSet::new();
    for channel in request.contact_channels {
        for address in &channel.channel_ids {
            let contact = call.store.contact_with(address).filter(|contact| {
                let kind = channel.channel_type.as_deref();
                kind.is_none_or(|kind| contact.channel(kind).is_some())
            });
            if let Some(contact) = contact
                && ids.insert(contact.id)
            {
                found.push(contact.clone());
            }
        }
    }
    let mut renderer = call.renderer();
    let contacts = found.iter();
    Ok(contacts
        .map(|contact| renderer.contact(contact, Generation::V2))
        .collect())
}

pub(super) fn add_channel(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let contact = named(call)?;
    let channel: NewChannel = call.input()?;
    if contact.channel(&channel.channel_type).is_some() {
        let problem = "the contact has a channel of this type; update it";
        return Err(Rejection::bad_data("channel_type", problem));
    }
    put_channel(call, &contact, &channel)
}

pub(super) fn update_channel(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let contact = named(call)?;
    let channel: NewChannel = call.input()?;
    if contact.channel(&channel.channel_type).is_none() {
        return Err(Rejection::not_found(
            "the contact has no channel of this type",
        ));
    }
    put_channel(call, &contact, &channel)
}

fn put_channel(
    call: &mut Call<'_>,
    contact: &Contact,
    channel: &NewChannel,
) -> Result<Value, Rejection> {
    let owner = call.store.contact_with(&channel.channel_id);
    if owner.is_some_and(|owner| owner.id != contact.id) {
        return Err(Rejection::bad_data(
            "channel_id",
            "another contact has this address",
        ));
    }
    let channels = std::slice::from_ref(channel);
    call.store.put_channels(contact.id, channels, call.now);
    touch(call, contact.id);
    let contact = named(call)?;
    Ok(call.renderer().channels(&contact))
}

fn touch(call: &mut Call<'_>, id: i64) {
    let now = call.now;
    call.store.contacts.change(id, |contact| {
        contact.updated = now;
        contact.rev += 1;
    });
}

pub(super) fn list_channels(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let contact = named(call)?;
    Ok(call.renderer().channels(&contact))
}

pub(super) fn get_channel(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let contact = named(call)?;
    match contact.channel(call.text("channel_type")) {
        Some(channel) => {
            let channel = channel.clone();
            Ok(call.renderer().channel(&contact, &channel))
        }
        None => Err(Rejection::not_found(
            "the contact has no channel of this type",
        )),
    }
}

pub(super) fn delete_channel(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let contact = named(call)?;
    let kind = call.text("channel_type").to_owned();
    if contact.channel(&kind).is_none() {
        return Err(Rejection::not_found(
            "the contact has no channel of this type",
        ));
    }
    call.store.remove_channel(contact.id, &kind);
    touch(call, contact.id);
    Ok(ok())
}
