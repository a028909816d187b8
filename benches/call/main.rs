//! What a call costs over loopback: the client, against what one would write by
//! hand, in one run.
//!
//! With cargo's `--bench` it prints a report, which `cargo xtask bench` makes
//! tables of: of the calls, or with `--allocations` of what they allocate alone,
//! or with `--growth` of what grows with the requests in flight and with the
//! length of a walk. Without `--bench` it makes a few calls and prints nothing.
//!
//! The server is this program again, in a process of its own and, where the
//! machine allows, on another processor, so that what is measured is the
//! client's alone.

mod collector;
mod growth;
mod measure;
mod server;
mod ways;

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
    let rows = ways::rows(&server.url);
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
