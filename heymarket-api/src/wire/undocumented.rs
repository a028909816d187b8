//! Responses that no source shows.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json_schema::json_schema;
use crate::types::Acknowledgement;

/// The response of an operation whose response no source shows: any JSON.
///
/// `Debug` shows only the kind of JSON.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UndocumentedResult(Value);

impl UndocumentedResult {
    /// Returns the JSON as it arrived.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Returns the response as an acknowledgement, if it is a string, as other operations
    /// return on success.
    #[must_use]
    pub fn acknowledgement(&self) -> Option<Acknowledgement> {
        self.0.as_str().map(Acknowledgement::from)
    }
}

impl fmt::Debug for UndocumentedResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Value::Null => "UndocumentedResult(null)",
            Value::Bool(_) => "UndocumentedResult(a boolean)",
            Value::Number(_) => "UndocumentedResult(a number)",
            Value::String(_) => "UndocumentedResult(a string)",
            Value::Array(_) => "UndocumentedResult(an array)",
            Value::Object(_) => "UndocumentedResult(an object)",
        })
    }
}

json_schema!(UndocumentedResult, |_| {});
