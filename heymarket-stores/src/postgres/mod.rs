//! Connections to PostgreSQL, and the tables of this crate.

mod connect;
mod failure;
mod schema;

pub(crate) use connect::Postgres;
pub(crate) use failure::failed;
