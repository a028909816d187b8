//! Contacts, v1.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, ListRequest, found};
use crate::render::{Generation, ok};
use crate::store::{Channels, Contact, ContactChange, Field, Kind, Part, Rejection};

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let contact = found(&call.store.contacts, id, "contact")?.clone();
    Ok(call.renderer().contact(&contact, Generation::V1))
}

/// Changes the contact if the number exists. This is inferred from the
/// behaviour of integrations; no page says it.
pub(super) fn create(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let change: ContactChange = call.input()?;
    let phone = change.phone.clone().unwrap_or_default();
    let existing = call.store.contact_with(&phone).map(|contact| contact.id);
    call.store.check_contact(&change, existing)?;
    let id = put(call, &change, existing, false);
    written(call, id)
}

/// Creates or changes a contact.
fn put(call: &mut Call<'_>, change: &ContactChange, existing: Option<i64>, overwrite: bool) -> i64 {
    let is_new = existing.is_none();
    let id = existing.unwrap_or_else(|| call.store.blank_contact(0, call.now));
    call.store
        .change_contact(id, change, Channels::Phone, overwrite, call.now);
    if is_new {
        call.store.contacts.change(id, |contact| contact.rev = 1);
    }
    id
}

pub(super) fn written(call: &mut Call<'_>, id: i64) -> Result<Value, Rejection> {
    let contact = found(&call.store.contacts, id, "contact")?;
    let (rev, uuid) = (contact.rev, contact.uuid.clone());
    Ok(call.renderer().written(id, rev, Some(&uuid)))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    found(&call.store.contacts, id, "contact")?;
    let change: ContactChange = call.input()?;
    call.store.check_contact(&change, Some(id))?;
    put(call, &change, Some(id), call.flag("overwrite"));
    written(call, id)
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    found(&call.store.contacts, id, "contact")?;
    call.store.remove_contacts(&[id]);
    Ok(ok())
}

/// Returns `ok`, or the contacts that failed.
pub(super) fn create_batch(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let changes: Vec<ContactChange> = call.input()?;
    let overwrite = call.flag("overwrite");
    let mut failed = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let phone = change.phone.as_deref().unwrap_or_default();
        let existing = call.store.contact_with(phone).map(|contact| contact.id);
        if call.store.check_contact(change, existing).is_err() {
            failed.extend(call.body.get(index).cloned());
        } else if existing.is_none() || overwrite {
            put(call, change, existing, overwrite);
        }
    }
    if failed.is_empty() {
        return Ok(ok());
    }
    Ok(failed.into())
}

pub(super) fn find(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct FindContact {
        phone: Option<String>,
        id: Option<String>,
    }
    let request: FindContact = call.input()?;
    // The phone number takes precedence.
    let id = request.id.filter(|_| request.phone.is_none());
    let id = match id.as_deref().map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => {
            return Err(Rejection::bad_data(
                "id",
                "must be the ID of a contact, as a string",
            ));
        }
    };
    let contact = named(call, id, request.phone.as_deref())?;
    Ok(call.renderer().contact(&contact, Generation::V1))
}

/// Returns the contact with an ID or phone number.
fn named(call: &Call<'_>, id: Option<i64>, phone: Option<&str>) -> Result<Contact, Rejection> {
    let contact = match (phone, id) {
        (Some(phone), _) => call.store.contact_with(phone),
        (None, Some(id)) => call.store.contacts.get(id),
        (None, None) => None,
    };
    let contact = contact.cloned();
    contact.ok_or_else(|| Rejection::not_found("no contact has this id or number"))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let paging = call.paging(1)?;
    Ok(call.page(
        |store| &store.contacts,
        &[Part::Whole],
        &paging,
        |renderer, contact| renderer.contact(contact, Generation::V1),
    ))
}

pub(super) fn count(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: ListRequest = call.input()?;
    let count = call.store.contacts.count(request.date);
    Ok(call.renderer().count(count))
}

#[derive(Deserialize)]
struct StatusRequest {
    id: Option<i64>,
    phone: Option<String>,
    #[serde(default)]
    status: String,
}

pub(super) fn get_status(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: StatusRequest = call.input()?;
    let contact = named(call, request.id, request.phone.as_deref())?;
    Ok(call.renderer().contact_status(&contact))
}

pub(super) fn set_status(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: StatusRequest = call.input()?;
    let contact = named(call, request.id, request.phone.as_deref())?;
    call.store
        .set_contact_status(contact.id, &request.status, call.now);
    Ok("success".into())
}

pub(super) fn list_fields(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let renderer = call.renderer();
    let fields = renderer.store.fields.iter();
    Ok(fields.map(|field| renderer.field(field)).collect())
}

/// Returns an existing field of the same title as a duplicate, with its ID.
pub(super) fn create_fields(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct NewField {
        title: String,
    }
    let fields: Vec<NewField> = call.input()?;
    let mut answer = Vec::new();
    for NewField { title } in fields {
        let existing = call.store.fields.with_title(&title);
        let id = existing.unwrap_or_else(|| {
            let id = call.store.next_id(Kind::Field);
            let title = title.clone();
            call.store.fields.push(Field { id, title });
            id
        });
        answer.push(json!({"id": id, "title": title, "duplicate": existing.is_some()}));
    }
    Ok(answer.into())
}
