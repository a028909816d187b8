//! The types of the generated command tables.

use heymarket_api::Operation as ApiOperation;

/// A resource: a command with its operations as subcommands.
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
    /// The documented number of items on a page.
    pub(crate) page_size: Option<usize>,
    /// Command lines, the shortest first.
    pub(crate) examples: &'static [&'static str],
    pub(crate) arguments: &'static [Argument],
    /// Flags of which at least one is required.
    pub(crate) choice: &'static [&'static str],
    /// Whether the flags of the choice exclude each other.
    pub(crate) is_exclusive: bool,
    pub(crate) body: Body,
    /// The member of the answer that holds the rows of a table.
    pub(crate) items: Option<&'static str>,
    /// The columns of a table, as paths into a row: `content.text`.
    pub(crate) columns: &'static [&'static str],
}

/// The body of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    /// An object whose members are flags.
    Object,
    /// Anything else, by `--body` alone.
    Free,
}

/// An argument: a flag, or the positional of a path parameter.
pub(crate) struct Argument {
    /// The flag without its dashes.
    pub(crate) flag: &'static str,
    /// The API's name, where it differs from the flag.
    pub(crate) alias: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) is_many: bool,
    pub(crate) is_required: bool,
    pub(crate) help: &'static str,
}

/// The place of an argument's value in the request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Path(&'static str),
    Query(&'static str),
    /// A member of the body, as a path.
    Member(&'static [&'static str]),
}

/// The kind of an argument's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    /// An ID, or a name that is looked up.
    Named(Entity),
    Boolean,
    Text,
    /// A text, also from a file or standard input.
    LongText,
    Phone,
    /// A phone number or an email address.
    Address,
    /// A time; a bare span is in the past.
    Time,
    /// A time; a bare span is in the future.
    FutureTime,
    Enum(&'static [&'static str]),
    /// JSON; anything else is a string.
    Json,
}

/// An entity of the account that has an ID and a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entity {
    Inbox,
    Member,
    List,
    Template,
    Survey,
    Tag,
}

impl Entity {
    /// Returns the noun with its article.
    pub(crate) fn with_article(self) -> &'static str {
        match self {
            Self::Inbox => "an inbox",
            Self::Member => "a team member",
            Self::List => "a list",
            Self::Template => "a template",
            Self::Survey => "a survey",
            Self::Tag => "a tag",
        }
    }

    /// Returns the placeholder of a value in a usage line.
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Member => "MEMBER",
            Self::List => "LIST",
            Self::Template => "TEMPLATE",
            Self::Survey => "SURVEY",
            Self::Tag => "TAG",
        }
    }

    /// Returns the command that lists all of them.
    pub(crate) fn list_command(self) -> &'static str {
        match self {
            Self::Inbox => "heymarket inboxes list",
            Self::Member => "heymarket team get",
            Self::List => "heymarket lists list",
            Self::Template => "heymarket templates list",
            Self::Survey => "heymarket surveys list",
            Self::Tag => "heymarket tags list",
        }
    }
}
