//! What the generated tables are made of.

use heymarket_api::Operation as ApiOperation;

/// A resource, which is a command with its operations below it.
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) operations: &'static [Operation],
}

/// An operation as a command.
pub(crate) struct Operation {
    pub(crate) operation: &'static ApiOperation,
    pub(crate) verb: &'static str,
    pub(crate) about: &'static str,
    pub(crate) description: &'static str,
    /// The vendor's page.
    pub(crate) docs: &'static str,
    pub(crate) is_deprecated: bool,
    /// Whether `--all` walks over its pages.
    pub(crate) is_paged: bool,
    pub(crate) effect: Effect,
    pub(crate) arguments: &'static [Argument],
    /// Flags of which at least one is to be given.
    pub(crate) choice: &'static [&'static str],
    /// Whether no more than one of them is.
    pub(crate) is_exclusive: bool,
    pub(crate) body: Body,
    /// The member of the answer that holds the rows of a table.
    pub(crate) items: Option<&'static str>,
    /// The columns of a table, as members of a row: `content.text`.
    pub(crate) columns: &'static [&'static str],
}

/// What is to be confirmed before an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// Somebody gets a message, now or later.
    Sends,
    /// Something is gone.
    Deletes,
    /// Many things are made or changed at once.
    Bulk,
}

/// What an operation takes as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    /// An object, whose members are flags.
    Object,
    /// Anything else, by `--body` alone.
    Free,
}

/// An argument: a flag, or of a path's parameter a word.
pub(crate) struct Argument {
    /// Without the dashes.
    pub(crate) flag: &'static str,
    /// The name that the API has for it, where the flag is another.
    pub(crate) alias: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) is_many: bool,
    pub(crate) is_required: bool,
    pub(crate) help: &'static str,
}

/// Where the value of an argument goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Path(&'static str),
    Query(&'static str),
    /// A member of the body, with what it is in before it.
    Member(&'static [&'static str]),
}

/// What an argument takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Integer,
    Boolean,
    Text,
    Phone,
    /// A time; a span alone is in the past.
    Time,
    /// A time; a span alone is in the future.
    FutureTime,
    Enum(&'static [&'static str]),
    /// Any JSON; what is none is taken as a string.
    Json,
}
