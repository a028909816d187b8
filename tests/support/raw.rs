//! A server that writes given bytes, for responses that no HTTP server sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does on a connection after a request.
#[derive(Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(Duration),
}

/// A server that writes given bytes and then closes the connection.
pub(crate) struct RawServer {
    address: std::net::SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl RawServer {
    /// Does the same on each connection.
    pub(crate) async fn doing(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let steps = steps.clone();
                tokio::spawn(async move {
                    // A client that gives up closes the connection.
                    let _ = serve(stream, steps).await;
                });
            }
        });
        Self { address, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, steps: Vec<Step>) -> std::io::Result<()> {
    let mut request = Vec::new();
    // A TLS client's first message has no empty line, and the client waits.
    let is_whole = |request: &[u8]| {
        request.first() == Some(&0x16) || request.windows(4).any(|window| window == b"\r\n\r\n")
    };
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Wait(duration) => tokio::time::sleep(duration).await,
        }
    }
    stream.shutdown().await
}
