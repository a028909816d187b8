//! What the benchmarks share: pages as the API answers them, statistics, and
//! the report that `cargo xtask bench` makes its tables of.

pub mod items;
mod report;
mod statistics;

use std::alloc::System;

pub use report::{is_measuring, print};
pub use statistics::{median, median_ratio};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What was asked of the allocator.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Allocated {
    /// How often; reallocations are among them.
    pub times: usize,
    /// How many bytes; of a reallocation, those by which it grows.
    pub bytes: usize,
}

/// What `run` asks of the allocator, on any thread, and what it gives.
pub fn allocated<T>(run: impl FnOnce() -> T) -> (T, Allocated) {
    let region = Region::new(GLOBAL);
    let output = run();
    let change = region.change();
    let allocated = Allocated {
        times: change.allocations + change.reallocations,
        bytes: change.bytes_allocated,
    };
    (output, allocated)
}

/// How many bytes are allocated and not freed.
#[must_use]
pub fn live_bytes() -> usize {
    let stats = GLOBAL.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}
