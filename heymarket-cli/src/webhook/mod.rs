//! What `listen` and `trigger` share: the token, and posting to a URL.

mod target;
mod token;

pub(crate) use target::{Target, cause};
pub(crate) use token::{TOKEN_VARIABLE, tokens};
