//! The public items of the generated client: how they are read, and compared.

mod compare;
mod item;
mod items;
mod macros;

pub(super) use compare::compare;
pub(super) use item::{Item, Items, Kind};
pub(super) use items::read;
