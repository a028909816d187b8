//! A [Model Context Protocol](https://modelcontextprotocol.io) server for the
//! [Heymarket](https://www.heymarket.com) business text-messaging API.
//!
//! An agent finds conversations, reads threads, looks up contacts and drafts messages.
//! By default the server only reads. A tool that is not allowed is not registered.
//!
//! ```no_run
//! use heymarket_api::Client;
//! use heymarket_mcp::Server;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder(Client::from_env()?)
//!     .allow_sends(true)
//!     .recipients(["15550100101"])
//!     .build()?;
//! server.serve_stdio().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Sending
//!
//! A message is sent in two steps. `draft_message` shows what would be sent, to whom and
//! from where, and returns a token. `send_draft` takes that token and nothing else, once,
//! for ten minutes. The token is an HMAC of the request's body and its `local_id`, so the
//! message that was shown is the one that is sent. A client that supports elicitation
//! asks its user before the message leaves. A message to many is only ever planned.
//!
//! # What others wrote
//!
//! Customers write texts and names that an agent reads. Every result encloses them
//! in delimiters that are new in each result, so that no text can close them, and texts
//! of messages name their author.
//!
//! # Logs
//!
//! This crate logs nothing. rmcp, which carries the protocol, writes whole messages at the
//! levels debug and info: leave its target out of the subscriber.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `http` | yes | [`Server::serve_http`]: streamable HTTP, on loopback |

mod access;
mod arguments;
mod catalog;
mod drafts;
mod error;
mod handler;
#[cfg(feature = "http")]
mod http_server;
#[cfg(feature = "http")]
mod listener;
mod marking;
mod server;
mod spec;
mod streams;
mod tools;

pub use error::{Error, ErrorKind};
pub use server::{Server, ServerBuilder, ToolResult};

/// The example of the README, which is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
