//! Metrics of a client, in the text format that Prometheus reads: for each operation how often it
//! succeeded and failed, how long it took, and how often it was tried again.
//! `cargo run -q -p heymarket-api --example metrics`

mod support;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use heymarket_api::types::ListContacts;
use heymarket_api::{OperationObserver, OperationReport};

/// Totals by operation and outcome. Neither holds anything of a request.
#[derive(Clone, Default)]
struct Metrics(Arc<Mutex<BTreeMap<(&'static str, String), Totals>>>);

#[derive(Clone, Copy, Default)]
struct Totals {
    count: u64,
    retries: u64,
    duration: Duration,
    waited: Duration,
}

impl OperationObserver for Metrics {
    fn ended(&self, report: &OperationReport<'_>) {
        let outcome = report
            .error
            .map_or_else(|| "ok".to_owned(), |kind| format!("{kind:?}"));
        let mut metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let totals = metrics.entry((report.operation.id(), outcome)).or_default();
        totals.count += 1;
        totals.retries += report.attempts.len().saturating_sub(1) as u64;
        totals.duration += report.duration;
        totals.waited += report.waited;
    }
}

impl Metrics {
    fn render(&self) -> String {
        let metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        let mut family = |name: &str, value: fn(&Totals) -> f64| {
            let _ = writeln!(text, "# TYPE heymarket_{name}_total counter");
            for ((operation, outcome), totals) in metrics.iter() {
                let labels = format!("operation=\"{operation}\",outcome=\"{outcome}\"");
                let _ = writeln!(text, "heymarket_{name}_total{{{labels}}} {}", value(totals));
            }
        };
        family("operations", |totals| totals.count as f64);
        family("retries", |totals| totals.retries as f64);
        family("operation_seconds", |totals| totals.duration.as_secs_f64());
        family("wait_seconds", |totals| totals.waited.as_secs_f64());
        text
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is what the example is for")]
async fn main() -> ExitCode {
    let metrics = Metrics::default();
    let outcome = work(metrics.clone()).await;
    print!("{}", metrics.render());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Some calls, one of which fails.
async fn work(metrics: Metrics) -> Result<(), Box<dyn Error>> {
    let connection = support::connect(|builder| builder.observe_operations(metrics)).await?;
    let mut contacts = connection.client.contacts(ListContacts::new());
    while let Some(contact) = contacts.next().await {
        contact?;
    }
    match connection.client.get_conversation(1).await {
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}
