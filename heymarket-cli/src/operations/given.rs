//! The arguments that were given, and the request that they describe.

use clap::ArgMatches;
use heymarket_api::RawRequest;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::value::{self, Given};
use super::{body, command};
use crate::catalog::spec::{Argument, Body, Kind, Operation, Place};
use crate::failure::Failure;
use crate::session::Session;

/// The arguments of an operation that were given, before names are looked up.
pub(super) struct Arguments {
    operation: &'static Operation,
    values: Vec<(&'static Argument, Vec<Given>)>,
    body: Option<Value>,
}

impl Arguments {
    /// Reads the matches of a command, and its `--body`.
    pub(super) fn read(
        operation: &'static Operation,
        matches: &ArgMatches,
    ) -> Result<Self, Failure> {
        let body = match operation.body {
            Body::None => None,
            Body::Object | Body::Free => {
                let given = matches.get_one::<String>(command::BODY);
                let given = given.map(|source| body::read(source)).transpose()?;
                Some(given.unwrap_or_else(|| Value::Object(Map::new())))
            }
        };
        let values = operation.arguments.iter();
        let values = values.map(|argument| (argument, of_matches(argument, matches)));
        Ok(Self {
            operation,
            values: values.filter(|(_, values)| !values.is_empty()).collect(),
            body,
        })
    }

    /// Adds a value of an argument.
    pub(super) fn add(&mut self, argument: &'static Argument, value: Given) {
        self.values.push((argument, vec![value]));
    }

    /// Returns whether an argument is given, by its flag or in the body.
    fn is_given(&self, argument: &Argument) -> bool {
        let is_flag = |(given, _): &(&Argument, Vec<Given>)| std::ptr::eq(*given, argument);
        if self.values.iter().any(is_flag) {
            return true;
        }
        let Place::Member(path) = argument.place else {
            return false;
        };
        let mut place = self.body.as_ref();
        for name in path {
            place = place.and_then(|place| place.get(*name));
        }
        place.is_some()
    }

    /// Returns the required arguments that are missing.
    pub(super) fn missing(&self) -> Vec<&'static Argument> {
        let arguments = self.operation.arguments.iter();
        arguments
            .filter(|argument| argument.is_required && !self.is_given(argument))
            .collect()
    }

    /// Returns the arguments of which one is required, if none of them is given.
    ///
    /// # Errors
    ///
    /// Returns a usage error if several are given that exclude each other.
    pub(super) fn missing_choice(&self) -> Result<Vec<&'static Argument>, Failure> {
        let choice: Vec<&Argument> = self
            .operation
            .choice
            .iter()
            .filter_map(|flag| {
                let mut arguments = self.operation.arguments.iter();
                arguments.find(|argument| argument.flag == *flag)
            })
            .collect();
        let given: Vec<&str> = choice
            .iter()
            .filter(|argument| self.is_given(argument))
            .map(|argument| argument.flag)
            .collect();
        match given.as_slice() {
            [] => Ok(choice),
            [_, _, ..] if self.operation.is_exclusive => Err(Failure::usage(format!(
                "{} exclude each other; give one of them",
                command::flags(&given)
            ))),
            _ => Ok(Vec::new()),
        }
    }

    /// Returns the request, with the IDs of names.
    ///
    /// # Errors
    ///
    /// Returns a usage error if a name is unknown or a phone number is invalid.
    pub(super) async fn request(self, session: &mut Session<'_>) -> Result<RawRequest, Failure> {
        let mut request = RawRequest::of(self.operation.operation);
        let mut object = self.body;
        for (argument, values) in self.values {
            let value = finished(session, argument, values).await?;
            match (argument.place, &mut object) {
                (Place::Path(name), _) => request = request.parameter(name, text(&value)),
                (Place::Query(name), _) => request = request.query(name, text(&value)),
                (Place::Member(path), Some(object)) => set(object, path, value)?,
                (Place::Member(_), None) => {}
            }
        }
        Ok(match object {
            None => request,
            Some(object) => request.json(object),
        })
    }
}

/// Returns the values of an argument.
fn of_matches(argument: &Argument, matches: &ArgMatches) -> Vec<Given> {
    let id = argument.flag;
    match argument.kind {
        Kind::Integer => all::<i64>(matches, id, |number| Given::Value((*number).into())),
        Kind::Boolean => all::<bool>(matches, id, |flag| Given::Value((*flag).into())),
        Kind::Time => all::<Timestamp>(matches, id, |time| Given::Value(value::of_time(*time))),
        Kind::FutureTime => all(matches, id, |time| Given::Scheduled(*time)),
        Kind::Json => all::<Value>(matches, id, |value| Given::Value(value.clone())),
        Kind::Text | Kind::Enum(_) => {
            all::<String>(matches, id, |text| Given::Value(text.as_str().into()))
        }
        Kind::Named(_) | Kind::LongText | Kind::Phone | Kind::Address => {
            all::<String>(matches, id, |text| Given::Text(text.clone()))
        }
    }
}

fn all<T: Clone + Send + Sync + 'static>(
    matches: &ArgMatches,
    id: &str,
    value: impl Fn(&T) -> Given,
) -> Vec<Given> {
    let values = matches.get_many::<T>(id);
    values.into_iter().flatten().map(value).collect()
}

/// Returns the value of an argument as the API takes it.
async fn finished(
    session: &mut Session<'_>,
    argument: &Argument,
    values: Vec<Given>,
) -> Result<Value, Failure> {
    let mut finished = Vec::new();
    for value in values {
        finished.push(match value {
            Given::Value(value) => value,
            Given::Scheduled(scheduled) => {
                if let Some(notice) = scheduled.notice() {
                    session.context.terminal.notice(&notice);
                }
                value::of_time(scheduled.time)
            }
            Given::Text(text) => of_text(session, argument, &text).await?,
        });
    }
    Ok(if argument.is_many {
        Value::Array(finished)
    } else {
        finished.pop().unwrap_or_default()
    })
}

async fn of_text(
    session: &mut Session<'_>,
    argument: &Argument,
    text: &str,
) -> Result<Value, Failure> {
    let named = |failure| match failure {
        Failure::Usage(problem) => Failure::usage(format!("--{}: {problem}", argument.flag)),
        other => other,
    };
    Ok(match argument.kind {
        Kind::Named(entity) => session.id(entity, text).await.map_err(named)?.into(),
        Kind::Phone => session.phone(text).map_err(named)?.into(),
        Kind::Address => session.address(text).map_err(named)?.into(),
        Kind::LongText => value::long_text(argument.flag, text)?.into(),
        _ => text.into(),
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Sets a member of the body, and creates the objects around it.
fn set(object: &mut Value, path: &[&str], value: Value) -> Result<(), Failure> {
    let mut place = object;
    for name in path {
        let members = place.as_object_mut().ok_or_else(|| {
            Failure::usage(
                "flags cannot be combined with a --body that has no object in their place",
            )
        })?;
        place = members
            .entry(*name)
            .or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
    Ok(())
}
