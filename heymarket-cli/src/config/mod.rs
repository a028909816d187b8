//! The config file: profiles, defaults and aliases.

pub(crate) mod defaults;
mod edit;
pub(crate) mod file;
mod parse;
pub(crate) mod permissions;
pub(crate) mod profile;
pub(crate) mod secret;
