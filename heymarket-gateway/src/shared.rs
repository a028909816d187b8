//! What the connections of a gateway share.

use std::sync::Arc;

use heymarket_api::Client;
use tokio::sync::RwLock;

use crate::allow::Allow;
use crate::guard::Hosts;
use crate::in_flight::InFlight;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::recipients::Recipients;
use crate::report::RequestReport;
use crate::token::Token;
use crate::webhooks::Webhooks;

/// What receives a report of each request.
pub(crate) type OnRequest = Box<dyn Fn(&RequestReport) + Send + Sync>;

/// What the connections of a gateway share.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) token: Token,
    pub(crate) hosts: Hosts,
    pub(crate) allow: Allow,
    pub(crate) recipients: Option<Recipients>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    /// Names the account and the server that the keys belong to.
    pub(crate) account: Option<String>,
    pub(crate) webhooks: Option<Webhooks>,
    pub(crate) in_flight: InFlight,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) on_request: Option<OnRequest>,
    /// Each task of a request holds it shared, so that the end can wait for all.
    pub(crate) tasks: Arc<RwLock<()>>,
}

impl Shared {
    pub(crate) fn ledger(&self) -> Result<&Ledger, String> {
        let none = || "the gateway runs without a ledger".to_owned();
        self.ledger.as_deref().ok_or_else(none)
    }
}
