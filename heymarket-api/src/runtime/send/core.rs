//! What the clones of a client share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::endpoint::Endpoint;
use super::retry_budget::RetryBudget;
use crate::auth::Signer;
use crate::clock::Clock;
use crate::rate_limit::Admissions;

/// The shared state of a client and its clones.
pub(crate) struct Core {
    pub(crate) endpoint: Endpoint,
    pub(crate) signer: Signer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) admissions: Admissions,
    /// The longest time that connecting takes, as far as the client knows.
    pub(crate) connect_timeout: Duration,
    pub(crate) budget: RetryBudget,
    pub(crate) random: Mutex<fastrand::Rng>,
    pub(crate) check_requests: bool,
}
