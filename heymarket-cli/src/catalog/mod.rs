//! The commands of the operations of the API, as codegen writes them.

pub(crate) mod spec;

use crate::generated::commands::RESOURCES;
use spec::{Operation, Resource};

/// Returns all resources.
pub(crate) fn resources() -> &'static [Resource] {
    RESOURCES
}

/// Returns the resource of a name.
pub(crate) fn resource(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}

/// Returns the command of an operation of the API.
pub(crate) fn of_id(id: &str) -> Option<&'static Operation> {
    let mut operations = RESOURCES.iter().flat_map(|resource| resource.operations);
    operations.find(|operation| operation.operation.id() == id)
}
