//! One port of a server: it takes connections and gives each its threads.

use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{ListenError, Shared, link};

/// A port that is listened on. It is closed when dropped, once the server [stops](Shared::stop).
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

/// Binds a loopback address; port 0 takes a free one.
pub(super) fn bind(address: impl ToSocketAddrs) -> Result<(TcpListener, SocketAddr), ListenError> {
    let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
    if let Some(other) = addresses.iter().find(|address| !address.ip().is_loopback()) {
        return Err(ListenError::NotLoopback(*other));
    }
    let listener = TcpListener::bind(addresses.as_slice())?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl Door {
    /// Takes connections for a data centre from now on.
    pub(super) fn open(
        dc: i32,
        listener: TcpListener,
        address: SocketAddr,
        shared: &Arc<Shared>,
    ) -> Result<Self, ListenError> {
        let name = format!("sandbox {}", address.port());
        let acceptor = thread::Builder::new().name(name).spawn({
            let shared = shared.clone();
            move || accept(dc, &listener, address, &shared)
        })?;
        Ok(Self { address, acceptor: Some(acceptor) })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // The acceptor waits for a connection: this is its last.
        let woken = TcpStream::connect(self.address).is_ok();
        if let (Some(acceptor), true) = (self.acceptor.take(), woken) {
            let _ = acceptor.join();
        }
    }
}

fn accept(dc: i32, listener: &TcpListener, address: SocketAddr, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.hall().stopping {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Too many open files, most likely; some will be closed.
                thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        threads.retain(|thread| !thread.is_finished());
        let Some(place) = shared.place() else { continue };
        if shared.hall().refuses() {
            continue;
        }
        let name = format!("read {}", address.port());
        let serving = thread::Builder::new().name(name).spawn({
            let shared = shared.clone();
            move || {
                let _ = link::serve(dc, stream, &shared);
                drop(place);
            }
        });
        threads.extend(serving);
    }
    for thread in threads {
        let _ = thread.join();
    }
}
