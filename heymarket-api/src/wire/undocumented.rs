use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json_schema::json_schema;
use crate::types::Acknowledgement;

/// The answer to an operation of which no source shows one: free JSON.
///
/// `Debug` shows no more than what kind of JSON it is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UndocumentedResult(Value);

impl UndocumentedResult {
    /// The answer as it came.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The answer as the bare string by which other operations say that they
    /// were done, if it is one.
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
