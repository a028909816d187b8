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

/// The output of a future and how long it took, unless that would pass the
/// deadline. For one that is ready at once neither is the time read nor a timer
/// made.
pub(super) async fn within<F: Future>(
    clock: &dyn Clock,
    deadline: Duration,
    future: F,
) -> Option<(F::Output, Duration)> {
    let mut future = pin!(future);
    let mut waiting = None;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            let begun = waiting.as_ref().map(|(begun, _)| *begun);
            let waited = begun.map_or(Duration::ZERO, |begun| {
                clock.elapsed().saturating_sub(begun)
            });
            return Poll::Ready(Some((output, waited)));
        }
        let (_, sleep) = waiting.get_or_insert_with(|| {
            let now = clock.elapsed();
            (now, clock.sleep(deadline.saturating_sub(now)))
        });
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
}
