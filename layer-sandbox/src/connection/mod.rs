//! The pure machine of one link, on the server's side: bytes in, bytes out.
//!
//! [`Connection::receive`] recognises the framing, takes packets out of it and gives plain ones to the key
//! exchange and sealed ones to `sealed`. What is to be sent collects until [`Connection::take_output`].
//! The machine knows no socket and no clock; what connections share is the [`World`] that comes in.

mod bad_msg;
mod bind;
mod call;
mod packets;
mod sealed;
mod send;
mod service;
mod states;
mod turn;

use std::collections::VecDeque;
use std::time::Duration;

use layer_crypto::envelope::{self, OpenError};
use layer_wire::framing::{
    Accepted, DetectError, Detection, Encoder, Frame, FrameError, FramingKind, TransportError,
    detect,
};
use layer_wire::message::{MessageError, PlainMessage};
use rand_core::CryptoRng;
use thiserror::Error;

use crate::exchange::{Exchange, ExchangeError};
use crate::keys::TooManyKeys;
use crate::world::{Said, Settings};
use crate::{Now, World};

/// The longest packet that is taken from a client, in bytes: a container of a client that fills them to one
/// megabyte, with room.
pub const MAX_PACKET: usize = 2 << 20;

/// When so many bytes wait to be sent, nothing more is answered until they have been taken.
const MOST_OUTPUT: usize = 4 << 20;

/// How long a client may take to send what tells its framing.
pub const HELLO: Duration = Duration::from_secs(30);
/// How long it may be silent after that.
pub const IDLE: Duration = Duration::from_secs(600);

/// A fault of the client that ends its connection. For our own log: the client is told no more than a
/// transport error.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// No framing is recognised.
    #[error(transparent)]
    Framing(#[from] DetectError),
    /// A frame is wrong.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A plain message is wrong.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The key exchange failed.
    #[error("key exchange: {0}")]
    Exchange(#[from] ExchangeError),
    /// No more keys are taken.
    #[error(transparent)]
    Keys(#[from] TooManyKeys),
    /// A packet is sealed with a key that is not known, or not any more.
    #[error("key {key_id:016x} is not known")]
    UnknownKey {
        /// The key's id.
        key_id: i64,
    },
    /// A sealed packet does not open.
    #[error(transparent)]
    Sealed(#[from] OpenError),
    /// A container or a list holds more than it may.
    #[error("more than 1024 messages in a container, or 8192 identifiers in a list")]
    TooMany,
    /// Nothing came for too long, or the delay of `ping_delay_disconnect` has passed.
    #[error("the client was silent for too long")]
    Silence,
}

impl Fault {
    /// What the client is told before the connection is closed.
    fn for_peer(&self) -> Option<TransportError> {
        match self {
            Self::Exchange(error) => Some(error.for_peer()),
            Self::Keys(_) | Self::TooMany => Some(TransportError::FLOOD),
            Self::Message(_) | Self::UnknownKey { .. } | Self::Sealed(_) => {
                Some(TransportError::UNKNOWN_KEY)
            }
            Self::Framing(_) | Self::Frame(_) | Self::Silence => None,
        }
    }
}

/// One link.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_sandbox::{Connection, Now, Settings, World};
/// use layer_wire::framing::{Frame, FramingKind, TransportError};
///
/// let mut world = World::new(Settings::default());
/// let now = Now::default();
/// let mut connection = Connection::new(&world.settings, now);
/// let (mut encoder, mut decoder) = FramingKind::Abridged.client(&mut rng);
/// let mut sent = Vec::new();
/// encoder.encode(&[7; 72], false, &mut rng, &mut sent)?;
///
/// connection.receive(&sent, now, &mut world, &mut rng).unwrap_err();
/// decoder.feed(&connection.take_output());
/// let answer = decoder.frames().next().expect("an answer")?;
/// assert_eq!(answer, Frame::Error(TransportError::UNKNOWN_KEY));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    stage: Stage,
    exchange: Exchange,
    /// The data centre that the client dialled, as far as the link tells.
    dc: i32,
    out: Vec<u8>,
    /// Packets may have come that wait for the output to be taken.
    waiting: bool,
    /// When the client is given up, on the monotonic clock, unless something comes before.
    silent_at: Duration,
    /// Set by `ping_delay_disconnect`.
    disconnect_at: Option<Duration>,
    /// Its number in the world, once something sealed has come.
    id: Option<u64>,
    /// The sessions that it has spoken in, by their keys' ids and their own.
    sessions: VecDeque<(i64, i64)>,
}

#[derive(Debug)]
enum Stage {
    /// The framing is not known yet; at most 64 bytes have come.
    New(Vec<u8>),
    Framed(Box<Accepted>),
    Closed,
}

impl Connection {
    /// A link on which nothing has come.
    pub fn new(settings: &Settings, now: Now) -> Self {
        Self::at(settings, settings.dc, now)
    }

    /// A link to the address of this data centre, on which nothing has come.
    pub fn at(settings: &Settings, dc: i32, now: Now) -> Self {
        Self {
            stage: Stage::New(Vec::new()),
            exchange: Exchange::new(settings.terms_at(dc)),
            dc,
            out: Vec::new(),
            waiting: false,
            silent_at: now.monotonic + HELLO,
            disconnect_at: None,
            id: None,
            sessions: VecDeque::new(),
        }
    }

    /// The key exchange, for tests that want to alter what it answers.
    pub fn exchange_mut(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    /// Takes what has come, cut anywhere, and answers it. All that a packet calls for is done before the
    /// next one is looked at; see [`Connection::is_waiting`] for those that are not looked at yet.
    ///
    /// # Errors
    /// If the client is at fault. The connection is closed then; what is in the output is still to be sent.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Fault> {
        if world.faults.mute {
            world.tally.unheard += u64::from(!bytes.is_empty());
            return Ok(());
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        let mut link = match stage {
            Stage::Closed => return Ok(()),
            Stage::Framed(mut link) => {
                link.decoder.feed(bytes);
                link
            }
            Stage::New(mut first) => {
                first.extend_from_slice(bytes);
                match detect(&first, &world.settings.secrets)? {
                    Detection::NeedMore(_) => {
                        self.stage = Stage::New(first);
                        return Ok(());
                    }
                    Detection::Found(mut link) => {
                        link.decoder.set_limit(MAX_PACKET);
                        self.dc = dialled(&link.kind, self.dc);
                        if world.settings.apart() {
                            self.exchange.set_dc(self.dc);
                        }
                        link
                    }
                }
            }
        };
        self.silent_at = now.monotonic + IDLE;
        let done = self.frames(&mut link, now, world, rng);
        if std::mem::take(&mut world.faults.cut_now) {
            self.out.clear();
            return Ok(());
        }
        match &done {
            Ok(()) => self.stage = Stage::Framed(link),
            Err(fault) => {
                if let Some(error) = fault.for_peer() {
                    let sent = link.encoder.transport_error(error, &mut self.out);
                    debug_assert!(sent.is_ok(), "a server may send errors");
                }
            }
        }
        done
    }

    fn frames(
        &mut self,
        link: &mut Accepted,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Fault> {
        let Accepted { encoder, decoder, .. } = link;
        self.waiting = false;
        for frame in decoder.frames() {
            // Clients send nothing but packets.
            let Frame::Packet { bytes, quick_ack } = frame? else { continue };
            if envelope::key_id(bytes) == Some(0) {
                self.plain(bytes, encoder, now, world, rng)?;
            } else {
                self.sealed(bytes, quick_ack, encoder, now, world, rng)?;
            }
            if world.faults.cut_now {
                break;
            }
            if self.out.len() >= MOST_OUTPUT {
                self.waiting = true;
                break;
            }
        }
        decoder.release();
        Ok(())
    }

    /// A plain message: a step of the key exchange. Its msg_id is not looked at: it tells a clock that the
    /// exchange is yet to set right.
    fn plain(
        &mut self,
        packet: &[u8],
        encoder: &mut Encoder,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Fault> {
        let message = PlainMessage::read(packet)?;
        let answer = self.exchange.handle(message.body, now.unix(), rng)?;
        if let Some(mut agreed) = answer.agreed {
            if world.settings.apart() {
                agreed.dc = Some(self.dc);
            }
            world.keys.insert(agreed, now.unix())?;
        }
        let msg_id = world.next_msg_id(Said::InReply, now);
        let message = PlainMessage { msg_id, body: &answer.body };
        let mut packet = Vec::with_capacity(message.packet_len());
        message.write(&mut packet);
        let sent = encoder.encode(&packet, false, rng, &mut self.out);
        debug_assert!(sent.is_ok(), "answers of the exchange are short and whole words");
        Ok(())
    }

    /// What is to be sent, in its order.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Whether packets that have come wait for the output to be taken: call [`Connection::receive`] again
    /// then, with no bytes if no more have come.
    pub fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Whether the link is to be closed once the output is sent.
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// When [`Connection::handle_timeout`] is to be called, on the monotonic clock, unless something comes
    /// before.
    ///
    /// What other connections and [`World::push`] do may bring it nearer; what is due at once lies in the
    /// past.
    pub fn deadline(&self, world: &World) -> Duration {
        if world.faults.mute {
            return self.closes_at();
        }
        let due = self.own_sessions(world).filter_map(|(_, session)| session.next_due());
        due.fold(self.closes_at(), Duration::min)
    }

    /// When the client is given up, unless something comes before.
    fn closes_at(&self) -> Duration {
        self.disconnect_at.map_or(self.silent_at, |at| at.min(self.silent_at))
    }

    /// Does what is due: sends what waits in the sessions that speak through this link, and closes it if
    /// nothing has come for too long.
    ///
    /// # Errors
    /// [`Fault::Silence`] if it is closed.
    pub fn handle_timeout(
        &mut self,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Fault> {
        if self.closes_at() <= now.monotonic {
            self.stage = Stage::Closed;
            return Err(Fault::Silence);
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        self.stage = match stage {
            Stage::Framed(mut link) if !world.faults.mute => {
                self.send_due(&mut link.encoder, now, world, rng);
                Stage::Framed(link)
            }
            other => other,
        };
        Ok(())
    }
}

/// The data centre that a client of an MTProxy named in its opening. Others name none, or leave random bytes
/// there.
fn dialled(kind: &FramingKind, default: i32) -> i32 {
    match kind {
        FramingKind::Obfuscated { secret: Some(_), dc, .. } if *dc != 0 => {
            i32::from(dc.unsigned_abs())
        }
        _ => default,
    }
}
