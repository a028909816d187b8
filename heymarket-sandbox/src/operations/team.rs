//! The team.

use serde_json::Value;

use super::call::Call;
use crate::store::Rejection;

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    Ok(call.renderer().team())
}
