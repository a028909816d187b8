//! Measures what a call costs over loopback: the client, compared with
//! hand-written callers, in one run.
//!
//! With cargo's `--bench` it prints a report, of which `cargo xtask bench` makes
//! tables. `--allocations` reports allocations alone. `--growth` reports what
//! grows with the requests in flight and with the length of a walk. Without
//! `--bench` it makes a few calls and prints nothing.
//!
//! The server is this program in a second process, on another processor where
//! the machine allows. So the measured processor time is the caller's alone.

mod call;
mod caller;
mod callers;
mod collector;
mod growth;
mod measure;
mod rows;
mod server;

use heymarket_benches::{is_measuring, print};

use crate::server::Server;

fn main() {
    let has = |argument: &str| std::env::args().any(|given| given == argument);
    if has(server::SERVE) {
        server::serve();
        return;
    }
    let is_pinned = server::pin(0);
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let rows = rows::rows(&server.url);
    if !is_measuring() {
        measure::once(&runtime, &rows);
    } else if has("--allocations") {
        print(&measure::allocations(&runtime, &rows));
    } else if has("--growth") {
        print(&growth::report(&runtime, &server.url, &rows));
    } else {
        print(&measure::report(&runtime, &rows, is_pinned));
    }
}
