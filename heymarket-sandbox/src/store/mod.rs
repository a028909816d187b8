//! The records of the sandbox. Nothing in here knows HTTP or dialects.

mod contacts;
mod conversations;
mod data;
mod demo;
mod fields;
mod filling;
mod receiving;
mod records;
mod rejection;
mod restore;
mod scheduling;
mod sending;
mod table;

pub(crate) use contacts::{Channels, ContactChange, NewChannel};
pub(crate) use data::{Event, Kind, Store, Subject};
pub(crate) use demo::{demo, team};
pub(crate) use fields::Field;
pub(crate) use receiving::Inbound;
pub(crate) use records::*;
pub(crate) use rejection::Rejection;
pub(crate) use sending::{Content, Outgoing};
pub(crate) use table::{Order, Paging, Part, Record, Table};
