//! SQLite files: private, and shared by the processes of one machine.

mod connect;
mod file;

pub(crate) use connect::Sqlite;
