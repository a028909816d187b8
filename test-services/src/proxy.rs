//! A network that a test can cut.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::Error;

const OPEN: u8 = 0;
const CUT: u8 = 1;
const SILENT: u8 = 2;
const ENDED: u8 = 3;

const PAUSE: Duration = Duration::from_millis(2);

/// A proxy for TCP to a port of this machine, whose connections a test can cut.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    target: u16,
    state: AtomicU8,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Starts a proxy to `target` on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is free.
    pub fn start(target: u16) -> Result<Self, Error> {
        let failed = |error| Error::failed("the proxy", error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let shared = Arc::new(Shared {
            target,
            state: AtomicU8::new(OPEN),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Ok(Self { port, shared })
    }

    /// Returns the port of the proxy on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes all connections, and each new one at once.
    pub fn cut(&self) {
        self.shared.state.store(CUT, Ordering::Relaxed);
        self.shared.close_all();
    }

    /// Forwards nothing, and closes nothing: what is sent waits for
    /// [`mend`](Self::mend).
    pub fn silence(&self) {
        self.shared.state.store(SILENT, Ordering::Relaxed);
    }

    /// Ends [`cut`](Self::cut) and [`silence`](Self::silence).
    pub fn mend(&self) {
        self.shared.state.store(OPEN, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state.store(ENDED, Ordering::Relaxed);
        self.shared.close_all();
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn state(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }

    fn close_all(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        match (client, shared.state()) {
            (_, ENDED) => return,
            (Ok(client), OPEN | SILENT) => drop(connect(client, shared)),
            _ => {}
        }
    }
}

fn connect(client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, shared.target));
    let server = TcpStream::connect(target)?;
    // Without this each small answer would wait for an acknowledgement.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
    // The network may have been cut since, and these were not there to be closed.
    if matches!(shared.state(), CUT | ENDED) {
        return Ok(());
    }
    open.extend([client.try_clone()?, server.try_clone()?]);
    drop(open);
    for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        let shared = Arc::clone(shared);
        thread::spawn(move || forward(from, to, &shared));
    }
    Ok(())
}

fn forward(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        while shared.state() == SILENT {
            thread::sleep(PAUSE);
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
