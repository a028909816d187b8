use std::fmt;

use tokio::runtime::Handle;

/// What became of a request that a [`Permit`] allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PermitUse {
    /// The request was not sent. It does not count toward the limit.
    Unsent,
    /// An answer began to arrive, so the server has counted the request by now.
    Answered,
    /// No answer came, or nobody waited for it. The server may count the request
    /// later: up to the `max_flight` of its [`acquire`](crate::RateLimiter::acquire)
    /// after that returned.
    Unanswered,
}

/// Permission to send one request.
///
/// A permit ends once: when an answer begins to arrive, when the attempt failed,
/// or when it is dropped.
#[must_use]
pub struct Permit(Option<Box<dyn FnOnce(PermitUse) + Send>>);

impl Permit {
    /// Creates a permit that calls `ended` once, with what became of the request.
    /// The call must not block.
    pub fn new(ended: impl FnOnce(PermitUse) + Send + 'static) -> Self {
        Self(Some(Box::new(ended)))
    }

    /// Creates a permit whose end is asynchronous, for a limiter whose store is
    /// reached over the network. The future runs as a task of the tokio runtime
    /// in which this is called.
    ///
    /// A runtime that shuts down may drop the task. The store must therefore end
    /// a permit by itself after `max_flight` and a period, as for a process that
    /// dies.
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
    /// Outside a tokio runtime.
    pub fn new_async<F, Ended>(ended: F) -> Self
    where
        F: FnOnce(PermitUse) -> Ended + Send + 'static,
        Ended: Future<Output = ()> + Send + 'static,
    {
        let runtime = Handle::current();
        Self::new(move |used| drop(runtime.spawn(ended(used))))
    }

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
