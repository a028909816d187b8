//! The memory of webhooks: which events were seen, and which wait to be handled.

mod backend;
mod delivery;
mod inbox;
#[cfg(feature = "postgres")]
mod postgres;
mod received;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_keys;

pub use delivery::{Delivery, SetAside};
pub use inbox::Inbox;
#[cfg(feature = "postgres")]
pub use postgres::PostgresSeenEvents;
pub use received::Received;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteSeenEvents;
