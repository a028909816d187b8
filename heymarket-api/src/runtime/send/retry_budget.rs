//! The retry budget: the bound on retries that keeps an outage from multiplying
//! the load.

use std::sync::atomic::{AtomicU32, Ordering};

/// The retries that a client may still make, in tenths of one.
pub(crate) struct RetryBudget {
    tenths: AtomicU32,
    capacity: u32,
}

const RETRY: u32 = 10;

impl RetryBudget {
    /// Creates a full budget.
    pub(crate) fn new(retries: u32) -> Self {
        let capacity = retries.saturating_mul(RETRY);
        Self {
            tenths: AtomicU32::new(capacity),
            capacity,
        }
    }

    /// Adds a tenth of a retry for an operation that starts.
    pub(super) fn earn(&self) {
        self.change(|tenths| (tenths < self.capacity).then(|| tenths + 1));
    }

    /// Takes a retry. Returns whether there was one.
    pub(super) fn spend(&self) -> bool {
        self.change(|tenths| tenths.checked_sub(RETRY))
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        self.tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;

    #[test]
    fn ten_operations_earn_one_retry() {
        let budget = RetryBudget::new(2);
        assert!(budget.spend() && budget.spend() && !budget.spend());
        (0..9).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
        (0..1000).for_each(|_| budget.earn());
        assert!(
            budget.spend() && budget.spend() && !budget.spend(),
            "it was full"
        );
    }
}
