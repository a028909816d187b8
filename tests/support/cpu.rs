//! The processor time of a thread, to compare costs on a busy machine.

use std::time::Duration;

/// Returns the processor time of this thread. Unlike wall time, it is the same on a
/// busy machine.
#[cfg(unix)]
pub(crate) fn cpu_time() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.expect("the time of the thread").into()
}

/// Returns wall time, where processor time is unavailable.
#[cfg(not(unix))]
pub(crate) fn cpu_time() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
