//! Tags.

use serde::Deserialize;
use serde_json::Value;

use super::call::{Call, found};
use crate::render::ok;
use crate::store::{Kind, Part, Rejection, Tag};

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let tag = found(&call.store.tags, id, "tag")?.clone();
    Ok(call.renderer().tag(&tag))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let paging = call.paging(1)?;
    Ok(call.page(
        |store| &store.tags,
        &[Part::Whole],
        &paging,
        |renderer, tag| renderer.tag(tag),
    ))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct NewTag {
        tag: String,
        #[serde(default)]
        color: String,
    }
    let tag: NewTag = call.input()?;
    let id = call.store.next_id(Kind::Tag);
    let now = call.now;
    call.store.tags.insert(Tag {
        id,
        text: tag.tag,
        color: tag.color,
        created: now,
        updated: now,
        rev: 1,
    });
    let uuid = call.store.next_uuid();
    Ok(call.renderer().written(id, 1, Some(&uuid)))
}

/// Deletes a tag, from contacts as well.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    found(&call.store.tags, id, "tag")?;
    call.store.tags.remove(id);
    let carriers: Vec<_> = call.store.contacts.iter().collect();
    let carriers: Vec<_> = carriers
        .into_iter()
        .filter(|contact| contact.tags.contains(&id))
        .map(|contact| contact.id)
        .collect();
    for contact in carriers {
        call.store
            .contacts
            .change(contact, |contact| contact.tags.retain(|tag| *tag != id));
    }
    Ok(ok())
}
