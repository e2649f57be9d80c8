//! Keys are agreed, bound, renewed, and verified when somebody has cast doubt on them.

use std::sync::Arc;
use std::time::Duration;

use layer_crypto::envelope::v1;
use layer_tl_types::{Serializable, enums, functions, types};
use rand_core::CryptoRng;

use super::keys::{Next, Temporary};
use super::link::{Agreement, Purpose, Stage};
use super::requests::Request;
use super::session::Session;
use super::{Connection, Event, Lost, RpcError};
use crate::Now;
use crate::calls::State;
use crate::exchange::{self, Agreed, Exchange, ExchangeError, Lifetime, Step, WorkKind};
use crate::salts::{self, Salts};

/// How long a temporary key lives that only verifies a permanent one, in seconds.
const VERIFYING: i32 = 3600;
/// How long calls under an old temporary key may still be answered when the new one is there.
const HANDOVER: Duration = Duration::from_secs(30);
/// A temporary key that expires in so many seconds is not used for a new link.
const TOO_LATE: i64 = 30;

/// A computation of the key exchange, of up to some ten milliseconds, to be run where it holds up
/// nobody. Its outcome goes to [`Connection::handle_work`].
#[derive(Debug)]
#[must_use = "the exchange goes on only when it is run"]
pub struct Work {
    work: exchange::Work,
    link: u64,
}

/// What came out of [`Work`]. A copy is as good; it is there for tests, to which work is dear.
#[derive(Debug, Clone)]
pub struct WorkDone {
    step: Result<Step, ExchangeError>,
    link: u64,
}

impl Work {
    /// Which piece of the exchange it is.
    pub fn kind(&self) -> WorkKind {
        self.work.kind()
    }

    /// Does it.
    pub fn run(self, now: Now, rng: &mut dyn CryptoRng) -> WorkDone {
        WorkDone { step: self.work.run(now, rng), link: self.link }
    }
}

impl Connection {
    /// Takes the outcome of [`Work`]. That of an earlier link is of no use any more and let go.
    pub fn handle_work(&mut self, done: WorkDone, now: Now, rng: &mut dyn CryptoRng) {
        self.clock.look(now);
        let agreement = self.link.as_ref().and_then(|link| link.agreement.as_ref());
        let waits = matches!(agreement, Some(Agreement { stage: Stage::Working, .. }));
        if done.link != self.links || !waits {
            return;
        }
        let stepped = done.step.map_err(Lost::from).and_then(|step| self.step(step, now, rng));
        self.settle(stepped);
    }

    /// What a key exchange waits for, as the schema calls it; to be named when it does not come.
    pub fn awaited(&self) -> Option<&'static str> {
        match &self.link.as_ref()?.agreement.as_ref()?.stage {
            Stage::Waiting { exchange, .. } => Some(exchange.awaited()),
            Stage::Working => None,
        }
    }

    /// Whatever comes next on a link: a key that is missing, or messages.
    pub(super) fn proceed(&mut self, now: Now, rng: &mut dyn CryptoRng) -> Result<(), Lost> {
        let server_time = self.clock.seconds(now);
        let expired =
            |temporary: &Temporary| i64::from(temporary.expires_at) <= server_time + TOO_LATE;
        if self.keys.temporary.as_ref().is_some_and(expired) {
            self.give_up_temporary_key(rng);
        }
        let purpose = match &self.keys.permanent {
            None => Purpose::Permanent,
            Some(_) if self.keys.in_use(self.forward_secrecy()).is_none() => Purpose::Temporary,
            Some(_) => {
                self.open();
                return Ok(());
            }
        };
        self.agree(purpose, now, rng)
    }

    /// Messages can go: first of all the one that binds the key, if it must be bound.
    fn open(&mut self) {
        if self.is_binding() {
            self.requests.push(Request::Bind);
            return;
        }
        self.events.push_back(Event::Ready);
        self.ask_about_unsure_calls();
    }

    /// Whether nothing may be sent but the message that binds the key in use.
    pub(super) fn is_binding(&self) -> bool {
        let temporary = self.keys.temporary.as_ref();
        self.keys.are_temporary(self.forward_secrecy())
            && temporary.is_some_and(|temporary| !temporary.is_bound)
    }

    pub(super) fn forward_secrecy(&self) -> bool {
        self.config.temporary_keys.is_some()
    }

    fn agree(&mut self, purpose: Purpose, now: Now, rng: &mut dyn CryptoRng) -> Result<(), Lost> {
        let Some(link) = &mut self.link else { return Ok(()) };
        link.agreement = Some(Agreement { purpose, stage: Stage::Working });
        let mut config = self.config.exchange.clone();
        config.lifetime = match purpose {
            Purpose::Permanent => Lifetime::Permanent,
            Purpose::Temporary => {
                let expires_in = self.config.temporary_keys.unwrap_or(VERIFYING);
                Lifetime::Temporary { expires_in }
            }
        };
        let step = Exchange::begin(config, self.known_primes.clone(), now, rng);
        self.step(step, now, rng)
    }

    /// A plain packet has come.
    pub(super) fn plain(
        &mut self,
        packet: &[u8],
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        let Some(agreement) = self.link.as_mut().and_then(|link| link.agreement.as_mut()) else {
            // Late, or somebody's joke: outside an exchange nothing plain says anything.
            return Ok(());
        };
        match std::mem::replace(&mut agreement.stage, Stage::Working) {
            Stage::Waiting { exchange, .. } => {
                let step = exchange.handle_packet(packet, now, rng)?;
                self.step(step, now, rng)
            }
            // Nothing was asked.
            Stage::Working => Ok(()),
        }
    }

    fn step(&mut self, step: Step, now: Now, rng: &mut dyn CryptoRng) -> Result<(), Lost> {
        let Some(link) = &mut self.link else { return Ok(()) };
        let Some(agreement) = &mut link.agreement else { return Ok(()) };
        let until = now.monotonic + self.config.silence;
        match step {
            Step::Send { exchange, packet } => {
                link.plain.push_back(packet);
                agreement.stage = Stage::Waiting { exchange: Box::new(exchange), until };
            }
            Step::Read(exchange) => {
                agreement.stage = Stage::Waiting { exchange: Box::new(exchange), until };
            }
            Step::Work(work) => {
                agreement.stage = Stage::Working;
                self.work = Some(Work { work, link: self.links });
            }
            Step::Done { agreed, known_primes } => {
                let purpose = agreement.purpose;
                link.agreement = None;
                self.known_primes = known_primes;
                self.clock.learn(agreed.time_offset, now);
                return match purpose {
                    Purpose::Permanent => self.agreed_permanent(agreed, now, rng),
                    Purpose::Temporary => {
                        self.agreed_temporary(agreed, now, rng);
                        Ok(())
                    }
                };
            }
        }
        Ok(())
    }

    fn agreed_permanent(
        &mut self,
        agreed: Agreed,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        self.keys.permanent = Some(Arc::new(agreed.auth_key));
        self.keys.agreed_at = Some(now.monotonic);
        self.session = self.session_under(agreed.first_salt, now, rng);
        self.events.push_back(Event::KeyAgreed);
        self.proceed(now, rng)
    }

    fn agreed_temporary(&mut self, agreed: Agreed, now: Now, rng: &mut dyn CryptoRng) {
        let server_time = self.clock.seconds(now);
        let expires_at = agreed.expires_at.unwrap_or_default();
        let temporary = Temporary::new(agreed.auth_key, expires_at, server_time);
        let first_salt = agreed.first_salt;
        if self.keys.temporary.is_some() {
            let until = now.monotonic + HANDOVER;
            self.keys.next = Some(Next { temporary, first_salt, until });
            self.hand_over(now, rng);
            return;
        }
        self.keys.temporary = Some(temporary);
        let session = self.session_under(first_salt, now, rng);
        let before = std::mem::replace(&mut self.session, session);
        if !self.forward_secrecy() {
            // Under the permanent key all goes on where it was, once that is verified.
            self.parked = Some(before);
        }
        self.open();
    }

    /// Begins to renew the temporary key if it is time, and goes over to the new one as soon as the
    /// calls under the old one are answered: its session ends with it.
    pub(super) fn renew(&mut self, now: Now, rng: &mut dyn CryptoRng) -> Result<(), Lost> {
        self.hand_over(now, rng);
        let due = self.renew_at().is_some_and(|at| at <= now.monotonic);
        if due { self.agree(Purpose::Temporary, now, rng) } else { Ok(()) }
    }

    /// When something is to be done about temporary keys.
    pub(super) fn renewal_deadline(&self) -> Option<Duration> {
        let handover = self.keys.next.as_ref().map(|next| next.until);
        handover.or_else(|| self.renew_at())
    }

    fn renew_at(&self) -> Option<Duration> {
        let link = self.link.as_ref()?;
        let temporary = self.keys.temporary.as_ref()?;
        let idle = link.agreement.is_none() && self.keys.next.is_none();
        (idle && temporary.is_bound && self.forward_secrecy())
            .then(|| self.clock.monotonic_at(temporary.renew_at))
    }

    pub(super) fn hand_over(&mut self, now: Now, rng: &mut dyn CryptoRng) {
        let Some(next) = &self.keys.next else { return };
        let under_way = self.calls.iter().any(|entry| entry.state != State::Queued);
        if under_way && now.monotonic < next.until {
            return;
        }
        let Some(next) = self.keys.next.take() else { return };
        let before = self.keys.temporary.replace(next.temporary);
        self.keys.retired = before.map(|temporary| temporary.key.id());
        let session = self.session_under(next.first_salt, now, rng);
        self.leave_session(session);
        self.open();
    }

    /// A key that the server may have forgotten. It costs an exchange, and what was sent under it
    /// can't be asked about any more.
    pub(super) fn give_up_temporary_key(&mut self, rng: &mut dyn CryptoRng) {
        self.keys.drop_temporary();
        if self.forward_secrecy() {
            let session = Session::new(Salts::default(), self.links, rng);
            self.leave_session(session);
        }
    }

    /// The message that binds the temporary key to the permanent one. It is sealed for its own
    /// identifier, so each sending is made anew.
    pub(super) fn binding(&self, msg_id: i64, rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        let permanent = self.keys.permanent.as_ref()?;
        let temporary = self.keys.temporary.as_ref()?;
        let nonce = rng.next_u64() as i64;
        let inner = types::BindAuthKeyInner {
            nonce,
            temp_auth_key_id: temporary.key.id(),
            perm_auth_key_id: permanent.id(),
            temp_session_id: self.session.id,
            expires_at: temporary.expires_at,
        };
        let inner = enums::BindAuthKeyInner::Inner(inner).to_bytes();
        let request = functions::auth::BindTempAuthKey {
            perm_auth_key_id: permanent.id(),
            nonce,
            expires_at: temporary.expires_at,
            encrypted_message: v1::seal(permanent, msg_id, &inner, rng),
        };
        Some(request.to_bytes())
    }

    /// The server has answered the binding: this is how it says, authenticated, whether it knows
    /// the permanent key.
    pub(super) fn bound(
        &mut self,
        answer: Result<(), RpcError>,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        if let Err(error) = answer {
            if error.name == "ENCRYPTED_MESSAGE_INVALID" && !self.keys.is_spreading(now.monotonic) {
                self.die(Event::KeyDead);
                return Ok(());
            }
            self.unpark();
            self.give_up_temporary_key(rng);
            return Err(Lost::Binding(error));
        }
        self.keys.in_doubt = false;
        if let Some(link) = &mut self.link {
            link.pinged_at = None;
        }
        if let Some(temporary) = &mut self.keys.temporary {
            temporary.is_bound = true;
        }
        if self.unpark() {
            self.keys.drop_temporary();
        }
        self.open();
        Ok(())
    }

    /// Takes up the session under the permanent key that was put aside. Returns whether there was
    /// one.
    pub(super) fn unpark(&mut self) -> bool {
        let Some(parked) = self.parked.take() else { return false };
        self.session = parked;
        self.forget_what_was_sent();
        true
    }

    fn session_under(&self, first_salt: i64, now: Now, rng: &mut dyn CryptoRng) -> Session {
        let salt = salts::untold(first_salt, self.clock.seconds(now));
        Session::new(Salts::new(vec![salt]), self.links, rng)
    }
}
