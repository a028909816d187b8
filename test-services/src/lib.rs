//! PostgreSQL and Redis for tests: real servers on free ports of this machine, in
//! temporary folders, stopped at the end.
//!
//! `cargo xtask services` starts one of each, which all tests share. A test gets a
//! database by [`postgres`] and a prefix for its keys by [`redis`]. A test that stops or
//! restarts a server starts one of its own by [`private_postgres`] or [`private_redis`],
//! and cuts its network by a [`Proxy`].
//!
//! Without the shared servers these functions return `None` and name the test that is
//! left out. In CI (`CI` is set) they panic instead:
//!
//! ```no_run
//! let Some(database) = heymarket_test_services::postgres() else {
//!     return;
//! };
//! println!("{}", database.url());
//! ```

mod error;
mod postgres;
mod process;
mod program;
mod proxy;
mod psql;
mod redis;
mod shared;

pub use error::Error;
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use redis::Redis;
pub use shared::{
    Database, POSTGRES, REDIS, RedisKeys, left_out, postgres, private_postgres, private_redis,
    redis,
};
