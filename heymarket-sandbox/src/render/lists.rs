//! Lists.

use serde_json::{Map, Value, json};

use super::renderer::{Renderer, time};
use crate::store::List;

impl Renderer<'_> {
    pub(crate) fn list(&self, list: &List) -> Value {
        let contacts = list.contacts.iter();
        let contacts = contacts.filter_map(|id| self.store.contacts.get(*id));
        let targets: Map<_, _> = contacts
            .map(|contact| {
                let address = match contact.phone() {
                    "" => contact.email(),
                    phone => phone,
                };
                let name = json!({"f": contact.first, "l": contact.last});
                (address.to_owned(), name)
            })
            .collect();
        json!({
            "id": list.id,
            "name": list.name,
            "local_id": list.local_id,
            "targets": targets,
            "team_id": self.store.team.id,
            "creator_id": list.creator,
            "shared": true,
            "created": time(list.created),
            "updated": time(list.updated),
            "rev": list.rev,
            "archived": false,
        })
    }
}
