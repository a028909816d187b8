//! Templates.

use serde::Deserialize;
use serde_json::Value;

use super::call::{Call, found};
use crate::render::ok;
use crate::store::{Kind, Part, Rejection, Template};

#[derive(Deserialize)]
struct TemplateChange {
    title: String,
    content: TemplateContent,
    local_id: Option<String>,
    archived: Option<bool>,
}

#[derive(Deserialize)]
struct TemplateContent {
    text: String,
    #[serde(default)]
    gallery: Vec<Value>,
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let template = found(&call.store.templates, id, "template")?.clone();
    Ok(call.renderer().template(&template))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let paging = call.paging(1)?;
    Ok(call.page(
        |store| &store.templates,
        &[Part::Whole],
        &paging,
        |renderer, template| renderer.template(template),
    ))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let change: TemplateChange = call.input()?;
    let id = call.store.next_id(Kind::Template);
    let now = call.now;
    call.store.templates.insert(Template {
        id,
        name: change.title,
        local_id: change.local_id.unwrap_or_default(),
        text: change.content.text,
        gallery: change.content.gallery,
        archived: change.archived.unwrap_or_default(),
        creator: 0,
        created: now,
        updated: now,
        rev: 1,
    });
    let uuid = call.store.next_uuid();
    Ok(call.renderer().written(id, 1, Some(&uuid)))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    found(&call.store.templates, id, "template")?;
    let change: TemplateChange = call.input()?;
    let now = call.now;
    let mut rev = 0;
    call.store.templates.change(id, |template| {
        template.name = change.title;
        template.text = change.content.text;
        template.gallery = change.content.gallery;
        if let Some(local_id) = change.local_id {
            template.local_id = local_id;
        }
        if let Some(archived) = change.archived {
            template.archived = archived;
        }
        template.updated = now;
        template.rev += 1;
        rev = template.rev;
    });
    Ok(call.renderer().written(id, rev, None))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    found(&call.store.templates, id, "template")?;
    call.store.templates.remove(id);
    Ok(ok())
}
