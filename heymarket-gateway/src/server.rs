//! The listener and its connections.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::handle::handle;
use crate::metrics::Counted;
use crate::shared::Shared;

/// The largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;
const MAX_HEADERS: usize = 64;
/// How long a short answer to a bad connection may take to leave.
const PATIENCE: Duration = Duration::from_secs(1);

const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\
    content-length: 0\r\n\r\n";
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
    retry-after: 1\r\ncontent-length: 0\r\n\r\n";

/// What turns a TCP stream into the stream of a caller.
#[derive(Clone)]
pub(crate) enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

/// Accepts connections until it is stopped, then waits until each has ended its request.
pub(crate) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    security: Security,
    mut stopped: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(shared.limits.max_connections));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match Arc::clone(&permits).try_acquire_owned() {
                    Ok(permit) => {
                        let connection = Connection {
                            shared: Arc::clone(&shared),
                            security: security.clone(),
                            stopped: stopped.clone(),
                        };
                        connections.spawn(async move {
                            connection.serve(stream).await;
                            drop(permit);
                        });
                    }
                    Err(_) => refuse(&stream, &shared),
                },
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

/// Answers a connection over the limit.
fn refuse(stream: &TcpStream, shared: &Shared) {
    shared.metrics.refused_connections.inc();
    // An answer this short fits into the socket's buffer.
    let _ = stream.try_write(TOO_MANY);
}

/// Closes a connection whose caller does not read its answers.
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

struct Connection {
    shared: Arc<Shared>,
    security: Security,
    stopped: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // A closed connection has no address.
        let Ok(local) = stream.local_addr().as_ref().map(SocketAddr::ip) else {
            return;
        };
        let _ = stream.set_nodelay(true);
        close_if_unread(&stream, self.shared.limits.read_timeout);
        let _connection = Counted::in_gauge(&self.shared.metrics.connections);
        match self.security.clone() {
            Security::Plain => self.serve_http(stream, local).await,
            #[cfg(feature = "tls")]
            Security::Tls(acceptor) => {
                let timeout = self.shared.limits.read_timeout;
                if let Ok(Ok(stream)) = tokio::time::timeout(timeout, acceptor.accept(stream)).await
                {
                    self.serve_http(stream, local).await;
                }
            }
        }
    }

    async fn serve_http<S>(mut self, stream: S, local: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, std::convert::Infallible>(handle(shared, local, request).await) }
        });
        let mut connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.shared.limits.read_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = self.stopped.changed() => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                (&mut connection).await
            }
        };
        if ended.is_err_and(|error| error.is_timeout()) {
            let parts = connection.into_parts();
            // An idle caller expects no answer.
            if !parts.read_buf.is_empty() {
                let mut stream = parts.io.into_inner();
                let _ = tokio::time::timeout(PATIENCE, stream.write_all(TOO_SLOW)).await;
            }
        }
    }
}
