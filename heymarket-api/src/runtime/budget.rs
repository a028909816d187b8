use std::sync::atomic::{AtomicU32, Ordering};

/// How many retries a client has in hand, in tenths of one.
pub(super) struct Budget {
    tenths: AtomicU32,
    most: u32,
}

const RETRY: u32 = 10;

impl Budget {
    pub(super) fn new(retries: u32) -> Self {
        let most = retries.saturating_mul(RETRY);
        Self {
            tenths: AtomicU32::new(most),
            most,
        }
    }

    /// An operation began.
    pub(super) fn earn(&self) {
        self.change(|tenths| (tenths < self.most).then(|| tenths + 1));
    }

    /// Takes a retry, if there is one.
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
    use super::Budget;

    #[test]
    fn ten_operations_earn_one_retry() {
        let budget = Budget::new(2);
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
