//! The listener and its connections.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower_service::Service as _;

use super::response::{ApiResponse, Close};
use crate::dialect::{Dialect, DialectChooser};
use crate::error::{Error, Kind};
use crate::store::Rejection;

/// A listener with its connections. Dropping it closes all of them.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The local addresses of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalAddresses {
    /// The address of the listener, which may be the unspecified address.
    listener: IpAddr,
    /// The local address of the connection.
    connection: IpAddr,
}

impl LocalAddresses {
    pub(crate) fn new(listener: SocketAddr, connection: SocketAddr) -> Self {
        Self {
            listener: listener.ip().to_canonical(),
            connection: connection.ip().to_canonical(),
        }
    }

    /// Returns whether a canonical address is one of them.
    pub(crate) fn is(&self, address: IpAddr) -> bool {
        address == self.listener || address == self.connection
    }
}

/// How long the server waits for requests in flight when it stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Closes the connection without a response: hyper closes it on an error.
#[derive(Debug, thiserror::Error)]
#[error("a rule of the sandbox closes the connection")]
struct Closed;

impl Server {
    /// Starts to listen. The head of each request has `read_timeout` to arrive,
    /// and an idle connection is closed after the same time.
    pub(crate) async fn start(
        address: SocketAddr,
        router: Router,
        read_timeout: Duration,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| Kind::Listen {
            address: address.to_string(),
            source,
        })?;
        let bound = listener.local_addr().map_err(|source| Kind::Listen {
            address: address.to_string(),
            source,
        })?;
        let (stop, stopped) = watch::channel(false);
        let serving = Serving {
            listener: bound,
            router,
            read_timeout,
            stopped,
        };
        Ok(Self {
            address: bound,
            stop,
            task: tokio::spawn(accept(listener, serving)),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no further requests, and waits for those in flight.
    pub(crate) async fn stop(&mut self) {
        let _ = self.stop.send(true);
        // A request that a rule delays by an hour is not awaited.
        let _ = tokio::time::timeout(PATIENCE, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What serves each connection.
#[derive(Clone)]
struct Serving {
    listener: SocketAddr,
    router: Router,
    read_timeout: Duration,
    stopped: watch::Receiver<bool>,
}

async fn accept(listener: TcpListener, serving: Serving) {
    let mut connections = JoinSet::new();
    let mut stopped = serving.stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, serving.clone()));
                }
                // The process may be out of file descriptors for a moment.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, serving: Serving) {
    // A closed connection has no address.
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let reached = LocalAddresses::new(serving.listener, local);
    let router = Arc::new(serving.router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(reached);
        let mut router = Router::clone(&router);
        async move {
            let Ok(response) = router.call(request).await;
            match response.extensions().get::<Close>() {
                Some(Close) => Err(Closed),
                None => Ok(response),
            }
        }
    });
    let mut connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(serving.read_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut stopped = serving.stopped;
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopped.changed() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    if ended.is_err_and(|error| error.is_timeout()) {
        let parts = connection.into_parts();
        // An idle client expects no response.
        if !parts.read_buf.is_empty() {
            let rejection = Rejection::too_slow("head", serving.read_timeout);
            answer_timeout(&parts.io.into_inner(), &rejection);
        }
    }
}

/// Responds to a request with an incomplete head, which hyper does not.
fn answer_timeout(stream: &TcpStream, rejection: &Rejection) {
    let answer = ApiResponse::rejection(rejection, &mut DialectChooser::new(Dialect::Observed, 0))
        .into_bytes();
    // A response this short fits into the socket's buffer.
    let _ = stream.try_write(&answer);
}
