//! What `listen` and `trigger` share: the verification token, and posting to a URL.

pub(crate) mod target;
pub(crate) mod token;
