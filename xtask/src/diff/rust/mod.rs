//! The public items of the generated client: how they are read, and compared.

mod compare;
mod items;

pub(super) use compare::compare;
pub(super) use items::{Item, Kind, read};
