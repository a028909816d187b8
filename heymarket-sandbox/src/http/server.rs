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

use super::answer::{Answer, Close};
use crate::dialect::{Dialect, Voice};
use crate::error::{Error, Kind};
use crate::store::Refusal;

/// A listener with its connections, all gone when this is.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The addresses by which a connection reached the sandbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    /// That of the listener, which may be the one for all interfaces.
    listener: IpAddr,
    /// That of this end of the connection.
    connection: IpAddr,
}

impl Reached {
    pub(crate) fn new(listener: SocketAddr, connection: SocketAddr) -> Self {
        Self {
            listener: listener.ip().to_canonical(),
            connection: connection.ip().to_canonical(),
        }
    }

    /// Whether a canonical address is one of them.
    pub(crate) fn is(&self, address: IpAddr) -> bool {
        address == self.listener || address == self.connection
    }
}

/// How long requests that are on their way may take when the server stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connection is to be closed without an answer: hyper does so on an error.
#[derive(Debug, thiserror::Error)]
#[error("a rule of the sandbox closes the connection")]
struct Closed;

impl Server {
    /// Listens. Each head of a request has `read_timeout` to arrive, and each
    /// connection as long to begin its next request.
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

    /// Takes no further requests, and waits for those that are on their way.
    pub(crate) async fn stop(&mut self) {
        let _ = self.stop.send(true);
        // One that a rule delays by an hour is not waited for.
        let _ = tokio::time::timeout(PATIENCE, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What every connection is served with.
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
                // Out of file descriptors, say: others may be given back.
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
    // A connection that is gone has no address.
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let reached = Reached::new(serving.listener, local);
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
        // An idle client waits for no answer.
        if !parts.read_buf.is_empty() {
            let refusal = Refusal::too_slow("head", serving.read_timeout);
            answer_timeout(&parts.io.into_inner(), &refusal);
        }
    }
}

/// Answers a request that has no whole head, which hyper does not.
fn answer_timeout(stream: &TcpStream, refusal: &Refusal) {
    let answer = Answer::refusal(refusal, &mut Voice::new(Dialect::Observed, 0)).into_bytes();
    // So short an answer fits into the buffer of a client that reads at all.
    let _ = stream.try_write(&answer);
}
