//! Tests that cross crates.

// Servers, clocks and the spec.
mod support;

// The arrows between files, folders and crates.
mod architecture;
// The generated code matches the spec, and every rule of the lint finds its mistake.
mod codegen;
// The document for other generators.
mod portable;
// What changed between two states of the spec, and how much it asks of a version.
mod diff;
// What a client records of an API that changed, and what is proposed from it.
mod observe;
// Budgets, and the document of measurements.
mod budgets;
// The published package: its links, its address, its compiler.
mod package;
// The example that gets a conversation, as a process.
mod example;
// Whole jobs, as processes against a sandbox.
mod examples;
// What the client does when the network or the server fails.
mod faults;
// Transports other than the default HTTP client.
mod transport;
// A caller's decision immediately before a request leaves.
mod approval;
// Responses and failures of every kind.
mod http;
// Every shape that a response may have.
mod shapes;
// Bodies observed on the wire.
mod payloads;
// The programs of docs/ in other languages.
mod pages;
// Walks over pages, through the client.
mod paging;
// Methods that take more than one operation.
mod shortcuts;
// The JSON Schema of every type against the spec.
mod schema;
// Credentials and tokens.
mod auth;
// Spans, events and observers, none of which shows a secret.
mod telemetry;
// Snapshots of every type and signature.
mod types;
// Requests that are refused before they are sent.
mod checks;
// Verified webhooks and their receivers.
mod webhooks;
// The request and the response of each operation.
mod wire;
// The sandbox end to end, through the client and over plain HTTP.
mod sandbox;
