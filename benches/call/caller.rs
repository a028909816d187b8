//! What makes calls, and what a number of its calls costs.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::call::Call;

/// Makes calls. Each call returns an ID from the response.
pub(crate) trait Caller: Send + Sync + 'static {
    fn conversation(&self) -> impl Future<Output = i64> + Send;
    fn page(&self) -> impl Future<Output = i64> + Send;
    fn send(&self) -> impl Future<Output = i64> + Send;

    fn call(&self, call: Call) -> impl Future<Output = i64> + Send {
        async move {
            match call {
                Call::Conversation => self.conversation().await,
                Call::Page => self.page().await,
                Call::Send => self.send().await,
            }
        }
    }
}

/// Measures a caller without naming its type.
pub(crate) trait Measured {
    /// Returns how long each of `calls` calls takes, one after the other, in
    /// microseconds.
    fn latencies(&self, runtime: &Runtime, call: Call, calls: usize) -> Vec<f64>;

    /// Makes `calls` calls with `in_flight` of them in flight at any time.
    fn in_flight(&self, runtime: &Runtime, call: Call, calls: usize, in_flight: usize) -> Load;
}

/// What concurrent calls cost together.
pub(crate) struct Load {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
}

impl<C: Caller> Measured for Arc<C> {
    fn latencies(&self, runtime: &Runtime, call: Call, calls: usize) -> Vec<f64> {
        runtime.block_on(async {
            let mut times = Vec::with_capacity(calls);
            for _ in 0..calls {
                let start = Instant::now();
                black_box(self.call(call).await);
                times.push(start.elapsed().as_secs_f64() * 1e6);
            }
            times
        })
    }

    fn in_flight(&self, runtime: &Runtime, call: Call, calls: usize, in_flight: usize) -> Load {
        let (start, processor) = (Instant::now(), processor_time());
        runtime.block_on(async {
            let lane = || {
                let caller = Self::clone(self);
                tokio::spawn(async move {
                    for _ in 0..calls / in_flight {
                        black_box(caller.call(call).await);
                    }
                })
            };
            let lanes: Vec<_> = (0..in_flight).map(|_| lane()).collect();
            for lane in lanes {
                lane.await.expect("responses");
            }
        });
        Load {
            wall: start.elapsed(),
            processor: processor_time().saturating_sub(processor),
        }
    }
}

/// Returns the processor time of this process.
#[cfg(unix)]
fn processor_time() -> Duration {
    let clock = nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID;
    nix::time::clock_gettime(clock)
        .expect("a clock of the process")
        .into()
}

/// Returns the elapsed time. Outside Unix there is no common source of processor
/// time.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
