//! Connections to PostgreSQL, and the tables of this crate.

mod connect;
mod failure;
mod pool;
mod schema;

pub(crate) use connect::{CONNECT_TIMEOUT, Postgres};
pub(crate) use failure::failed;
pub(crate) use pool::Pool;
