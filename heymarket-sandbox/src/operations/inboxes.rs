//! Inboxes.

use serde_json::Value;

use super::call::Call;
use crate::store::Rejection;

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    Ok(call.renderer().inboxes())
}
