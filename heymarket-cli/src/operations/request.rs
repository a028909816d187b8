//! From the matches of a command to its request.

use clap::ArgMatches;
use heymarket_api::RawRequest;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::spec::{Argument, Body, Kind, Operation, Place};
use super::{body, command};
use crate::failure::Failure;

/// The request that the flags describe, with `--body` below them.
pub(super) fn build(operation: &Operation, matches: &ArgMatches) -> Result<RawRequest, Failure> {
    let mut request = RawRequest::of(operation.operation);
    let mut object = match operation.body {
        Body::None => None,
        Body::Object | Body::Free => {
            let given = matches.get_one::<String>(command::BODY);
            let given = given.map(|source| body::read(source)).transpose()?;
            Some(given.unwrap_or_else(|| Value::Object(Map::new())))
        }
    };
    for argument in operation.arguments {
        let Some(value) = value(argument, matches) else {
            continue;
        };
        match (argument.place, &mut object) {
            (Place::Path(name), _) => request = request.parameter(name, text(&value)),
            (Place::Query(name), _) => request = request.query(name, text(&value)),
            (Place::Member(path), Some(object)) => set(object, path, value)?,
            (Place::Member(_), None) => {}
        }
    }
    match object {
        None => Ok(request),
        Some(object) => {
            complete(operation, &object)?;
            Ok(request.json(object))
        }
    }
}

/// The value of an argument, unless it is not given.
fn value(argument: &Argument, matches: &ArgMatches) -> Option<Value> {
    let id = argument.flag;
    let values: Vec<Value> = match argument.kind {
        Kind::Integer => all::<i64>(matches, id, |number| (*number).into()),
        Kind::Boolean => all::<bool>(matches, id, |flag| (*flag).into()),
        Kind::Time | Kind::FutureTime => {
            all::<Timestamp>(matches, id, |time| time.to_string().into())
        }
        Kind::Json => all::<Value>(matches, id, Value::clone),
        Kind::Text | Kind::Phone | Kind::Enum(_) => {
            all::<String>(matches, id, |text| text.as_str().into())
        }
    };
    if argument.is_many {
        (!values.is_empty()).then_some(Value::Array(values))
    } else {
        values.into_iter().next_back()
    }
}

fn all<T: Clone + Send + Sync + 'static>(
    matches: &ArgMatches,
    id: &str,
    value: impl Fn(&T) -> Value,
) -> Vec<Value> {
    let values = matches.get_many::<T>(id);
    values.into_iter().flatten().map(value).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Sets a member of the body; what it is in is made where it is not there.
fn set(object: &mut Value, path: &[&str], value: Value) -> Result<(), Failure> {
    let mut place = object;
    for name in path {
        let members = place.as_object_mut().ok_or_else(|| {
            Failure::usage("flags need a --body that is an object, and objects where they go")
        })?;
        place = members
            .entry(*name)
            .or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
    Ok(())
}

/// Refuses a body without what is needed, in the words of the command line.
fn complete(operation: &Operation, body: &Value) -> Result<(), Failure> {
    let is_set = |argument: &&Argument| match argument.place {
        Place::Member(path) => {
            let mut place = Some(body);
            for name in path {
                place = place.and_then(|place| place.get(*name));
            }
            place.is_some()
        }
        Place::Path(_) | Place::Query(_) => true,
    };
    let missing: Vec<&str> = operation
        .arguments
        .iter()
        .filter(|argument| argument.is_required && !is_set(argument))
        .map(|argument| argument.flag)
        .collect();
    if !missing.is_empty() {
        return Err(Failure::usage(format!(
            "{} is needed, as a flag or in --body",
            command::flags(&missing)
        )));
    }
    let chosen: Vec<&str> = operation
        .arguments
        .iter()
        .filter(|argument| operation.choice.contains(&argument.flag))
        .filter(is_set)
        .map(|argument| argument.flag)
        .collect();
    match chosen.as_slice() {
        _ if operation.choice.is_empty() => Ok(()),
        [_] => Ok(()),
        [_, ..] if !operation.is_exclusive => Ok(()),
        [] => Err(Failure::usage(format!(
            "one of {} is needed",
            command::flags(operation.choice)
        ))),
        several => Err(Failure::usage(format!(
            "only one of {} may be given",
            command::flags(several)
        ))),
    }
}
