//! The built binary, as its users run it.
//!
//! It is a test of this crate since only that knows where its binary is.

mod api;
mod auth; // profiles, and secrets that are not seen
mod bulk; // planned, killed, sent on
mod commands; // every operation of the spec is a command
mod completion;
mod contacts;
mod doctor;
mod escapes; // what would act on a terminal
mod examples; // of every help
mod exit_codes;
mod export; // killed in the middle, and resumed
mod gateway; // killed between a send and its answer
mod help;
mod listen; // with trigger
mod mcp; // agents
mod names;
mod output;
mod pages; // the sessions in README.md and docs/
mod safety;
mod sandbox;
mod screens; // what a terminal shows
mod shared_limit; // of several gateways
mod support;
mod tasks; // the command lines of docs/tasks.md
mod terminal; // on a pseudo-terminal
mod times;
mod worker; // several at once
