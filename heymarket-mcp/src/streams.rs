//! Serving one client on a pair of streams.

use rmcp::service::ServerInitializeError;
use rmcp::{ServiceExt as _, transport};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::Error;
use crate::handler::Handler;
use crate::server::Server;

impl Server {
    /// Serves a client on standard input and output, until it closes them.
    ///
    /// # Errors
    ///
    /// Returns [`Transport`](crate::ErrorKind::Transport) if the client does not speak
    /// the protocol.
    pub async fn serve_stdio(self) -> Result<(), Error> {
        let (input, output) = transport::stdio();
        self.serve(input, output).await
    }

    /// Serves a client on a pair of streams, until it closes them.
    ///
    /// # Errors
    ///
    /// Returns [`Transport`](crate::ErrorKind::Transport) if the client does not speak
    /// the protocol.
    pub async fn serve<R, W>(self, input: R, output: W) -> Result<(), Error>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let running = match Handler::new(self).serve((input, output)).await {
            Ok(running) => running,
            // A client that leaves before it says anything is no failure.
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            // Its text would quote the client's message.
            Err(_) => {
                return Err(Error::transport(
                    "the client did not begin with a handshake",
                ));
            }
        };
        let ended = running.waiting().await;
        ended
            .map(drop)
            .map_err(|error| Error::transport(format!("the server: {error}")))
    }
}
