//! Parses YAML into JSON values, and keeps the position of each.
//!
//! saphyr parses the text. The loader on top is part of this project, because it
//! must report *every* key that is defined twice, with both positions, and keep
//! the position of every value for the lint.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Number, Value};

/// A place in a source file, both numbers from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A key that a mapping has twice.
#[derive(Debug)]
pub(crate) struct DuplicateKey {
    pub(crate) key: String,
    pub(crate) first: Position,
    pub(crate) second: Position,
}

/// A document, with the position of every value by JSON pointer.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) positions: BTreeMap<String, Position>,
    pub(crate) duplicates: Vec<DuplicateKey>,
}

/// Why a text is not a document.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) position: Position,
    pub(crate) message: String,
}

/// Deeper than any sensible spec, and far below the limit of the stack.
const MAX_DEPTH: usize = 100;

/// Parses a text with one YAML document.
pub(crate) fn parse(text: &str) -> Result<Document, SyntaxError> {
    let mut loader = Loader {
        parser: Parser::new_from_str(text),
        document: Document::default(),
    };
    loader.document.value = loader.document()?;
    Ok(loader.document)
}

/// Escapes a key for a JSON pointer.
pub(crate) fn escape_pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

struct Loader<'text> {
    parser: Parser<'text, saphyr_parser::StrInput<'text>>,
    document: Document,
}

impl<'text> Loader<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Position), SyntaxError> {
        match self.parser.next() {
            Some(Ok((event, span))) => Ok((event, position(span))),
            Some(Err(error)) => Err(SyntaxError {
                position: Position {
                    line: error.marker().line(),
                    column: error.marker().col() + 1,
                },
                message: format!("invalid YAML: {}", error.info()),
            }),
            None => Ok((Event::StreamEnd, Position::default())),
        }
    }

    fn document(&mut self) -> Result<Value, SyntaxError> {
        let mut value = Value::Null;
        let mut documents = 0;
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(value),
                Event::Nothing
                | Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
                other => {
                    documents += 1;
                    if documents > 1 {
                        return Err(refused(at, "a second document in one file"));
                    }
                    value = self.value(other, at, String::new(), 0)?;
                }
            }
        }
    }

    fn value(
        &mut self,
        event: Event<'text>,
        at: Position,
        pointer: String,
        depth: usize,
    ) -> Result<Value, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(refused(at, "nesting deeper than 100 levels"));
        }
        self.document.positions.insert(pointer.clone(), at);
        match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => Err(refused(at, "a YAML tag")),
            Event::Alias(_) => Err(refused(at, "a YAML alias (use `$ref`)")),
            Event::Scalar(text, style, ..) => Ok(scalar(&text, style)),
            Event::SequenceStart(..) => self.sequence(&pointer, depth),
            Event::MappingStart(..) => self.mapping(&pointer, depth),
            _ => Err(refused(at, "something that is not a value")),
        }
    }

    fn sequence(&mut self, pointer: &str, depth: usize) -> Result<Value, SyntaxError> {
        let mut items = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::Array(items));
            }
            let pointer = format!("{pointer}/{}", items.len());
            items.push(self.value(event, at, pointer, depth + 1)?);
        }
    }

    fn mapping(&mut self, pointer: &str, depth: usize) -> Result<Value, SyntaxError> {
        let mut members = Map::new();
        let mut keys = BTreeMap::new();
        loop {
            let (event, at) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(refused(at, "a key that is not a string")),
            };
            let child = format!("{pointer}/{}", escape_pointer(&key));
            let (event, value_at) = self.next()?;
            let value = self.value(event, value_at, child.clone(), depth + 1)?;
            // A finding about a member points at its key, not past it.
            self.document.positions.insert(child, at);
            if let Some(first) = keys.insert(key.clone(), at) {
                self.document.duplicates.push(DuplicateKey {
                    key,
                    first,
                    second: at,
                });
            } else {
                members.insert(key, value);
            }
        }
    }
}

fn position(span: Span) -> Position {
    Position {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

fn refused(position: Position, what: &str) -> SyntaxError {
    SyntaxError {
        position,
        message: format!("{what} is not accepted in a spec file"),
    }
}

/// Returns the value of a scalar by the YAML 1.2 core schema.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Value::Number(integer.into());
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    if let Some(number) = numeric
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .and_then(Number::from_f64)
    {
        return Value::Number(number);
    }
    Value::String(text.to_owned())
}
