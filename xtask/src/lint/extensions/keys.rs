//! The extensions that codegen reads: where each may stand, and which values it
//! may have.

use serde_json::{Map, Value};

use crate::schema;
use crate::webhooks;

/// How safe an operation is to repeat, the safest first.
pub(super) const SAFETIES: [&str; 4] = ["read", "idempotent", "keyed", "unsafe"];

const EVIDENCE: &[&str] = &[
    "seed", "g0", "g1", "g2", "help", "sampled", "used", "inferred",
];
const PAGING_NAMES: [&str; 6] = ["ascending", "cursor", "from", "limit", "page", "walk"];
const PAGING_NUMBERS: [&str; 3] = ["first", "size", "tick_seconds"];

/// What carries an extension.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Webhook,
    Operation,
    Component,
    Response,
    Property,
    /// The items of a list.
    Items,
    Parameter,
    /// The schema of a parameter.
    ParameterSchema,
    Elsewhere,
}

/// The values that an extension may have.
pub(super) enum Form {
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list of some of these texts.
    SomeOf(&'static [&'static str]),
    /// What a function accepts, given the value and what carries it; and how to
    /// describe it.
    Accepted(fn(&Value, &Value) -> bool, &'static str),
}

/// An extension.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) places: &'static [Place],
    /// The places in words.
    pub(super) carrier: &'static str,
    form: Form,
}

impl Key {
    pub(super) fn accepts(&self, value: &Value, carrier: &Value) -> bool {
        let is_one_of = |allowed: &[&str], value: &Value| {
            value.as_str().is_some_and(|it| allowed.contains(&it))
        };
        match self.form {
            Form::OneOf(allowed) => is_one_of(allowed, value),
            Form::SomeOf(allowed) => value.as_array().is_some_and(|some| {
                !some.is_empty() && some.iter().all(|it| is_one_of(allowed, it))
            }),
            Form::Accepted(accepts, _) => accepts(value, carrier),
        }
    }

    /// The values that it may have, in words.
    pub(super) fn wanted(&self) -> String {
        match self.form {
            Form::OneOf(allowed) => format!("one of {}", allowed.join(", ")),
            Form::SomeOf(allowed) => format!("a list of {}", allowed.join(", ")),
            Form::Accepted(_, wanted) => wanted.to_owned(),
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "x-safety",
        places: &[Place::Operation],
        carrier: "an operation",
        form: Form::OneOf(&SAFETIES),
    },
    Key {
        name: "x-evidence",
        places: &[
            Place::Operation,
            Place::Property,
            Place::Response,
            Place::Webhook,
        ],
        carrier: "an operation, a webhook, a shared response or a property",
        form: Form::SomeOf(EVIDENCE),
    },
    Key {
        name: "x-sensitive",
        places: &[Place::Property],
        carrier: "a property",
        form: Form::OneOf(&["secret", "personal", "content"]),
    },
    Key {
        name: schema::WEBHOOKS,
        places: &[Place::Root],
        carrier: "the document, by openapi/webhooks.yaml",
        form: Form::Accepted(
            |value, _| value.is_object(),
            "a mapping with one member for each event type",
        ),
    },
    Key {
        name: schema::REQUESTS_PER_MINUTE,
        places: &[Place::Root],
        carrier: "the document",
        form: Form::Accepted(
            |value, document| {
                let text = document.pointer("/info/description");
                let text = text.and_then(Value::as_str).unwrap_or_default();
                let requests = value.as_u64().filter(|requests| *requests > 0);
                requests.is_some_and(|requests| text.contains(&requests.to_string()))
            },
            "the number that `info.description` names",
        ),
    },
    Key {
        name: webhooks::EVENT,
        places: &[Place::Webhook],
        carrier: "a webhook",
        form: Form::Accepted(
            |value, _| value.as_object().is_some_and(is_event),
            "`{variant: …, dedupe: …}`, with `topic` where several types are states of one thing; \
             ARCHITECTURE.md lists the values of `dedupe`",
        ),
    },
    Key {
        name: "x-open-enum",
        places: &[Place::Component],
        carrier: "a component schema",
        form: Form::Accepted(
            |value, carrier| is_true(value) && carrier.get("enum").is_some(),
            "`true`, beside `type: string` and `enum`",
        ),
    },
    Key {
        name: schema::SAFETY_BY_TARGET,
        places: &[Place::Operation],
        carrier: "an operation",
        form: Form::Accepted(
            |value, _| value.as_object().is_some_and(is_safety_by_target),
            "`{member: {safety: …, trusted: …, promise: …}}`, `trusted` no less safe than `safety`",
        ),
    },
    Key {
        name: schema::INFERRED,
        places: &[Place::Component],
        carrier: "an open enum",
        form: Form::Accepted(are_values, "a list of values of its `enum`"),
    },
    Key {
        name: schema::ALIASES,
        places: &[Place::Component],
        carrier: "an open enum",
        form: Form::Accepted(
            are_aliases,
            "`{other spelling: value}`, both of them values of its `enum`",
        ),
    },
    Key {
        name: "x-wire",
        places: &[Place::Component],
        carrier: "a component schema",
        form: Form::Accepted(|value, _| is_true(value), "`true`"),
    },
    Key {
        name: "x-check",
        places: &[Place::Property],
        carrier: "a property",
        form: Form::OneOf(&["schedule-time"]),
    },
    Key {
        name: "x-effect",
        places: &[Place::Operation],
        carrier: "an operation",
        form: Form::OneOf(&["sends", "deletes", "bulk"]),
    },
    Key {
        name: schema::REPLACED_BY,
        places: &[Place::Operation],
        carrier: "a deprecated operation",
        form: Form::Accepted(
            |value, carrier| value.is_string() && schema::flag(carrier, "deprecated"),
            "the operation to use instead, beside `deprecated: true`",
        ),
    },
    Key {
        name: "x-flag",
        places: &[Place::Property, Place::Parameter],
        carrier: "a property or a parameter",
        form: Form::Accepted(
            |value, _| value.as_str().is_some_and(is_flag),
            "a name of small letters, with `-` between words",
        ),
    },
    Key {
        name: schema::ID,
        places: &[Place::Property, Place::Items, Place::ParameterSchema],
        carrier: "a property, the items of a list, or the schema of a parameter",
        form: Form::Accepted(
            |value, carrier| {
                let text = |key: &str| carrier.get(key).and_then(Value::as_str);
                let is_integer = text("type") == Some("integer") && text("format") == Some("int64");
                is_integer && value.as_str().is_some_and(is_id)
            },
            "the name of a type, such as `InboxId`, beside `type: integer` and `format: int64`",
        ),
    },
    Key {
        name: schema::RUST_NAME,
        places: &[Place::Property],
        carrier: "a property",
        form: Form::Accepted(
            |value, _| value.as_str().is_some_and(is_field),
            "a name of small letters, with `_` between words",
        ),
    },
    Key {
        name: schema::SHORTCUT,
        places: &[Place::Operation],
        carrier: "an operation",
        form: Form::Accepted(
            |value, _| value.as_str().is_some_and(is_field),
            "the argument of the method, in small letters with `_` between words",
        ),
    },
    Key {
        name: "x-columns",
        places: &[Place::Component],
        carrier: "a component schema",
        form: Form::Accepted(
            |value, _| {
                let names = value.as_array();
                names.is_some_and(|names| !names.is_empty() && names.iter().all(Value::is_string))
            },
            "a list of names of its properties",
        ),
    },
    Key {
        name: "x-paging",
        places: &[Place::Operation],
        carrier: "an operation",
        form: Form::Accepted(
            |value, _| value.as_object().is_some_and(is_paging),
            "`{walk: …, cursor: …, from: …, size: …}`, `{walk: …, page: …, first: …}` or both, with \
             `limit`, `ascending` and `tick_seconds` where they apply",
        ),
    },
];

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true)
}

/// Whether every item of a list is a value of an open enum.
fn are_values(list: &Value, carrier: &Value) -> bool {
    let values: Vec<_> = schema::strings(carrier.get("enum")).collect();
    let is_value = |one: &Value| one.as_str().is_some_and(|one| values.contains(&one));
    let list = schema::array(Some(list));
    schema::flag(carrier, "x-open-enum") && !list.is_empty() && list.iter().all(is_value)
}

/// Whether each key and each value is a value of an open enum.
fn are_aliases(aliases: &Value, carrier: &Value) -> bool {
    let values: Vec<&str> = schema::strings(carrier.get("enum")).collect();
    let is_value = |text: &str| values.contains(&text);
    schema::flag(carrier, "x-open-enum")
        && aliases.as_object().is_some_and(|aliases| {
            let mut pairs = aliases.iter();
            pairs.all(|(key, value)| is_value(key) && value.as_str().is_some_and(is_value))
        })
}

fn is_flag(name: &str) -> bool {
    name.split('-').all(|word| {
        let is_of_flag = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        !word.is_empty() && word.chars().all(is_of_flag)
    })
}

/// Whether a name can be that of a field.
fn is_field(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && is_flag(&name.replace('_', "-"))
}

/// Whether a name can be that of the type of an ID.
fn is_id(name: &str) -> bool {
    let noun = name.strip_suffix("Id").unwrap_or_default();
    !noun.is_empty() && heck::ToUpperCamelCase::to_upper_camel_case(name) == name
}

fn is_event(event: &Map<String, Value>) -> bool {
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    let is_known = |key: &String| ["variant", "dedupe", "topic"].contains(&key.as_str());
    let is_name = |topic: &str| is_flag(&topic.replace('_', "-"));
    let has_variant = text("variant").is_some_and(|variant| {
        variant != "Unknown" && heck::ToUpperCamelCase::to_upper_camel_case(variant) == variant
    });
    let is_class = |class: &str| {
        webhooks::DEDUPE_CLASSES
            .iter()
            .any(|(known, _)| *known == class)
    };
    event.keys().all(is_known)
        && has_variant
        && text("dedupe").is_some_and(is_class)
        && event
            .get("topic")
            .is_none_or(|topic| topic.as_str().is_some_and(is_name))
}

fn is_safety_by_target(targets: &Map<String, Value>) -> bool {
    let rank = |target: &Value, key: &str| {
        let safety = target.get(key)?.as_str()?;
        SAFETIES.iter().position(|known| *known == safety)
    };
    !targets.is_empty()
        && targets.values().all(|target| {
            let has_promise = target.get("promise").is_some_and(Value::is_string);
            let ranks = rank(target, "safety").zip(rank(target, "trusted"));
            let is_whole = target.as_object().is_some_and(|target| target.len() == 3);
            has_promise && is_whole && ranks.is_some_and(|(safety, trusted)| trusted <= safety)
        })
}

fn is_paging(paging: &Map<String, Value>) -> bool {
    let is_known = paging.iter().all(|(key, value)| {
        let key = key.as_str();
        (PAGING_NAMES.contains(&key) && value.is_string())
            || (PAGING_NUMBERS.contains(&key) && value.is_u64())
    });
    let has = |key: &str| paging.contains_key(key);
    let by_cursor = has("cursor") && has("from") && has("size");
    let by_page = has("page") && has("first");
    let is_whole = has("cursor") == by_cursor && has("page") == by_page;
    is_known && has("walk") && is_whole && (by_cursor || by_page)
}
