//! The mutations: one function for each kind of change that a person makes to the
//! spec. Each picks its place at random.

mod members;
mod operations;
mod parameters;
mod pick;
mod server;
mod values;

use fastrand::Rng;
use serde_json::Value;

use super::edit::Mutation;
use super::places::Places;
use pick::Drawn;

/// A kind of mutation.
type Mutate = fn(&Places<'_>, &mut Rng) -> Drawn;

/// All kinds, with how often each is drawn.
const KINDS: &[(&str, u32, Mutate)] = &[
    ("an operation is added", 3, operations::add_operation),
    ("an operation is removed", 2, operations::remove_operation),
    ("an operation is renamed", 1, operations::rename_operation),
    ("an operation has another path", 2, operations::change_path),
    (
        "an operation has another method",
        1,
        operations::change_method,
    ),
    (
        "an operation has another safety",
        3,
        operations::change_safety,
    ),
    ("an operation is deprecated", 2, operations::deprecate),
    (
        "an operation is described again",
        3,
        operations::describe_operation,
    ),
    ("a walk is renamed", 1, operations::rename_walk),
    ("a walk is removed", 1, operations::remove_walk),
    (
        "an optional parameter is added",
        4,
        parameters::add_optional_parameter,
    ),
    (
        "a required parameter is added",
        1,
        parameters::add_required_parameter,
    ),
    ("a parameter is removed", 1, parameters::remove_parameter),
    ("a parameter is renamed", 1, parameters::rename_parameter),
    (
        "a parameter is required, or optional",
        1,
        parameters::change_parameter,
    ),
    (
        "a response has another type",
        2,
        operations::change_response,
    ),
    ("a failure is documented", 2, operations::document_failure),
    (
        "a member of a response is added",
        5,
        members::add_response_member,
    ),
    (
        "a member of a request is added",
        5,
        members::add_request_member,
    ),
    (
        "a required member of a request is added",
        2,
        members::add_required_member,
    ),
    ("a member is removed", 4, members::remove_member),
    ("a member is renamed", 2, members::rename_member),
    ("a member has another type", 4, members::change_type),
    ("a member is described again", 3, members::describe_member),
    (
        "a member of a request becomes required",
        2,
        members::require_member,
    ),
    (
        "a member of a request becomes optional",
        2,
        members::free_member,
    ),
    ("a member may be null, or not", 2, members::change_null),
    ("a value is added", 4, values::add_value),
    ("a value is removed", 3, values::remove_value),
    ("an alias is added", 2, values::add_alias),
    ("a member is hidden", 2, members::hide_member),
    ("a member is shown", 2, members::show_member),
    ("a limit is narrower", 3, values::narrow_limit),
    ("a limit is wider", 3, values::widen_limit),
    ("a choice of members is wider", 2, values::widen_choice),
    ("a choice of members is narrower", 2, values::narrow_choice),
    ("a type is added", 3, members::add_type),
    ("an event is removed", 1, server::remove_event),
    ("an event has another topic", 1, server::change_event),
    ("the server has another address", 1, server::move_server),
    ("the limit of requests changes", 1, server::change_rate),
];

/// Draws a mutation.
pub(super) fn draw(document: &Value, rng: &mut Rng) -> Mutation {
    let places = Places::of(document);
    let total: u32 = KINDS.iter().map(|(_, weight, _)| weight).sum();
    loop {
        let mut at = rng.u32(0..total);
        for (kind, weight, mutate) in KINDS {
            if at < *weight {
                if let Some((place, edits)) = mutate(&places, rng) {
                    return Mutation { kind, place, edits };
                }
                break;
            }
            at -= weight;
        }
    }
}
