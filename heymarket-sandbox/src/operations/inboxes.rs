//! Inboxes.

use serde_json::Value;

use super::call::Call;
use crate::store::Rejection;

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let hours = call.plan.quiet_hours.first().copied();
    let is_quiet = call.plan.held_until(call.now).is_some();
    Ok(call.renderer().inboxes(hours, is_quiet))
}
