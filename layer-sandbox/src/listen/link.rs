//! One connection of the server: a thread that reads and one that writes and keeps the time.
//!
//! The machine stands in the [`Hall`] with all others and the world, under one lock. The reader
//! feeds it. The writer sleeps until there is output or the machine's deadline has come, which also
//! another connection, a test or the clock may have brought nearer: they wake it then.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rand_core::CryptoRng;

use super::{Hall, Shared};
use crate::{Connection, Now, World};

/// Bytes read at a time.
const READ: usize = 64 << 10;
/// How long a client may take nothing of what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The shortest wait for a deadline: a machine whose deadline stays past keeps no core busy.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// What the hall holds of a connection.
#[derive(Debug)]
pub(super) struct Link {
    connection: Connection,
    stream: Arc<TcpStream>,
    /// Told whenever there may be something to do for the reader or the writer.
    changed: Arc<Condvar>,
    /// Until when the writer sleeps, on the monotonic clock.
    sleeps_until: Duration,
    /// The client sends nothing more.
    ended: bool,
}

impl Link {
    /// Does what has fallen due. Returns whether the client was not silent for too long: if it was,
    /// it is sent nothing any more.
    pub(super) fn handle_timeout(
        &mut self,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) -> bool {
        let is_due = self.connection.deadline(world) <= now.monotonic;
        !is_due || self.connection.handle_timeout(now, world, rng).is_ok()
    }

    /// Wakes the writer if it would sleep too long.
    pub(super) fn wake_if_due(&self, world: &World) {
        if self.connection.deadline(world) < self.sleeps_until {
            self.changed.notify_all();
        }
    }

    /// Wakes the writer, which looks at the time anew.
    pub(super) fn wake(&self) {
        self.changed.notify_all();
    }
}

/// The socket is closed when the server has done with it, whoever was first.
impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        self.changed.notify_all();
    }
}

/// Serves a connection to a data centre until either side closes it.
pub(super) fn serve(dc: i32, stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let (stream, changed) = (Arc::new(stream), Arc::new(Condvar::new()));
    let id = {
        let mut hall = shared.hall();
        if hall.stopping {
            return Ok(());
        }
        let now = hall.clock.now();
        let link = Link {
            connection: Connection::at(&hall.world.settings, dc, now),
            stream: stream.clone(),
            changed: changed.clone(),
            sleeps_until: Duration::MAX,
            ended: false,
        };
        hall.admit(link)
    };
    thread::scope(|scope| {
        let name = stream.local_addr().map(|address| format!("write {}", address.port()));
        let writer = thread::Builder::new().name(name.unwrap_or_default());
        let writer = writer.spawn_scoped(scope, || {
            let _ = write(&stream, id, &changed, shared);
            shared.hall().links.remove(&id);
        });
        if writer.is_ok() {
            let _ = read(&stream, id, &changed, shared);
        }
        let mut hall = shared.hall();
        match (hall.links.get_mut(&id), writer) {
            (Some(link), Ok(_)) => {
                link.ended = true;
                link.wake();
            }
            _ => drop(hall.links.remove(&id)),
        }
    });
    Ok(())
}

/// Feeds the machine, until the socket or the link is closed.
fn read(mut stream: &TcpStream, id: u64, changed: &Condvar, shared: &Shared) -> io::Result<()> {
    let mut bytes = vec![0; READ];
    loop {
        let len = match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut hall = shared.hall();
        // What the client does not take of its answers, it is not let ask beyond.
        while hall.links.get(&id).is_some_and(|link| link.connection.is_waiting()) {
            hall = wait(hall, changed, None);
        }
        let Hall { world, links, clock, rng, .. } = &mut *hall;
        let Some(link) = links.get_mut(&id) else { return Ok(()) };
        // What the client did wrong is told to it as far as it may know.
        let came = bytes.get(..len).unwrap_or_default();
        let _ = link.connection.receive(came, clock.now(), world, &mut **rng);
        link.wake();
        hall.changed();
    }
}

/// Writes what the machine puts out and tells it when its deadline has come, until it has closed
/// the connection or the client has.
fn write(mut stream: &TcpStream, id: u64, changed: &Condvar, shared: &Shared) -> io::Result<()> {
    let mut hall = shared.hall();
    loop {
        let Hall { world, links, clock, rng, .. } = &mut *hall;
        let rng = &mut **rng;
        let Some(link) = links.get_mut(&id) else { return Ok(()) };
        let now = clock.now();
        if !link.handle_timeout(now, world, rng) {
            return Ok(());
        }
        let mut output = link.connection.take_output();
        if link.connection.is_waiting() {
            let _ = link.connection.receive(&[], now, world, rng);
            output.append(&mut link.connection.take_output());
            link.wake();
        }
        if !output.is_empty() {
            drop(hall);
            stream.write_all(&output)?;
            hall = shared.hall();
            continue;
        }
        if link.connection.is_closed() || link.ended {
            return Ok(());
        }
        let deadline = link.connection.deadline(world);
        link.sleeps_until = deadline;
        let timeout = clock.wait_for(deadline).map(|wait| wait.max(SHORTEST_WAIT));
        hall.wake_who_is_due();
        hall = wait(hall, changed, timeout);
        if let Some(link) = hall.links.get_mut(&id) {
            link.sleeps_until = Duration::ZERO;
        }
    }
}

fn wait<'a>(
    hall: MutexGuard<'a, Hall>,
    changed: &Condvar,
    timeout: Option<Duration>,
) -> MutexGuard<'a, Hall> {
    match timeout {
        Some(timeout) => {
            let waited = changed.wait_timeout(hall, timeout);
            waited.unwrap_or_else(PoisonError::into_inner).0
        }
        None => changed.wait(hall).unwrap_or_else(PoisonError::into_inner),
    }
}
