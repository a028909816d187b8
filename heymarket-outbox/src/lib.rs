//! Bulk texts through the Heymarket API, each sent once, whatever crashes.
//!
//! A batch is planned first: each recipient of a stream becomes a row of a
//! ledger in SQLite, or is refused with a reason. Then it is sent. The ledger
//! says of every message that it is attempted before its request leaves, so a
//! crash at any moment leaves nothing in doubt that a lookup in the message
//! history does not settle, and nothing is sent twice.
//!
//! ```no_run
//! use heymarket_api::Client;
//! use heymarket_api::types::{InboxId, MemberId};
//! use heymarket_outbox::{Batch, Outbox, Recipients};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let outbox = Outbox::open("outbox.db")?;
//! let batch = Batch::new("july", InboxId(41001), MemberId(50001))
//!     .text("Hi {{first}}, see you {{time}}.")
//!     .window("09:00-20:00".parse()?)
//!     .country("US");
//! println!("{}", outbox.plan(&batch, Recipients::open("reminders.csv")?).await?);
//! let mut run = outbox.run(&Client::from_env()?);
//! while let Some(event) = run.next().await {
//!     println!("{}", event?);
//! }
//! println!("{}", outbox.status("july").await?.counts);
//! # Ok(())
//! # }
//! ```
//!
//! That program can be started again after anything: planning the same batch
//! again changes nothing, and the run goes on where the last one ended.
//!
//! # What is promised
//!
//! - No message is sent twice, unless the batch asks for it with
//!   [`Unknown::ResendAfter`] and the history lags by more than that.
//! - No recipient is lost: each ends in a [`State`] with a [`Reason`].
//! - No one who opted out is texted, as far as the outbox knows: by
//!   [`record_event`](Outbox::record_event), by an import or by the API.
//! - Nothing is sent outside of the batch's window.
//! - The API's limit is shared with the client's other requests, which go first.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `sqlite` | yes | `Outbox::open`: the ledger in a SQLite file, for one machine |
//! | `postgres` | no | `Outbox::connect`: the ledger in PostgreSQL, for any number of machines |

#![cfg_attr(
    not(any(feature = "postgres", feature = "sqlite")),
    expect(dead_code, reason = "without a storage there is no outbox")
)]

mod batch;
mod consent;
mod counts;
mod engine;
mod error;
mod event;
mod lines;
mod number;
mod outbox;
mod placeholders;
mod plan;
mod recipient;
mod report;
mod run;
mod segments;
mod settings;
mod state;
mod store;
mod window;
mod zones;

pub use batch::Batch;
pub use counts::Counts;
pub use error::{Error, ErrorKind};
pub use event::{Event, Row, WaitCause};
pub use outbox::{Backlog, Decision, Outbox, Status, Suppression};
pub use plan::{ListOffer, Plan, Warning};
pub use recipient::{Recipient, Recipients};
pub use report::{Report, ReportRow};
pub use run::Run;
pub use segments::{Encoding, Segments};
pub use settings::Unknown;
pub use state::{Reason, State};
pub use window::Window;

/// The example of the README, which is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
