//! Types that are written by hand because they decode several shapes, and the code that
//! all generated types share.

mod address;
mod check;
mod count;
mod create_contacts;
mod email_recipient;
mod follow_up;
mod gallery;
mod hidden;
pub(crate) mod id;
mod identifier;
mod inboxes;
mod incomplete;
mod integer;
mod invited;
mod json_schema;
mod lenient;
mod members;
pub(crate) mod object;
mod open_enum;
mod phone;
mod read_state;
mod receivers;
mod reference;
mod template_reference;
mod time;
mod undocumented;
pub(crate) mod unknown_values;

pub use address::Address;
pub use check::{Check, Violation};
pub(crate) use check::{at_least_one, exactly_one, item_count, schedule_time};
pub use count::Count;
pub use create_contacts::CreateContactsResult;
pub use email_recipient::EmailRecipient;
pub use gallery::Gallery;
pub(crate) use hidden::Hidden;
pub(crate) use id::id;
pub use identifier::Identifier;
pub use inboxes::Inboxes;
pub use incomplete::Incomplete;
pub(crate) use integer::integer;
#[cfg(feature = "client")]
pub(crate) use integer::whole_number;
pub use invited::Invited;
pub(crate) use json_schema::json_schema;
pub use members::ConversationMembers;
pub(crate) use open_enum::open_enum;
pub use phone::Phone;
pub use read_state::ReadState;
pub use reference::{InboxReference, MemberReference};
pub use template_reference::TemplateReference;
pub use undocumented::UndocumentedResult;
