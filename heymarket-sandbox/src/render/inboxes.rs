//! Inboxes.

use serde_json::{Value, json};

use super::renderer::{Renderer, time};
use crate::store::Inbox;

impl Renderer<'_> {
    pub(crate) fn inboxes(&mut self) -> Value {
        let inboxes = self.store.inboxes.values();
        let inboxes: Vec<_> = inboxes.map(|inbox| self.inbox(inbox)).collect();
        match self.dialect.choose(2) {
            0 => inboxes.into(),
            _ => json!({ "inboxes": inboxes }),
        }
    }

    fn inbox(&mut self, inbox: &Inbox) -> Value {
        if self.dialect.next_is_documented() {
            json!({
                "allowed_domains": [],
                "auto_assignable": true,
                "bco_chats": false,
                "forward_number": null,
                "id": inbox.id,
                "invited": [],
                "members": inbox.members,
                "name": inbox.name,
                "op": "u",
                "phone": inbox.phone,
                "phones": [inbox.phone],
                "rev": inbox.rev,
                "team": self.store.team.id,
                "widget_code": "",
            })
        } else {
            json!({
                "auto_assignable": true,
                "auto_close": false,
                "bco_chats": false,
                "created_at": time(inbox.created),
                "force_assign": false,
                "high_throughput": false,
                "id": inbox.id,
                "ittc": 0,
                "members": inbox.members,
                "name": inbox.name,
                "notify_all": true,
                "rev": inbox.rev,
                "team": self.store.team.id,
                "unassign_on_close": false,
                "updated_at": time(inbox.updated),
                "widget_settings": {
                    "name_enabled": true,
                    "phone_enabled": true,
                    "webchat_enabled": false,
                },
            })
        }
    }
}
