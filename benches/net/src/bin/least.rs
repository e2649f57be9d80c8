//! The least that still is a client: the connection machine in a task that waits for whatever comes
//! first, and calls from another. No retries, no updates, no session, no other data centres.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, Instant, SystemTime};

use layer_client::tl::{Serializable, functions};
use layer_crypto::AuthKey;
use layer_mtproto::connection::{Call, CallId, Config, Connection, Event, Init, Saved};
use layer_mtproto::{Now, exchange};
use layer_net_benches::{Meter, Result, Task};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// A function, and who waits for its answer.
type Command = (Vec<u8>, oneshot::Sender<Vec<u8>>);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let task = Task::read()?;
    if task.scenario != "calls" {
        return Err("no such scenario".into());
    }
    let stream = TcpStream::connect(task.address).await?;
    stream.set_nodelay(true)?;
    let (commands, receiver) = mpsc::channel(256);
    let driver = Driver::new(&task);
    tokio::spawn(async move {
        if let Err(error) = driver.run(stream, receiver).await {
            eprintln!("{error}");
        }
    });
    tokio::spawn(async move {
        call(&commands).await?;
        let meter = Meter::start();
        for _ in 0..task.count {
            call(&commands).await?;
        }
        meter.report("calls", task.count);
        Ok(())
    })
    .await?
}

async fn call(commands: &mpsc::Sender<Command>) -> Result<()> {
    let (answer, answered) = oneshot::channel();
    let function = functions::help::GetNearestDc {}.to_bytes();
    commands.send((function, answer)).await.map_err(|_| "the driver has gone")?;
    answered.await?;
    Ok(())
}

struct Driver {
    connection: Connection,
    rng: ChaCha20Rng,
    start: Instant,
    waiting: BTreeMap<CallId, oneshot::Sender<Vec<u8>>>,
}

impl Driver {
    fn new(task: &Task) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(std::process::id().into());
        let start = Instant::now();
        let now = now(start);
        let config = Config::new(exchange::Config::new(Vec::new(), 2), Init::new(1));
        let saved = Saved::new(AuthKey::from_bytes(&task.auth_key), 0, 0, now);
        let mut connection = Connection::new(config, Some(saved), now, &mut rng);
        connection.handle_connected(now, &mut rng);
        Self { connection, rng, start, waiting: BTreeMap::new() }
    }

    async fn run(
        mut self,
        mut stream: TcpStream,
        mut commands: mpsc::Receiver<Command>,
    ) -> Result<()> {
        let (mut incoming, mut outgoing) = (Vec::with_capacity(1024), Vec::new());
        let mut alarm = pin!(sleep(Duration::from_secs(600)));
        loop {
            let now = now(self.start);
            while let Ok(command) = commands.try_recv() {
                self.command(command, now)?;
            }
            while let Some(event) = self.connection.poll_event() {
                match event {
                    Event::Answer { call, result, .. } => {
                        let waiting = self.waiting.remove(&call).ok_or("nobody waits")?;
                        // Whoever waited may have gone.
                        let _ = waiting.send(result?);
                    }
                    Event::LinkLost(lost) => return Err(lost.into()),
                    _ => {}
                }
            }
            self.connection.poll_transmit(now, &mut self.rng, &mut outgoing);
            stream.write_all(&outgoing).await?;
            outgoing.clear();
            incoming.clear();
            tokio::select! {
                biased;
                () = alarm.as_mut() => return Ok(()),
                read = stream.read_buf(&mut incoming) => match read? {
                    0 => return Err("the server has gone".into()),
                    _ => self.connection.handle_bytes(&incoming, now, &mut self.rng),
                },
                command = commands.recv() => match command {
                    Some(command) => self.command(command, now)?,
                    None => return Ok(()),
                },
            }
        }
    }

    fn command(&mut self, (function, answer): Command, now: Now) -> Result<()> {
        let call = self.connection.call(Call::new(function), now)?;
        self.waiting.insert(call, answer);
        Ok(())
    }
}

fn now(start: Instant) -> Now {
    let wall = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Now { monotonic: start.elapsed(), wall }
}
