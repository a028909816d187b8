//! Team members.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use crate::store::{Member, Rejection};

/// Returns the members with any of the numbers or addresses, or all members
/// without either.
pub(super) fn find(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct FindUsers {
        phone: Vec<String>,
        email: Vec<String>,
    }
    let request: FindUsers = call.input()?;
    let is_wanted = |member: &Member| {
        let has_email = |email: &String| email.eq_ignore_ascii_case(&member.email);
        let is_unfiltered = request.phone.is_empty() && request.email.is_empty();
        is_unfiltered
            || request.phone.contains(&member.phone)
            || request.email.iter().any(has_email)
    };
    let members = call.store.members.values();
    let members: Vec<_> = members
        .filter(|member| is_wanted(member))
        .cloned()
        .collect();
    Ok(memberships(call, &members))
}

/// Changes all members or none: every ID is looked up first.
pub(super) fn update(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct UpdateUsers {
        users: Vec<UpdateUser>,
    }
    #[derive(Deserialize)]
    struct UpdateUser {
        id: i64,
        first_name: Option<String>,
        last_name: Option<String>,
        role_id: Option<i64>,
    }
    let request: UpdateUsers = call.input()?;
    for user in &request.users {
        call.store.member(user.id, "users")?;
    }
    let mut changed = Vec::new();
    for user in request.users {
        if let Some(member) = call.store.members.get_mut(&user.id) {
            if let Some(first) = user.first_name {
                member.first = first;
            }
            if let Some(last) = user.last_name {
                member.last = last;
            }
            if let Some(role) = user.role_id {
                member.role_id = role;
            }
            member.updated = call.now;
            changed.push(member.clone());
        }
    }
    Ok(memberships(call, &changed))
}

fn memberships(call: &mut Call<'_>, members: &[Member]) -> Value {
    let renderer = call.renderer();
    let members = members.iter();
    let members: Vec<_> = members.map(|member| renderer.membership(member)).collect();
    json!({ "memberships": members })
}
