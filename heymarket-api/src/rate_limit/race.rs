//! Waits for one of two futures, without the dependencies of `select!`.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use crate::clock::Clock;

/// Waits until one of two futures ends.
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

/// Returns the output of a future and how long it took, or `None` after `timeout`. If
/// the future is ready at once, this neither reads the clock nor creates a timer.
pub(crate) async fn within<F: Future>(
    clock: &dyn Clock,
    timeout: Option<Duration>,
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
        let (_, sleep) =
            waiting.get_or_insert_with(|| (clock.elapsed(), timeout.map(|wait| clock.sleep(wait))));
        match sleep {
            Some(sleep) => sleep.as_mut().poll(context).map(|()| None),
            None => Poll::Pending,
        }
    })
    .await
}
