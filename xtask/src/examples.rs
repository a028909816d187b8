//! The examples of a bundled document.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::operation::Operation;
use crate::schema;

/// Returns an example of each component that occurs in the example of a request:
/// the first one, in the order of the operations.
pub(crate) fn of_requests<'a>(
    document: &'a Value,
    operations: &[Operation<'a>],
) -> BTreeMap<&'a str, &'a Value> {
    let mut examples = BTreeMap::new();
    for operation in operations {
        let schema = operation.request_schema();
        let schema = schema.and_then(|pointer| document.pointer(&pointer));
        if let (Some(schema), Some(example)) = (schema, operation.request_example()) {
            collect(document, schema, example, &mut examples);
        }
    }
    examples
}

fn collect<'a>(
    document: &'a Value,
    schema: &'a Value,
    example: &'a Value,
    examples: &mut BTreeMap<&'a str, &'a Value>,
) {
    if let Some(name) = schema::reference(schema)
        && !example.is_null()
    {
        examples.entry(name).or_insert(example);
    }
    let schema = schema::resolve(document, schema);
    for (name, property) in schema::object(schema.get("properties")) {
        if let Some(example) = example.get(name) {
            collect(document, property, example, examples);
        }
    }
    if let Some(items) = schema.get("items") {
        for example in schema::array(Some(example)) {
            collect(document, items, example, examples);
        }
    }
    if let Some(values) = schema.get("additionalProperties") {
        for (_, example) in schema::object(Some(example)) {
            collect(document, values, example, examples);
        }
    }
}
