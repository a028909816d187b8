//! The callers that are compared. Each returns the same and has the same timeout.
//! All but the client send one token that was prepared.

pub(crate) mod bare_hyper;
pub(crate) mod client;
mod exchange;
pub(crate) mod hyper_util;
pub(crate) mod reqwest;
