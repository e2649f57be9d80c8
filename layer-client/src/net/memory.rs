//! A sandbox in memory, for tests: several data centres, dialled like servers, under the runtime's
//! clock, which a test pauses. It refuses, hangs and cuts links where it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use layer_sandbox::{Connection, Settings, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::Clock;
use super::dial::{BoxFuture, Dial, Stream, Target};
use crate::random;

/// The wall clock when the runtime's begins.
const WALL: Duration = Duration::from_secs(1_700_000_000);

/// Servers in memory.
pub(crate) struct Memory {
    me: Weak<Self>,
    world: Mutex<World>,
    pub(crate) clock: Clock,
    /// Counts up to cut links: of one data centre, or all.
    cuts: watch::Sender<(u64, Option<i32>)>,
    /// Counts up when the world may have changed.
    changes: watch::Sender<u64>,
    pub(crate) dialled: AtomicUsize,
    /// So many diallings fail before one succeeds.
    pub(crate) refusals: AtomicUsize,
    /// What becomes of the next diallings.
    fates: Mutex<VecDeque<Fate>>,
    /// How each data centre is dialled, if not at once.
    delays: Mutex<BTreeMap<i32, Option<Duration>>>,
    /// What the servers have read, and what they have sent.
    pub(crate) up: Meter,
    pub(crate) down: Meter,
}

/// How many bytes have gone one way, over all links together.
pub(crate) struct Meter {
    passed: AtomicU64,
    /// At how many all links are cut, and at how many they were.
    cut_at: AtomicU64,
    was_cut_at: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        let [passed, cut_at, was_cut_at] = [0, u64::MAX, 0].map(AtomicU64::new);
        Self { passed, cut_at, was_cut_at }
    }
}

impl Meter {
    /// So many by now.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// All links are cut after so many more, at least one; a read that waits already may go beyond.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.cut_at.store(self.passed() + bytes.max(1), Ordering::Relaxed);
    }

    /// At how many they were cut.
    pub(crate) fn was_cut_at(&self) -> u64 {
        self.was_cut_at.load(Ordering::Relaxed)
    }

    /// So many may pass before the cut.
    fn room(&self) -> usize {
        let left = self.cut_at.load(Ordering::Relaxed) - self.passed();
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Says whether it is time to cut.
    fn pass(&self, bytes: usize) -> bool {
        let passed = self.passed.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        let is_due = passed >= self.cut_at.load(Ordering::Relaxed);
        if is_due {
            self.cut_at.store(u64::MAX, Ordering::Relaxed);
            self.was_cut_at.store(passed, Ordering::Relaxed);
        }
        is_due
    }
}

/// What becomes of a dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A link as it should be.
    Good,
    /// Refused at once.
    Refused,
    /// Nobody ever says whether it has succeeded.
    Hangs,
    /// A link on which the server reads and never answers.
    Silent,
    /// A link that is cut when the server has sent so many bytes.
    CutAfterSending(usize),
    /// A link that is cut when the server has read so many bytes. What they ask for is done, and what it
    /// answers to the last of them is lost.
    CutAfterReading(usize),
}

impl Memory {
    /// One server that is every data centre, at whatever address.
    pub(crate) fn new() -> Arc<Self> {
        Self::with(Settings::default())
    }

    /// Data centres that stand apart; the first is home. See [`Memory::address`].
    pub(crate) fn of(dcs: &[i32]) -> Arc<Self> {
        let addresses = dcs.iter().map(|dc| (*dc, Self::address(*dc).parse().unwrap())).collect();
        Self::with(Settings { dc: dcs[0], addresses, ..Settings::default() })
    }

    pub(crate) fn with(settings: Settings) -> Arc<Self> {
        let start = Instant::now();
        let clock = Clock { start, wall: Arc::new(move || WALL + start.elapsed()) };
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            world: Mutex::new(World::new(settings)),
            clock,
            cuts: watch::Sender::default(),
            changes: watch::Sender::default(),
            dialled: AtomicUsize::default(),
            refusals: AtomicUsize::default(),
            fates: Mutex::default(),
            delays: Mutex::default(),
            up: Meter::default(),
            down: Meter::default(),
        })
    }

    /// Where a data centre is, as the config tells it too.
    pub(crate) fn address(dc: i32) -> String {
        format!("192.0.2.{dc}:443")
    }

    /// The server's key, as a client is configured with it.
    pub(crate) fn public_key_pem(&self) -> String {
        self.world().settings.terms.key.public().to_pem()
    }

    /// What the servers know. What was done to it is carried out when it is let go. Not to be held
    /// over an await.
    pub(crate) fn world(&self) -> Held<'_> {
        Held { world: self.world.lock().unwrap(), changes: &self.changes }
    }

    /// The servers' time.
    pub(crate) fn now(&self) -> layer_sandbox::Now {
        let now = self.clock.now();
        layer_sandbox::Now { monotonic: now.monotonic, wall: now.wall }
    }

    /// Says something to every session.
    pub(crate) fn push(&self, object: &[u8]) {
        let mut world = self.world();
        let sessions: Vec<_> = world.sessions.ids().collect();
        for (key_id, session_id) in sessions {
            assert!(world.push(key_id, session_id, object.to_vec()));
        }
    }

    /// Cuts all links.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts = (cuts.0 + 1, None));
    }

    /// Cuts all links to a data centre. Not to be called twice without an await between.
    pub(crate) fn cut_dc(&self, dc: i32) {
        self.cuts.send_modify(|cuts| *cuts = (cuts.0 + 1, Some(dc)));
    }

    /// What becomes of the next diallings, to whatever data centre; those after them are good.
    pub(crate) fn next_links(&self, fates: impl IntoIterator<Item = Fate>) {
        self.fates.lock().unwrap().extend(fates);
    }

    /// From now on diallings to this data centre take so long; `None`: are refused; zero: succeed.
    pub(crate) fn dialling_takes(&self, dc: i32, long: Option<Duration>) {
        self.delays.lock().unwrap().insert(dc, long);
    }

    /// The data centre at the first address that is one.
    fn find(&self, target: &Target) -> Option<i32> {
        let settings = self.world.lock().unwrap().settings.clone();
        if !settings.apart() {
            return Some(settings.dc);
        }
        target.0.iter().find_map(|address| {
            let address: SocketAddr = address.parse().ok()?;
            settings.addresses.iter().find(|(_, known)| **known == address).map(|(dc, _)| *dc)
        })
    }
}

/// The world; whoever is concerned is told when it is let go.
pub(crate) struct Held<'a> {
    world: MutexGuard<'a, World>,
    changes: &'a watch::Sender<u64>,
}

impl Deref for Held<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

impl Dial for Memory {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let dialled = self.dialled.fetch_add(1, Ordering::Relaxed);
            let refused = || Err(io::ErrorKind::ConnectionRefused.into());
            if self.refusals.load(Ordering::Relaxed) > 0 {
                self.refusals.fetch_sub(1, Ordering::Relaxed);
                return refused();
            }
            let Some(dc) = self.find(target) else { return refused() };
            let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Good);
            let delay = self.delays.lock().unwrap().get(&dc).copied();
            match (fate, delay) {
                (Fate::Hangs, _) => std::future::pending().await,
                (Fate::Refused, _) | (_, Some(None)) => return refused(),
                (_, Some(Some(delay))) => sleep(delay).await,
                _ => {}
            }
            let (ours, theirs) = duplex(64 << 10);
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&dialled.to_le_bytes());
            let me = self.me.upgrade().unwrap();
            tokio::spawn(serve(theirs, me, dc, fate, seed));
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}

async fn serve(mut stream: DuplexStream, memory: Arc<Memory>, dc: i32, fate: Fate, seed: [u8; 32]) {
    let mut rng = random::seeded(seed);
    let (mut cuts, mut changes) = (memory.cuts.subscribe(), memory.changes.subscribe());
    let mut connection = Connection::at(&memory.world().settings.clone(), dc, memory.now());
    let (mut to_send, mut to_read) = match fate {
        Fate::CutAfterSending(bytes) => (bytes, usize::MAX),
        Fate::CutAfterReading(bytes) => (usize::MAX, bytes),
        _ => (usize::MAX, usize::MAX),
    };
    let mut bytes = vec![0; 16 << 10];
    while !connection.is_closed() {
        let deadline = memory.clock.start + connection.deadline(&memory.world.lock().unwrap());
        let most = bytes.len().min(to_read).min(memory.up.room());
        tokio::select! {
            biased;
            _ = cuts.changed() => {
                if cuts.borrow_and_update().1.is_none_or(|cut| cut == dc) {
                    return;
                }
            }
            Ok(()) = changes.changed() => continue,
            read = stream.read(&mut bytes[..most]) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) if fate == Fate::Silent => continue,
                Ok(len) => {
                    to_read -= len;
                    if memory.up.pass(len) {
                        memory.cut();
                    }
                    // What it says before it closes is sent.
                    let _ = connection.receive(&bytes[..len], memory.now(), &mut memory.world(), &mut rng);
                    if to_read == 0 {
                        return;
                    }
                }
            },
            () = sleep_until(deadline), if fate != Fate::Silent => {
                let _ = connection.handle_timeout(memory.now(), &mut memory.world(), &mut rng);
            }
        }
        let mut output = connection.take_output();
        output.truncate(to_send.min(memory.down.room()));
        to_send -= output.len();
        let is_cut = memory.down.pass(output.len());
        if stream.write_all(&output).await.is_err() || to_send == 0 || is_cut {
            if is_cut {
                memory.cut();
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use layer_mtproto::wire::framing::{Frame, FramingKind};
    use layer_mtproto::wire::message::PlainMessage;
    use layer_tl_types::{Serializable, functions};

    use super::*;

    /// A client's first packet, and how the answer is read.
    async fn ask(memory: &Arc<Memory>, dc: i32) -> io::Result<Vec<u8>> {
        let mut stream = memory.dial(&Target(vec![Memory::address(dc)])).await?;
        let mut rng = random::seeded([1; 32]);
        let (mut encoder, mut decoder) = FramingKind::Intermediate.client(&mut rng);
        let (mut packet, mut sent) = (Vec::new(), Vec::new());
        let query = functions::ReqPq { nonce: [7; 16] }.to_bytes();
        PlainMessage { msg_id: 4, body: &query }.write(&mut packet);
        encoder.encode(&packet, false, &mut rng, &mut sent).unwrap();
        stream.write_all(&sent).await?;
        loop {
            if let Some(frame) = decoder.frames().next() {
                let Frame::Packet { bytes, .. } = frame.unwrap() else { panic!() };
                return Ok(bytes.to_vec());
            }
            let mut bytes = [0; 100];
            match stream.read(&mut bytes).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => decoder.feed(&bytes[..len]),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_lead_to_their_data_centres_and_others_nowhere() {
        let memory = Memory::of(&[2, 4]);
        for dc in [2, 4] {
            assert!(ask(&memory, dc).await.is_ok());
        }
        let refused = ask(&memory, 1).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test(start_paused = true)]
    async fn links_end_as_they_are_told() {
        let mut settings = Settings::default();
        settings.terms.tail = false;
        let memory = Memory::with(settings);
        let whole = ask(&memory, 2).await.unwrap().len() + 4;
        use Fate::*;
        memory.next_links([Refused, CutAfterSending(whole - 1), CutAfterSending(whole), Good]);
        assert_eq!(ask(&memory, 2).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(ask(&memory, 2).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(ask(&memory, 2).await.is_ok());
        assert!(ask(&memory, 2).await.is_ok());
        // The tag, the length, and a plain message with a nonce.
        memory.next_links([CutAfterReading(4 + 4 + 20 + 20), CutAfterReading(1)]);
        assert!(ask(&memory, 2).await.is_err());
        assert!(ask(&memory, 2).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_answers_is_waited_for() {
        let memory = Memory::of(&[2]);
        memory.next_links([Fate::Hangs, Fate::Silent]);
        for _ in 0..2 {
            let patience = Duration::from_secs(300);
            assert!(tokio::time::timeout(patience, ask(&memory, 2)).await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_data_centre_is_slow_alone() {
        let memory = Memory::of(&[2, 4]);
        memory.dialling_takes(4, Some(Duration::from_secs(9)));
        let started = Instant::now();
        ask(&memory, 2).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(1));
        ask(&memory, 4).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(9));
        memory.dialling_takes(4, None);
        assert!(ask(&memory, 4).await.is_err());
    }
}
