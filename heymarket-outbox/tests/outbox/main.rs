//! The outbox against the sandbox.

#![cfg(feature = "sqlite")]

/// Whether the outboxes of these tests are in PostgreSQL; `postgres.rs` runs most
/// of them once more.
const IS_POSTGRES: bool = false;

// A sandbox, an outbox, a client and a fast clock.
mod support;

// What a plan keeps and refuses, and planning again.
mod plans;
// What is sent, and what each answer makes of a recipient.
mod runs;
// Templates, media, and the quiet hours of an inbox.
mod contents;
// A token that is refused, and what happens until the next one.
mod tokens;
// Whatever ends a run, nothing is sent twice.
mod crashes;
// The limit holds across runs, by what the file notes.
mod limits;
// Who is not texted.
mod consent;
// When nothing is sent.
mod windows;
// One message to a list.
mod lists;
// What people see and decide, and what is forgotten.
mod reports;
// The file: private, foreign, damaged, full.
mod files;
// A file or its folder that is read-only.
mod read_only;
