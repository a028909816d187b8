//! The outbox in PostgreSQL, against the sandbox: the tests of `main.rs`, but for
//! those of the file and of the limit that it notes; and those of several workers.

/// Whether the outboxes of these tests are in PostgreSQL.
const IS_POSTGRES: bool = true;

// A sandbox, an outbox, a client and a fast clock.
mod support;

// What a plan keeps and refuses, and planning again.
mod plans;
// What is sent, and what each answer makes of a recipient.
mod runs;
// A token that is refused, and what happens until the next one.
mod tokens;
// Whatever ends a run, nothing is sent twice.
mod crashes;
// Who is not texted.
mod consent;
// When nothing is sent.
mod windows;
// One message to a list.
mod lists;
// What people see and decide, and what is forgotten.
mod reports;
// Several at once, and dead ones.
mod workers;
// A server that is away, slow, newer, or created by many at once.
mod servers;
