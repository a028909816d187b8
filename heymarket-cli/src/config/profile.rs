//! A profile: named credentials, their server and its defaults.

use super::defaults::Defaults;
use super::secret::Secret;
use crate::connection::server::Server;

/// The content of a profile.
#[derive(Clone)]
pub(crate) struct Profile {
    pub(crate) secret: Secret,
    /// The server, if it is not production.
    pub(crate) base_url: Option<Server>,
    pub(crate) defaults: Defaults,
}

impl Profile {
    /// Returns the server that the secret is for.
    pub(crate) fn server(&self) -> Server {
        self.base_url.clone().unwrap_or_else(Server::production)
    }
}
