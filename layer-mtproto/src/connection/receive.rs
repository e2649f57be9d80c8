//! What comes is taken out of its frames, opened in one go, checked (mtproto/security_guidelines),
//! and given out one message at a time.

use layer_crypto::envelope::{self, Header, OpenJob, Side};
use layer_tl_types::{Identifiable, types};
use layer_wire::framing::{Decoder, Frame, TransportError};
use layer_wire::gzip;
use layer_wire::message::{Content, Message};
use rand_core::CryptoRng;

use super::{Connection, Event, Fault, Lost};
use crate::Now;
use crate::ids::{self, Arrival};

/// How far a message may lie behind the server's time and before it, in seconds.
const WINDOW: std::ops::RangeInclusive<i64> = -300..=30;
/// What may come out of all packed objects in the bytes that came at once.
const MOST_UNPACKED: usize = 4 * gzip::MAX_UNPACKED;
/// A receive buffer that is longer than this, and than several times what came last, is given back when it
/// is empty.
const KEPT: usize = 1 << 10;

impl Connection {
    /// Takes what has come over the link, cut anywhere. If anything is wrong with it, the link is
    /// given up, and an event says why.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Now, rng: &mut dyn CryptoRng) {
        self.clock.look(now);
        let Some(mut decoder) = self.decoder.take() else { return };
        if let Some(link) = &mut self.link
            && !bytes.is_empty()
        {
            link.heard_at = now.monotonic;
        }
        self.unpack_budget = MOST_UNPACKED;
        decoder.feed(bytes);
        let taken = self.frames(&mut decoder, now, rng);
        if self.link.is_some() {
            if decoder.held() == 0
                && decoder.receive_buffer().capacity() > KEPT.max(4 * bytes.len())
            {
                decoder.release();
            }
            self.decoder = Some(decoder);
        }
        self.settle(taken);
    }

    fn frames(
        &mut self,
        decoder: &mut Decoder,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        let key = self.keys.in_use(self.forward_secrecy()).cloned();
        let (mut plain, mut sealed) = (Vec::new(), Vec::new());
        let mut end = Ok(());
        for frame in decoder.frames() {
            match frame {
                Ok(Frame::Packet { bytes, .. }) => match envelope::key_id(bytes) {
                    Some(0) => plain.push(bytes),
                    id if id.is_some() && id == self.keys.retired => {}
                    _ => {
                        let key = key.as_ref().ok_or(Fault::NoKey)?;
                        let whole = envelope::without_tail(bytes.len());
                        let packet = bytes.get_mut(..whole).unwrap_or_default();
                        sealed.push(OpenJob::new(key, Side::Server, packet));
                    }
                },
                Ok(Frame::Error(code)) => end = Err(Lost::Transport(code)),
                Err(error) => end = Err(Lost::Fault(error.into())),
                Ok(_) => {}
            }
            if end.is_err() {
                break;
            }
        }
        self.sealed(sealed, now, rng)?;
        for packet in plain {
            self.plain(packet, now, rng)?;
        }
        if end == Err(Lost::Transport(TransportError::UNKNOWN_KEY)) {
            self.key_denied(rng);
        }
        end
    }

    /// −404: anybody can say so. A temporary key is given up, which costs an exchange; for the
    /// permanent one it is found out on the next link whether it is true.
    fn key_denied(&mut self, rng: &mut dyn CryptoRng) {
        let exchanging = self.link.as_ref().is_some_and(|link| link.agreement.is_some());
        if exchanging && self.keys.in_use(self.forward_secrecy()).is_none() {
            // It is the exchange that is refused.
        } else if self.keys.are_temporary(self.forward_secrecy()) {
            if self.parked.is_none() {
                self.give_up_temporary_key(rng);
            }
        } else {
            self.keys.in_doubt = self.keys.permanent.is_some();
        }
    }

    /// Opens all packets, each in its place.
    fn sealed(
        &mut self,
        mut packets: Vec<OpenJob<'_>>,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        envelope::open_batch(&mut packets);
        for packet in packets {
            let (header, body) = packet.into_body().map_err(Fault::from)?;
            self.packet(&header, body, now, rng)?;
            if self.link.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// A packet that was opened: who sealed it has our key.
    fn packet(
        &mut self,
        header: &Header,
        body: &[u8],
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        if header.session_id != self.session.id {
            if self.former.contains(&header.session_id) {
                return Ok(());
            }
            return Err(Fault::OtherSession.into());
        }
        let content = Content::read(body).map_err(Fault::from)?;
        check_parity(header.msg_id)?;
        // By these the server tells what the time is, to one who doesn't know.
        let tells_time = matches!(
            content,
            Content::Object {
                id: types::BadServerSalt::CONSTRUCTOR_ID
                    | types::BadMsgNotification::CONSTRUCTOR_ID,
                ..
            }
        );
        if !tells_time {
            // The link ends by it, and on the next one the time is learnt again: else a clock of ours
            // that has gone wrong unnoticed would end every link.
            let checked = self.check_time(header.msg_id, WINDOW, now);
            checked.inspect_err(|_| self.clock.doubt(now))?;
            self.clock.heard(header.msg_id, now);
        }
        let message = Message { msg_id: header.msg_id, seq_no: header.seq_no, body };
        match content {
            Content::Container(messages) => {
                for message in messages {
                    self.inner(message, now, rng)?;
                }
                Ok(())
            }
            Content::Copy(copied) => {
                self.inner(copied, now, rng)?;
                Ok(())
            }
            content => self.message(message, content, now, rng),
        }
    }

    /// A message out of a container or copy. It may be old: so what was not acknowledged is sent
    /// again.
    fn inner(
        &mut self,
        message: Message<'_>,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        check_parity(message.msg_id)?;
        self.check_time(message.msg_id, i64::MIN..=*WINDOW.end(), now)?;
        let content = Content::read_inner(message.body).map_err(Fault::from)?;
        self.message(message, content, now, rng)
    }

    fn check_time(
        &self,
        msg_id: i64,
        window: std::ops::RangeInclusive<i64>,
        now: Now,
    ) -> Result<(), Fault> {
        let seconds = ids::seconds(msg_id) - self.clock.seconds(now);
        if self.clock.is_known() && !window.contains(&seconds) {
            return Err(Fault::MsgIdTime { msg_id, seconds });
        }
        Ok(())
    }

    fn message(
        &mut self,
        message: Message<'_>,
        content: Content<'_>,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        // Our sessions change only between messages, and what belongs to the one before is let go.
        if self.link.is_none() {
            return Ok(());
        }
        let arrival = self.session.window.take(message.msg_id);
        if message.seq_no & 1 == 1 {
            // Also what came before: the acknowledgement may have been lost.
            self.session.acks.add(message.msg_id, message.body.len(), now.monotonic);
        }
        if arrival == Arrival::Again {
            self.session.acks.hurry();
            return Ok(());
        }
        let object;
        let content = match content {
            Content::Packed(data) => {
                let limit = self.unpack_budget.min(gzip::MAX_UNPACKED);
                let Ok(unpacked) = gzip::unpack(data, limit) else {
                    // It would be no better the next time.
                    self.events.push_back(Event::UpdatesMissed);
                    return Ok(());
                };
                self.unpack_budget -= unpacked.len();
                object = unpacked;
                Content::read_inner(&object).map_err(Fault::from)?
            }
            content => content,
        };
        if arrival == Arrival::TooOld && !matches!(content, Content::RpcResult { .. }) {
            // It may have come before, or never. An answer is wanted only if it has not.
            if !matches!(self.events.back(), Some(Event::UpdatesMissed)) {
                self.events.push_back(Event::UpdatesMissed);
            }
            return Ok(());
        }
        self.content(message.msg_id, content, now, rng)
    }

    fn content(
        &mut self,
        msg_id: i64,
        content: Content<'_>,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        match content {
            Content::RpcResult { req_msg_id, result } => {
                self.rpc_result(req_msg_id, result, msg_id, now, rng)
            }
            Content::Object { id, bytes } => self.service(id, bytes, msg_id, now, rng),
            // Refused where they are read.
            Content::Container(_) | Content::Copy(_) | Content::Packed(_) => Ok(()),
        }
    }
}

fn check_parity(msg_id: i64) -> Result<(), Fault> {
    if msg_id & 1 == 0 { Err(Fault::EvenMsgId { msg_id }) } else { Ok(()) }
}
