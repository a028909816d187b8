//! Permits of limiters, and how they end.

use std::fmt;

use tokio::runtime::Handle;

/// How a [`Permit`] ends: the outcome of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PermitUse {
    /// The request was not sent. It does not count toward the limit.
    Unsent,
    /// A response began to arrive, so the server has counted the request.
    Answered,
    /// No response arrived, or the caller stopped waiting. The server may count the
    /// request up to `max_flight` after [`acquire`](crate::RateLimiter::acquire)
    /// returned.
    Unanswered,
}

/// Permission to send one request, from a [`RateLimiter`](crate::RateLimiter).
///
/// A permit ends once: when a response begins to arrive, when the attempt fails, or on
/// drop.
///
/// ```
/// use heymarket_api::{Permit, PermitUse};
///
/// let permit = Permit::new(|used| assert_eq!(used, PermitUse::Unanswered));
/// drop(permit);
/// ```
#[must_use]
pub struct Permit(Option<Box<dyn FnOnce(PermitUse) + Send>>);

impl Permit {
    /// Creates a permit that calls `ended` once, when it ends. The call must not block.
    pub fn new(ended: impl FnOnce(PermitUse) + Send + 'static) -> Self {
        Self(Some(Box::new(ended)))
    }

    /// Creates a permit that ends asynchronously, for a limiter with a store on the
    /// network. The future runs as a task of the tokio runtime in which this is
    /// called.
    ///
    /// A runtime that shuts down may drop the task. The store must therefore end a
    /// permit without it after `max_flight` and a period, as for a process that dies.
    ///
    /// ```
    /// # async fn release(slot: u64, was_sent: bool) {}
    /// # async fn example() {
    /// use heymarket_api::{Permit, PermitUse};
    ///
    /// let slot = 7;
    /// let permit = Permit::new_async(move |used| async move {
    ///     release(slot, used != PermitUse::Unsent).await;
    /// });
    /// # drop(permit);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub fn new_async<F, Ended>(ended: F) -> Self
    where
        F: FnOnce(PermitUse) -> Ended + Send + 'static,
        Ended: Future<Output = ()> + Send + 'static,
    {
        let runtime = Handle::current();
        Self::new(move |used| drop(runtime.spawn(ended(used))))
    }

    /// Ends the permit, unless it has ended.
    pub(crate) fn end(&mut self, used: PermitUse) {
        if let Some(ended) = self.0.take() {
            ended(used);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(PermitUse::Unanswered);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
