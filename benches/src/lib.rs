//! Shared by the benchmarks: sample pages, statistics, an allocation counter, and
//! the report of which `cargo xtask bench` makes tables.

pub mod items;
mod report;
mod statistics;

use std::alloc::System;

pub use report::{is_measuring, print};
pub use statistics::{median, median_ratio};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Requests to the allocator.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Allocated {
    /// The number of requests, including reallocations.
    pub times: usize,
    /// The number of bytes. A reallocation counts the bytes that it adds.
    pub bytes: usize,
}

/// Runs `run`, and returns its output with what any thread allocated meanwhile.
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

/// Returns how many bytes are allocated and not freed.
#[must_use]
pub fn live_bytes() -> usize {
    let stats = GLOBAL.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}
