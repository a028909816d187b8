//! Templates.

use serde_json::{Value, json};

use super::renderer::{Object, Renderer, time};
use crate::store::Template;

impl Renderer<'_> {
    pub(crate) fn template(&mut self, template: &Template) -> Value {
        let mut content = json!({"text": template.text});
        let mut object = Object::default();
        object.put("id", template.id);
        object.put("name", template.name.as_str());
        object.put("local_id", template.local_id.as_str());
        object.put("team_id", self.store.team.id);
        object.put("creator_id", template.creator);
        object.put("shared", true);
        object.put("created", time(template.created));
        object.put("updated", time(template.updated));
        object.put("rev", template.rev);
        if self.dialect.next_is_documented() {
            object.put("archived", template.archived);
            content["gallery"] = template.gallery.clone().into();
        } else {
            object.put_unless_empty("archived", template.archived);
            object.put("op", if template.rev > 1 { "u" } else { "c" });
            if !template.gallery.is_empty() {
                content["gallery"] = template.gallery.clone().into();
            }
        }
        object.put("content", content);
        object.done()
    }
}
