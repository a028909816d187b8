//! Types of the wire that no generator writes: those that read more than one
//! shape, and what all types share.

mod check;
mod count;
mod hidden;
mod lenient;
mod members;
mod open_enum;
mod read_state;
mod reference;

pub(crate) use check::exactly_one;
pub use check::{Check, Violation};
pub use count::Count;
pub(crate) use hidden::Hidden;
pub(crate) use lenient::optional;
pub use members::ConversationMembers;
pub(crate) use open_enum::open_enum;
pub use read_state::ReadState;
pub use reference::{InboxReference, MemberReference};
