//! The memory of webhooks: which events were seen, and which wait to be handled.

mod backend;
mod delivery;
mod inbox;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use delivery::{Delivery, SetAside};
pub use inbox::{Inbox, Received};
#[cfg(feature = "postgres")]
pub use postgres::PostgresSeenEvents;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteSeenEvents;
