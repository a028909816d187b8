//! The team and its members.

use serde_json::{Value, json};

use super::renderer::{Renderer, time};
use crate::store::Member;

impl Renderer<'_> {
    /// Renders the team. Email addresses are undocumented, but clients read
    /// them.
    pub(crate) fn team(&mut self) -> Value {
        let documented = self.dialect.next_is_documented();
        let members = self.store.members.values();
        let members: Vec<_> = members
            .map(|member| {
                let role = if member.role_id == 1 {
                    "admin"
                } else {
                    "member"
                };
                let mut object = json!({"id": member.id, "name": member.name(), "role": role});
                if !documented {
                    object["email"] = member.email.as_str().into();
                }
                object
            })
            .collect();
        json!({
            "id": self.store.team.id,
            "name": self.store.team.name,
            "list_size": self.store.team.list_size,
            "members": members,
        })
    }

    pub(crate) fn membership(&self, member: &Member) -> Value {
        json!({
            "id": member.id,
            "phone": member.phone,
            "name": member.name(),
            "email": member.email,
            "role_id": member.role_id,
            "team_id": self.store.team.id,
            "created_at": time(member.created),
            "updated_at": time(member.updated),
            "user_created_at": time(member.created),
            "user_updated_at": time(member.updated),
        })
    }
}
