//! The task behind a link: it dials, reads, writes, keeps the time and obeys, and leaves all that is
//! MTProto to the connection machine. When the stream is lost it dials again, a little later each
//! time.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use layer_mtproto::Now;
use layer_mtproto::connection::{self, CallId, Connection, Event, Failure, Saved};
use layer_mtproto::wire::framing::TransportError;
use rand_core::{CryptoRng, Rng};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::clock::{Backoff, Clock};
use super::dial::{Dial, Stream};
use super::flow::{Flow, Moved};
use super::hub::Hub;
use super::link::{Answer, Answered, Command, Link};
use super::mailbox::{Mail, Mailbox};
use super::waiting::{Waiting, WaitingCalls};
use super::why::Why;
use super::work::{Blocking, Computation};
use crate::InvocationError;
use crate::updates::Asked;

/// A deadline that is none: ten years.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// How often it is looked for calls that have waited too long.
const SWEEP: Duration = Duration::from_secs(1);

/// All that a driver is made with.
pub(crate) struct Parts {
    pub(crate) connection: Connection,
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) hub: Arc<dyn Hub>,
    /// Where the link tells under which key it speaks.
    pub(crate) key: Arc<AtomicI64>,
    pub(crate) clock: Clock,
    pub(crate) rng: Box<dyn CryptoRng + Send>,
    pub(crate) blocking: Blocking,
    pub(crate) backoff: Backoff,
    /// How long a call may be without a sign from the server.
    pub(crate) call_timeout: Duration,
}

/// A link, and the future that drives it: it ends when the last handle is dropped.
pub(crate) fn open(parts: Parts) -> (Link, impl Future<Output = ()> + Send) {
    let mailbox = Arc::new(Mailbox::default());
    let link = Link::new(Arc::clone(&mailbox), Arc::clone(&parts.key));
    let mut driver = Driver {
        parts,
        mailbox,
        mail: Mail::default(),
        waiting: WaitingCalls::default(),
        ready: Vec::new(),
        lost: Vec::new(),
        destroying: Vec::new(),
        is_ready: false,
        unsaved: None,
        failures: 0,
        waits_after: None,
        sweep_at: Instant::now(),
    };
    // By reference: a future that was given the driver would hold it twice.
    (link, async move { driver.run().await })
}

struct Driver {
    parts: Parts,
    mailbox: Arc<Mailbox>,
    /// What was taken from there last.
    mail: Mail,
    /// Who waits for which call.
    waiting: WaitingCalls,
    ready: Vec<oneshot::Sender<Result<(), Why>>>,
    lost: Vec<oneshot::Sender<Why>>,
    /// Who waits until the key is destroyed.
    destroying: Vec<oneshot::Sender<bool>>,
    is_ready: bool,
    /// A key that was agreed and could not be saved yet.
    unsaved: Option<Saved>,
    /// How often in a row no link came to be, or none that lasted until calls flowed.
    failures: u32,
    /// Why there is no link, while the next dialling is waited for.
    waits_after: Option<Why>,
    sweep_at: Instant,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.mailbox.end();
    }
}

/// Why a driver does not go on as it did.
enum End {
    /// Nobody holds the link any more, or its key is dead.
    Closed,
    /// The stream is lost.
    Lost(Why),
}

/// What has come of what the handles have told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obeyed {
    /// Nobody holds the link any more.
    Closed,
    /// Nothing is to be waited for before the next dialling.
    Redial,
    Done,
}

impl Driver {
    async fn run(&mut self) {
        loop {
            let end = match self.dial().await {
                Ok(stream) => self.talk(stream).await,
                Err(end) => end,
            };
            self.is_ready = false;
            match end {
                End::Closed => break,
                End::Lost(why) => {
                    tracing::debug!(%why, "the link is lost");
                    let now = self.parts.clock.now();
                    self.parts.connection.handle_disconnected(now);
                    for ready in self.ready.drain(..) {
                        // Whoever asked may have gone.
                        let _ = ready.send(Err(why.clone()));
                    }
                    for lost in self.lost.drain(..) {
                        let _ = lost.send(why.clone());
                    }
                    self.failures += 1;
                    self.waits_after = Some(why);
                    if !self.pause().await {
                        break;
                    }
                    self.waits_after = None;
                }
            }
        }
    }

    /// Dials, and obeys meanwhile.
    async fn dial(&mut self) -> Result<Box<dyn Stream>, End> {
        if let Some(saved) = self.unsaved.take() {
            self.save(saved).await.map_err(End::Lost)?;
        }
        let (dial, target) = (Arc::clone(&self.parts.dial), self.parts.hub.target());
        let mut dialling = dial.dial(&target);
        loop {
            tokio::select! {
                biased;
                dialled = &mut dialling => return dialled.map_err(|error| End::Lost(error.into())),
                obeyed = self.obey() => if obeyed == Obeyed::Closed { return Err(End::Closed) },
            }
        }
    }

    /// Waits before dialling again, and obeys meanwhile. Returns whether to go on.
    async fn pause(&mut self) -> bool {
        let wait = self.parts.backoff.wait(self.failures - 1, &mut *self.parts.rng);
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                biased;
                () = sleep_until(until) => return true,
                obeyed = self.obey() => match obeyed {
                    Obeyed::Closed => return false,
                    Obeyed::Redial => return true,
                    Obeyed::Done => {}
                },
            }
        }
    }

    /// Waits for what the handles tell, and does it, or gives up calls of which nothing is heard. May be
    /// dropped midway.
    async fn obey(&mut self) -> Obeyed {
        let sweep = sleep_until(self.sweep_at);
        tokio::select! {
            biased;
            () = sweep, if !self.waiting.is_empty() => self.sweep(),
            () = self.mailbox.told() => return self.heed(self.parts.clock.now()),
        }
        Obeyed::Done
    }

    /// Drives the machine over a stream until that is lost.
    async fn talk(&mut self, stream: Box<dyn Stream>) -> End {
        let mut now = self.parts.clock.now();
        self.parts.connection.handle_connected(now, &mut *self.parts.rng);
        let mut flow = Flow::new(stream);
        let mut computation = Computation::default();
        let mut alarm = pin!(sleep_until(Instant::now() + NEVER));
        loop {
            if let Some(end) = self.dispatch().await {
                return end;
            }
            if self.waiting.let_them_call().await {
                now = self.parts.clock.now();
            }
            // What waits is taken in one go, so that it goes out in few packets.
            if self.heed(now) == Obeyed::Closed {
                return End::Closed;
            }
            // Streams and commands that never pause don't hold it up.
            let rings = self.parts.clock.start + now.monotonic >= alarm.deadline();
            if rings {
                if self.is_due(now) {
                    self.parts.connection.handle_timeout(now, &mut *self.parts.rng);
                }
                self.sweep();
            }
            // What the commands and the time have given.
            if let Some(end) = self.dispatch().await {
                return end;
            }
            // More is made when all is written; what the clock asks for is made at once, or its
            // deadline would stay.
            if flow.is_written() || self.is_due(now) {
                let rng = &mut *self.parts.rng;
                self.parts.connection.poll_transmit(now, rng, flow.outgoing());
                // Mostly all of it goes at once, and the next to wait for is the answer.
                if let Err(error) = flow.write_now().await {
                    return End::Lost(error.into());
                }
            }
            if let Some(next) = self.parts.connection.poll_work() {
                let mut seed = [0; 32];
                self.parts.rng.fill_bytes(&mut seed);
                computation.begin(next, &self.parts.blocking, now, seed);
            }
            // One that rings too early does no harm, and costs less than to be set anew each time.
            let deadline = self.deadline();
            if deadline < alarm.deadline() || rings {
                alarm.as_mut().reset(deadline);
            }
            // What mostly wakes first, so that the others are asked only when it has nothing.
            tokio::select! {
                biased;
                done = computation.done() => if let Some(done) = done {
                    now = self.parts.clock.now();
                    self.parts.connection.handle_work(done, now, &mut *self.parts.rng);
                },
                moved = flow.moved() => {
                    now = self.parts.clock.now();
                    match moved {
                        Ok(Moved::Written) => {}
                        Ok(Moved::Read) if flow.speaks_http() => return End::Lost(Why::Http),
                        Ok(Moved::Read) => {
                            let rng = &mut *self.parts.rng;
                            self.parts.connection.handle_bytes(flow.received(), now, rng);
                        }
                        Err(error) => return End::Lost(error.into()),
                    }
                }
                () = self.mailbox.told() => now = self.parts.clock.now(),
                () = alarm.as_mut() => now = self.parts.clock.now(),
            }
        }
    }

    /// Whether the machine has something to do, whatever comes.
    fn is_due(&self, now: Now) -> bool {
        self.parts.connection.poll_deadline().is_some_and(|at| at <= now.monotonic)
    }

    /// When something is to be done, whatever comes.
    fn deadline(&self) -> Instant {
        let deadline = self.parts.connection.poll_deadline().unwrap_or(NEVER).min(NEVER);
        let deadline = self.parts.clock.start + deadline;
        if self.waiting.is_empty() { deadline } else { deadline.min(self.sweep_at) }
    }

    /// Hands out what the machine has to tell.
    async fn dispatch(&mut self) -> Option<End> {
        while let Some(event) = self.parts.connection.poll_event() {
            match event {
                Event::Answer { call, result, maybe_repeated } => {
                    self.answer(call, result, maybe_repeated);
                }
                // Whoever still calls under a key that we had destroyed does so under another.
                Event::Failed { call, reason: Failure::KeyDead } if !self.destroying.is_empty() => {
                    self.end(call, Err(InvocationError::Dropped));
                }
                Event::Failed { call, reason } => self.end(call, Err(reason.into())),
                Event::Push(object) => self.parts.hub.pushed(object),
                Event::UpdatesMissed => self.parts.hub.updates_missed(),
                Event::KeyAgreed => {
                    let now = self.parts.clock.now();
                    if let Some(saved) = self.parts.connection.saved(now)
                        && let Err(why) = self.save(saved).await
                    {
                        // What follows can but say that calls flow, and they must not.
                        while self.parts.connection.poll_event().is_some() {}
                        return Some(End::Lost(why));
                    }
                }
                Event::Learnt => {
                    let now = self.parts.clock.now();
                    if let Some(saved) = self.parts.connection.saved(now) {
                        self.parts.hub.learnt(saved);
                    }
                }
                Event::Ready => {
                    self.is_ready = true;
                    self.failures = 0;
                    for ready in self.ready.drain(..) {
                        let _ = ready.send(Ok(()));
                    }
                }
                Event::LinkLost(connection::Lost::Transport(TransportError::UNKNOWN_KEY))
                    if self.parts.hub.gives_up_easily() =>
                {
                    self.parts.hub.key_dead();
                    return Some(End::Closed);
                }
                Event::LinkLost(lost) => return Some(End::Lost(Why::Lost(lost))),
                Event::KeyDead => {
                    self.parts.hub.key_dead();
                    return Some(End::Closed);
                }
                Event::KeyDestroyed => {
                    self.parts.hub.key_dead();
                    self.tell_destroyed(true);
                    return Some(End::Closed);
                }
                Event::KeyKept => self.tell_destroyed(false),
                _ => {}
            }
        }
        None
    }

    fn tell_destroyed(&mut self, is_destroyed: bool) {
        for destroying in self.destroying.drain(..) {
            // Whoever asked may have gone.
            let _ = destroying.send(is_destroyed);
        }
    }

    /// Has a new key saved, or keeps it in mind.
    async fn save(&mut self, saved: Saved) -> Result<(), Why> {
        let kept = self.parts.hub.key_agreed(saved.clone()).await;
        kept.map_err(|error| {
            self.unsaved = Some(saved);
            Why::Unsaved(error)
        })
    }

    fn command(&mut self, command: Command, now: Now) {
        match command {
            // Given up while it waited here.
            Command::Call { answer, .. } if answer.is_closed() => {}
            Command::Call { number, asked, call, answer } => {
                match self.parts.connection.call(call, now) {
                    Ok(id) => {
                        let since = self.parts.clock.start + now.monotonic;
                        if self.waiting.is_empty() {
                            self.sweep_at = since + SWEEP;
                        }
                        self.waiting.put(id, Waiting { number, asked, answer, since });
                    }
                    Err(error) => {
                        let _ = answer.send(Err(error.into()));
                    }
                }
            }
            Command::DestroyKey(destroyed) => {
                self.destroying.push(destroyed);
                self.parts.connection.destroy_key(&mut *self.parts.rng);
            }
            #[cfg(test)]
            Command::Waiting(waiting) => {
                let held = self.parts.connection.footprint();
                let ours = self.waiting.len();
                let _ = waiting.send(ours.max(held.calls).max(held.call_bytes));
            }
            Command::Lost(lost) => match &self.waits_after {
                Some(why) => {
                    let _ = lost.send(why.clone());
                }
                // Those who wait no more make room.
                None => {
                    self.lost.retain(|lost| !lost.is_closed());
                    self.lost.push(lost);
                }
            },
            Command::Ready(ready) if self.is_ready => {
                let _ = ready.send(Ok(()));
            }
            Command::Ready(ready) => match &self.waits_after {
                Some(why) => {
                    let _ = ready.send(Err(why.clone()));
                }
                None => self.ready.push(ready),
            },
        }
    }

    fn answer(
        &mut self,
        call: CallId,
        result: Result<Vec<u8>, connection::RpcError>,
        maybe_repeated: bool,
    ) {
        // Given up: nobody waits, and what it may say of updates was noted as missed.
        let Some(waiting) = self.waiting.take(call) else { return };
        let answered = match result {
            Ok(object) => {
                self.parts.hub.answered(&waiting.asked, &object);
                Ok(Answer { object, maybe_repeated })
            }
            // It was the server's memory of the number that refused the second time.
            Err(error) if maybe_repeated && error.name == "RANDOM_ID_DUPLICATE" => {
                Err(InvocationError::AnswerLost)
            }
            Err(error) => Err(crate::RpcError::from(error).into()),
        };
        self.tell(waiting, answered);
    }

    fn end(&mut self, call: CallId, answered: Answered) {
        if let Some(waiting) = self.waiting.take(call) {
            self.tell(waiting, answered);
        }
    }

    fn tell(&self, waiting: Waiting, answered: Answered) {
        if answered.as_ref().is_err_and(|error| !matches!(error, InvocationError::Rpc(_))) {
            self.miss(&waiting.asked);
        }
        // Whoever waited may have gone.
        let _ = waiting.answer.send(answered);
    }

    /// An answer will not come, and with it what it may say of updates.
    fn miss(&self, asked: &Asked) {
        if *asked != Asked::Nothing {
            self.parts.hub.updates_missed();
        }
    }

    /// Does what the handles have told: makes calls, gives up those whose futures were dropped, and
    /// more.
    fn heed(&mut self, now: Now) -> Obeyed {
        let mut mail = std::mem::take(&mut self.mail);
        self.mailbox.take(&mut mail);
        if mail.close {
            return Obeyed::Closed;
        }
        for command in mail.commands.drain(..) {
            self.command(command, now);
        }
        if !mail.given_up.is_empty() {
            self.give_up(&BTreeSet::from_iter(mail.given_up.drain(..)), now);
        }
        let redial = mail.redial;
        self.mail = mail;
        if redial { Obeyed::Redial } else { Obeyed::Done }
    }

    /// Gives up the calls with these numbers.
    fn give_up(&mut self, numbers: &BTreeSet<u64>, now: Now) {
        for (call, waiting) in self.waiting.give_up(numbers) {
            self.miss(&waiting.asked);
            self.parts.connection.cancel(call, now);
        }
    }

    /// Gives up calls of which nothing was heard for too long. One on which the server is known to
    /// work may take as long as it does.
    fn sweep(&mut self) {
        if Instant::now() < self.sweep_at {
            return;
        }
        self.sweep_at = Instant::now() + SWEEP;
        let timeout = self.parts.call_timeout;
        let is_lost = |call: &CallId| !self.parts.connection.has_arrived(*call);
        let late: Vec<CallId> = self.waiting.late(timeout).filter(is_lost).collect();
        let now = self.parts.clock.now();
        for call in late {
            self.parts.connection.cancel(call, now);
            self.end(call, Err(InvocationError::Timeout(timeout)));
        }
    }
}
