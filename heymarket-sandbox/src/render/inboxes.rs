//! Inboxes.

use serde_json::{Value, json};

use super::renderer::{Renderer, time};
use crate::faults::QuietHours;
use crate::store::Inbox;

impl Renderer<'_> {
    /// Renders the inboxes, with the quiet hours of a rule.
    pub(crate) fn inboxes(&mut self, hours: Option<QuietHours>, is_quiet: bool) -> Value {
        let inboxes = self.store.inboxes.values();
        let inboxes: Vec<_> = inboxes
            .map(|inbox| {
                let mut rendered = self.inbox(inbox);
                if let Some(hours) = hours {
                    rendered["is_quiet_hours"] = is_quiet.into();
                    rendered["business_hours"] = business_hours(&hours);
                }
                rendered
            })
            .collect();
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

/// Renders the hours outside of the quiet hours, which are the same every day.
fn business_hours(quiet: &QuietHours) -> Value {
    let (start, end) = (quiet.end, quiet.start);
    json!({
        "quiet_hours_enabled": true,
        "is_weekday_hours_set": true,
        "is_weekend_hours_set": true,
        "weekday_start_hour": start.hour(),
        "weekday_start_min": start.minute(),
        "weekday_end_hour": end.hour(),
        "weekday_end_min": end.minute(),
        "weekend_start_hour": start.hour(),
        "weekend_start_min": start.minute(),
        "weekend_end_hour": end.hour(),
        "weekend_end_min": end.minute(),
    })
}
