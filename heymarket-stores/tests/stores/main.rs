//! The stores on real servers: `cargo xtask services -- cargo test -p heymarket-stores`.

// A server that counts requests, and limits on both stores.
mod support;

// The memory of events on every store.
mod events;
// The inbox on every store.
mod inbox;
// The contract of limiters, and what two clients share.
mod limit;
// Servers that restart, forget or cannot be reached.
mod outages;
// The receiver of the examples, killed at random.
mod receiver;
// Worker processes that are killed while stores fail.
mod workers;
