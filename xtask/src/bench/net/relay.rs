//! A far way between a client and the sandbox, on which round trips are counted.
//!
//! What a client sends lies one trip further than all that has reached it, and what the server sends as
//! far as all that has reached the server. Everything is held up for a while, so that what follows from
//! something always comes behind it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long everything takes to go one way.
const WAY: Duration = Duration::from_millis(100);

/// How far that has come which reached the client, and the server.
#[derive(Default)]
struct Trips {
    client: AtomicU32,
    server: AtomicU32,
}

/// The relay. Connections count together until an answer is there.
#[derive(Default)]
pub(super) struct Relay {
    current: Arc<Mutex<Arc<Trips>>>,
    last: Mutex<Option<u32>>,
}

impl Relay {
    /// Opens it before the server's address, for as long as the process lives, and gives its own.
    pub(super) fn open(&self, server: &str) -> Result<String, String> {
        let failed = |error: io::Error| format!("the relay: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let (server, current) = (server.to_owned(), Arc::clone(&self.current));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { return };
                let trips = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let _ = carry(&client, &server, trips);
            }
        });
        Ok(address)
    }

    /// The client has its answer: what follows counts anew.
    pub(super) fn answered(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let trips = std::mem::take(&mut *current).client.load(Ordering::SeqCst);
        if trips > 0 {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(trips);
        }
    }

    /// How many trips the last answer took that came this way.
    pub(super) fn last(&self) -> Option<u32> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn carry(client: &TcpStream, server: &TcpStream, trips: Arc<Trips>) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let there = Arc::clone(&trips);
    one_way(client.try_clone()?, server.try_clone()?, move || {
        let trip = there.client.load(Ordering::SeqCst) + 1;
        let there = Arc::clone(&there);
        Box::new(move || {
            there.server.fetch_max(trip, Ordering::SeqCst);
        })
    });
    one_way(server.try_clone()?, client.try_clone()?, move || {
        let trip = trips.server.load(Ordering::SeqCst);
        let trips = Arc::clone(&trips);
        Box::new(move || {
            trips.client.fetch_max(trip, Ordering::SeqCst);
        })
    });
    Ok(())
}

/// To be done when something arrives.
type Arrival = Box<dyn Fn() + Send>;

fn one_way(mut from: TcpStream, mut to: TcpStream, leaves: impl Fn() -> Arrival + Send + 'static) {
    let (sender, receiver) = mpsc::channel::<(Instant, Arrival, Vec<u8>)>();
    thread::spawn(move || {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(len @ 1..) = from.read(&mut bytes) {
            let piece = bytes.get(..len).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + WAY, leaves(), piece)).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (at, arrives, piece) in receiver {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            arrives();
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_waits_for_something_and_not_what_goes_along() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Relay::default();
        let address = relay.open(&listener.local_addr().unwrap().to_string()).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for len in [4, 1] {
                let mut asked = vec![0; len];
                stream.read_exact(&mut asked).unwrap();
                stream.write_all(&asked).unwrap();
            }
        });
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"ab").unwrap();
        client.write_all(b"cd").unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        client.write_all(b"e").unwrap();
        client.read_exact(&mut [0]).unwrap();
        relay.answered();
        assert_eq!(relay.last(), Some(2));
        relay.answered();
        assert_eq!(relay.last(), Some(2), "nothing has come since");
        server.join().unwrap();
    }
}
