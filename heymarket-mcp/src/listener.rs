//! The listener of the HTTP server: connections that are too many, and heads that are too
//! slow or too large, end here.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::error::Error;

/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 32 * 1024;
const MAX_HEADERS: usize = 64;

const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
    retry-after: 1\r\ncontent-length: 0\r\n\r\n";

/// The limits of the listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: usize,
    /// For a head, and for a body.
    pub(crate) read_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 256,
            read_timeout: Duration::from_secs(15),
        }
    }
}

impl Limits {
    /// Refuses limits that no server can work with.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.max_connections == 0 || self.read_timeout.is_zero() {
            return Err(Error::configuration(
                "the limits of connections and reading times are more than zero",
            ));
        }
        Ok(())
    }
}

/// Serves connections until `stop` is ready, then waits until each has ended its request.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(limits.max_connections));
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match Arc::clone(&permits).try_acquire_owned() {
                    Ok(permit) => {
                        let (router, stopped) = (router.clone(), stopped.clone());
                        connections.spawn(async move {
                            serve_connection(stream, router, limits, stopped).await;
                            drop(permit);
                        });
                    }
                    // An answer this short fits into the socket's buffer.
                    Err(_) => drop(stream.try_write(TOO_MANY)),
                },
                // The process may be out of file descriptors for a moment.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    while connections.join_next().await.is_some() {}
}

async fn serve_connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    close_if_unread(&stream, limits.read_timeout);
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.read_timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::select! {
        _ = &mut connection => {}
        _ = stopped.changed() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Closes a connection whose client does not read what it is sent.
fn close_if_unread(stream: &TcpStream, timeout: Duration) {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        // Without it the connection only lasts longer.
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, millis);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, timeout);
}
