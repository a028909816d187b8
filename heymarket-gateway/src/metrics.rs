//! Counters and durations, as Prometheus text. Labels hold nothing of a request but its
//! operation.

use http::StatusCode;
use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    Opts, Registry, TextEncoder,
};

use crate::error::Error;
use crate::report::RequestReport;

/// The bounds of the durations, in seconds.
const BUCKETS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// The metrics of a gateway.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    attempts: IntCounterVec,
    rate_limit_wait: Histogram,
    pub(crate) in_flight: IntGauge,
    pub(crate) connections: IntGauge,
    pub(crate) refused_connections: IntCounter,
    /// Deliveries of webhooks.
    pub(crate) webhooks: IntCounterVec,
    /// Attempts to forward an event.
    pub(crate) forwarded: IntCounterVec,
    /// Answers of earlier requests.
    pub(crate) replayed: IntCounter,
    /// Sends with a lost answer that were found in the history.
    pub(crate) recovered: IntCounter,
    /// Answers that could not be written to the ledger.
    pub(crate) unrecorded: IntCounter,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, Error> {
        Self::registered().map_err(|error| Error::new(format!("the metrics: {error}")))
    }

    fn registered() -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("heymarket_gateway".to_owned()), None)?;
        let new = Registrar(&registry);
        Ok(Self {
            requests: new.counters(
                "requests_total",
                "Requests by operation, status and outcome",
                &["operation", "status", "outcome"],
            )?,
            durations: new.durations("request_duration_seconds", "From the head to the answer")?,
            attempts: new.counters(
                "attempts_total",
                "Requests sent to the API, retries included",
                &["operation"],
            )?,
            rate_limit_wait: new.waits("rate_limit_wait_seconds", "Waits for the rate limit")?,
            in_flight: new.gauge("requests_in_flight", "Requests without an answer yet")?,
            connections: new.gauge("connections", "Open connections")?,
            refused_connections: new
                .counter("connections_refused_total", "Connections over the limit")?,
            webhooks: new.counters(
                "webhooks_total",
                "Deliveries of webhooks: stored, duplicate or refused",
                &["result"],
            )?,
            forwarded: new.counters(
                "forwarded_total",
                "Attempts to forward an event: done or failed; set_aside is the last of an event",
                &["result"],
            )?,
            replayed: new.counter("replayed_total", "Answers repeated for an Idempotency-Key")?,
            recovered: new.counter(
                "recovered_total",
                "Sends with a lost answer that were found in the message history",
            )?,
            unrecorded: new.counter(
                "unrecorded_total",
                "Answers that could not be written to the ledger",
            )?,
            registry,
        })
    }

    /// Counts a request that ended.
    pub(crate) fn count(&self, report: &RequestReport, waited: std::time::Duration) {
        let operation = report.operation.unwrap_or("none");
        let status = status(report.status);
        self.requests
            .with_label_values(&[operation, status, report.outcome.as_str()])
            .inc();
        self.durations
            .with_label_values(&[operation])
            .observe(report.duration.as_secs_f64());
        if report.attempts > 0 {
            let attempts = u64::try_from(report.attempts).unwrap_or(u64::MAX);
            self.attempts
                .with_label_values(&[operation])
                .inc_by(attempts);
            self.rate_limit_wait.observe(waited.as_secs_f64());
        }
    }

    /// Returns the metrics in the text format 0.0.4.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}

/// Creates metrics, and registers them.
struct Registrar<'a>(&'a Registry);

impl Registrar<'_> {
    fn add<C: Collector + Clone + 'static>(&self, created: C) -> prometheus::Result<C> {
        self.0.register(Box::new(created.clone()))?;
        Ok(created)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }

    /// Creates durations by operation.
    fn durations(&self, name: &str, help: &str) -> prometheus::Result<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        self.add(HistogramVec::new(options, &["operation"])?)
    }

    fn waits(&self, name: &str, help: &str) -> prometheus::Result<Histogram> {
        let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        self.add(Histogram::with_opts(options)?)
    }
}

/// Returns a status as text, without an allocation for each request.
fn status(status: StatusCode) -> &'static str {
    macro_rules! statuses {
        ($($code:literal)*) => {
            match status.as_u16() {
                $($code => stringify!($code),)*
                _ => "other",
            }
        };
    }
    statuses!(200 201 202 204 301 302 303 304 307 308 400 401 403 404 405 408 409 413 415 421 422 429 500 502 503 504)
}

/// Counts something that exists until this is dropped.
pub(crate) struct Counted(IntGauge);

impl Counted {
    pub(crate) fn in_gauge(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
