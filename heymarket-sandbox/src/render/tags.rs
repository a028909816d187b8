//! Tags.

use serde_json::{Value, json};

use super::renderer::{Renderer, time};
use crate::store::Tag;

impl Renderer<'_> {
    pub(crate) fn tag(&self, tag: &Tag) -> Value {
        json!({
            "id": tag.id,
            "tag": tag.text,
            "color": tag.color,
            "team_id": self.store.team.id,
            "created": time(tag.created),
            "updated": time(tag.updated),
            "rev": tag.rev,
        })
    }
}
