use serde_json::Value;

use super::{Call, ListRequest, found};
use crate::store::{Part, Refusal};

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let id = call.integer("id");
    let survey = found(&call.store.surveys, id, "survey")?.clone();
    Ok(call.speak().survey(&survey))
}

/// Pages from 1, without a cursor.
pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let paging = call.input::<ListRequest>()?.paging(1)?;
    Ok(call.page(
        |store| &store.surveys,
        &[Part::Whole],
        &paging,
        |speaker, survey| speaker.survey(survey),
    ))
}
