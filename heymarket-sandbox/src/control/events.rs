//! Server-sent events: a tick whenever something changes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::watch;
use tokio::time::Instant;

use super::input::Access;
use crate::changes::Counters;

/// The shortest time between two events of a stream, so that a thousand requests
/// a second do not make a page reload as often.
const PAUSE: Duration = Duration::from_millis(30);

/// How often an idle stream sends a comment, which finds closed connections.
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(super) async fn stream(extract::State(shared): Access) -> Response {
    let body = Body::new(Events::new(shared.changes.watch()));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

type Next = Pin<Box<dyn Future<Output = (watch::Receiver<Counters>, Bytes)> + Send>>;

/// The body of a stream: an event with all counters, now and after each change.
struct Events {
    next: Next,
}

impl Events {
    fn new(mut changes: watch::Receiver<Counters>) -> Self {
        changes.mark_changed();
        Self {
            next: Box::pin(next(changes, Instant::now())),
        }
    }
}

/// Waits for a change, but at least until a time. Returns the event.
async fn next(
    mut changes: watch::Receiver<Counters>,
    earliest: Instant,
) -> (watch::Receiver<Counters>, Bytes) {
    tokio::time::sleep_until(earliest).await;
    let event = match tokio::time::timeout(HEARTBEAT, changes.changed()).await {
        Ok(Ok(())) => {
            let counters = *changes.borrow_and_update();
            if counters.is_stopped {
                return (changes, Bytes::new());
            }
            let counters = serde_json::to_string(&counters).unwrap_or_default();
            format!("event: change\ndata: {counters}\n\n")
        }
        // The counters live as long as the sandbox.
        Ok(Err(_)) => std::future::pending().await,
        Err(_) => ": idle\n\n".to_owned(),
    };
    (changes, event.into())
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (changes, event) = ready!(self.next.as_mut().poll(context));
        if event.is_empty() {
            return Poll::Ready(None);
        }
        self.next = Box::pin(next(changes, Instant::now() + PAUSE));
        Poll::Ready(Some(Ok(Frame::data(event))))
    }
}
