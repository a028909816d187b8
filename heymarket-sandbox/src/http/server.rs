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

use super::answer::Close;
use crate::error::{Error, Kind};

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
    pub(crate) async fn start(address: SocketAddr, router: Router) -> Result<Self, Error> {
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
        Ok(Self {
            address: bound,
            stop,
            task: tokio::spawn(accept(listener, bound, router, stopped)),
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

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    // One that is gone already has no address.
                    let Ok(local) = stream.local_addr() else { continue };
                    let reached = Reached::new(address, local);
                    connections.spawn(serve(stream, reached, router.clone(), stopped.clone()));
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

async fn serve(
    stream: TcpStream,
    reached: Reached,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let router = Arc::new(router);
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
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = &mut connection => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
