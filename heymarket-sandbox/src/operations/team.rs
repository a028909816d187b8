use serde_json::Value;

use super::Call;
use crate::store::Refusal;

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Refusal> {
    Ok(call.speak().team())
}
