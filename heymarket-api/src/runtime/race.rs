//! Two futures at once, without a macro's dependencies.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::auth::Clock;

/// Waits for whichever of two futures ends first.
pub(super) async fn race(
    mut one: Pin<&mut (impl Future + ?Sized)>,
    mut other: Pin<Box<dyn Future<Output = ()> + Send>>,
) {
    poll_fn(|context| {
        if one.as_mut().poll(context).is_ready() || other.as_mut().poll(context).is_ready() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// The output of a future, unless it takes longer than allowed. No timer is
/// made for one that is ready at once.
pub(super) async fn within<F: Future>(
    clock: &dyn Clock,
    limit: Duration,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep = None;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        let sleep = sleep.get_or_insert_with(|| clock.sleep(limit));
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
}
