//! Everything that crosses crates.

// What the tests share: servers, a clock, the spec.
mod support;

// The arrows between files, folders and crates.
mod architecture;
// The spec: that the generated code is what it gives, and every rule of it.
mod codegen;
// The document for other generators.
mod portable;
// What must not grow unseen, and the document of the figures.
mod budgets;
// What is published: its links, its address, its compiler.
mod package;
// The main job, as a process.
mod example;
// Whole jobs, as processes against a sandbox.
mod examples;
// What the client does when the network or the server fails.
mod faults;
// What a caller decides immediately before a request leaves.
mod approval;
// Answers and failures of every kind.
mod http;
// Every shape that an answer may have.
mod shapes;
// Bodies as they were seen on the wire.
mod payloads;
// Walks over pages, through the client.
mod paging;
// The JSON Schema of every type against the spec.
mod schema;
// Credentials and tokens.
mod auth;
// Spans, events, observers, and that none shows a secret.
mod telemetry;
// Snapshots of every type and signature.
mod types;
// What is refused before it is sent.
mod checks;
// Webhooks, verified, and what receives them.
mod webhooks;
// What each operation sends, and reads.
mod wire;
// The sandbox end to end: what it remembers, its manners, and the client in it.
mod sandbox;
