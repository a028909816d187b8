//! Surveys.

use serde_json::Value;

use super::call::{Call, found};
use crate::store::{Part, Rejection};

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let survey = found(&call.store.surveys, id, "survey")?.clone();
    Ok(call.renderer().survey(&survey))
}

/// Pages count from 1, without a cursor.
pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let paging = call.paging(1)?;
    Ok(call.page(
        |store| &store.surveys,
        &[Part::Whole],
        &paging,
        |renderer, survey| renderer.survey(survey),
    ))
}
