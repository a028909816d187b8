//! The endpoint of a worker: whether it works, and its metrics.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use heymarket_outbox::Outbox;
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;

use super::metrics::{Metrics, Queue};
use crate::context::Context;
use crate::failure::Failure;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Worker {
    outbox: Outbox,
    metrics: Arc<Metrics>,
}

/// Serves in the background until the process ends.
pub(super) async fn serve(
    address: SocketAddr,
    outbox: Outbox,
    metrics: Arc<Metrics>,
    context: &Context,
) -> Result<(), Failure> {
    let failed = |error| Failure::other(format!("cannot serve at {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    context
        .terminal
        .notice(&format!("health and metrics at http://{bound}"));
    let router = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(text))
        .with_state(Worker { outbox, metrics });
    let terminal = context.terminal;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            terminal.notice(&format!("the health endpoint stopped: {error}"));
        }
    });
    Ok(())
}

async fn health(State(worker): State<Worker>) -> Response {
    let problem = match worker.queue().await {
        Err(problem) => Some(problem),
        Ok(_) => worker.metrics.problem(),
    };
    let (code, body) = match problem {
        None => (StatusCode::OK, json!({"status": "ok"})),
        Some(problem) => {
            let body = json!({"status": "failing", "problem": problem});
            (StatusCode::SERVICE_UNAVAILABLE, body)
        }
    };
    answer(code, "application/json", body.to_string())
}

async fn text(State(worker): State<Worker>) -> Response {
    let queue = worker.queue().await.ok();
    let text = worker.metrics.text(queue.as_ref());
    answer(StatusCode::OK, "text/plain; version=0.0.4", text)
}

fn answer(code: StatusCode, kind: &'static str, body: String) -> Response {
    (code, [(header::CONTENT_TYPE, kind)], body).into_response()
}

impl Worker {
    /// What is planned, or why the database does not say.
    async fn queue(&self) -> Result<Queue, String> {
        let backlog = tokio::time::timeout(PATIENCE, self.outbox.backlog()).await;
        let backlog = backlog
            .map_err(|_| "the database does not answer".to_owned())?
            .map_err(|error| error.to_string())?;
        let age = backlog
            .since
            .map(|since| Timestamp::now().duration_since(since));
        let age = age.and_then(|age| Duration::try_from(age).ok());
        Ok(Queue {
            size: backlog.recipients,
            age: age.unwrap_or_default(),
        })
    }
}
