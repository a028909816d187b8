//! Surveys.

use serde_json::{Value, json};

use super::renderer::{Renderer, time};
use crate::store::Survey;

impl Renderer<'_> {
    pub(crate) fn survey(&self, survey: &Survey) -> Value {
        json!({
            "id": survey.id,
            "name": survey.name,
            "type": survey.kind,
            "question": survey.question,
            "created": time(survey.created),
            "updated": time(survey.updated),
        })
    }
}
