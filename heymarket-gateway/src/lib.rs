//! The [Heymarket](https://www.heymarket.com) API on loopback, for programs in any
//! language.
//!
//! A [`Gateway`] is a server with the API's own routes. A program changes its base URL
//! and drops its code that signs. The gateway signs each request, keeps the rate limit
//! for all programs of the host, retries what may be retried, adds the `local_id` of
//! messages, and follows no redirects.
//!
//! ```no_run
//! use heymarket_api::Client;
//! use heymarket_gateway::{Gateway, Token};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let token = Token::load_or_create("gateway.token")?;
//! let gateway = Gateway::builder(Client::from_env()?, token)
//!     .ledger("gateway.db")
//!     .start("127.0.0.1:8787".parse()?)
//!     .await?;
//! println!("{}", gateway.url());
//! # Ok(())
//! # }
//! ```
//!
//! # Answers
//!
//! An answer of the API passes byte for byte, with its status and its end-to-end
//! headers. `Location` is dropped, so that no HTTP library of a caller follows a
//! redirect past the gateway. These headers are added:
//!
//! | header | value |
//! |---|---|
//! | `X-Heymarket-Attempts` | how often the request was sent |
//! | `X-Heymarket-Outcome` | `done`: the API accepted it. `not-sent`: nothing was done; the request did not leave, or the API refused it. `unknown`: it may have been done |
//! | `X-Heymarket-Local-Id` | the `local_id` of the request |
//! | `X-Heymarket-Replayed` | `true` if the answer is that of an earlier request with the same key |
//!
//! An error of the gateway's own is `application/problem+json` (RFC 9457), with a
//! `code` for programs.
//!
//! # Keys
//!
//! A request with an `Idempotency-Key` is done at most once: see [`GatewayBuilder::ledger`].
//!
//! # Features
//!
//! `tls`: connections by TLS.

mod abandon;
mod allow;
mod answer;
mod body;
mod builder;
mod error;
mod files;
mod forward;
mod gateway;
mod guard;
mod handle;
mod idempotency;
mod in_flight;
mod ledger;
mod limits;
mod metrics;
mod problem;
mod recipients;
mod report;
mod route;
mod server;
mod shared;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod webhooks;

pub use allow::Allow;
pub use builder::GatewayBuilder;
pub use error::Error;
pub use gateway::Gateway;
pub use recipients::Recipients;
pub use report::{RequestOutcome, RequestReport};
pub use token::Token;

/// The example of the README, which is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
