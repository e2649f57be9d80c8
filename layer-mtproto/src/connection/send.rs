//! What is queued becomes messages, messages become packets, and all packets are sealed in one go
//! where they lie in the output.

use std::ops::Range;

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, SealJob, Side, sealed_len};
use layer_tl_types::{Identifiable, Serializable, enums, functions, types};
use layer_wire::message::{Message, container_len, write_container};
use rand_core::CryptoRng;

use super::Connection;
use super::packets::{Member, What};
use super::requests::Request;
use crate::Now;
use crate::acks::Acks;
use crate::calls::{CallId, Calls, Sent, State};
use crate::ids;
use crate::salts::Salts;

/// Messages in one container at most; servers take 1020.
const MOST_TOGETHER: usize = 1000;
/// Bytes in one container, about. A longer message has a packet to itself.
const MOST_BYTES_TOGETHER: usize = 32 << 10;
/// Room for so many messages is kept from one time to the next.
const ROOM: usize = 32;
/// When so much has been made, the rest waits until that has been sent.
const MOST_OUTPUT: usize = 2 << 20;
/// A message that is so many seconds old goes inside a container, whose identifier is new: alone it
/// would be refused for its age.
const OLD: i64 = 150;
/// How a call begins that asks for a part of a file.
const GET_FILE: [u8; 4] = functions::upload::GetFile::CONSTRUCTOR_ID.to_le_bytes();

/// A message with its number, not written yet.
pub(super) struct Planned {
    seq_no: i32,
    member: Member,
    text: Text,
    len: usize,
    in_container: bool,
    /// It asks for a part of a file.
    is_download: bool,
}

/// What a message says.
enum Text {
    /// Just this call's function, which lies with the call.
    Function(CallId),
    /// A service message, or a call with something before its function.
    Whole(Vec<u8>),
}

/// A packet, not written yet.
pub(super) struct Packet {
    outer: i64,
    /// Of the container; `None` for a message without one.
    seq_no: Option<i32>,
    /// Its messages among those planned.
    messages: Range<usize>,
    /// Where it lies in the output, once it is written.
    place: Option<Range<usize>>,
}

impl Connection {
    /// Appends to `out` what is to be sent now, if anything is. About two mebibytes are made at once:
    /// ask again when they are sent.
    pub fn poll_transmit(&mut self, now: Now, rng: &mut dyn CryptoRng, out: &mut Vec<u8>) {
        self.clock.look(now);
        if let Some(link) = &mut self.link {
            while let Some(packet) = link.plain.pop_front() {
                let sent = link.encoder.encode(&packet, false, rng, out);
                debug_assert!(sent.is_ok(), "packets of the exchange are short and whole words");
            }
        }
        if self.link.is_some() && self.keys.in_use(self.forward_secrecy()).is_some() {
            let (mut planned, mut packets) = std::mem::take(&mut self.scratch);
            self.plan(now, rng, &mut planned);
            if !planned.is_empty() {
                self.pack(&planned, now, &mut packets);
                self.write(&planned, &mut packets, now, rng, out);
                self.remember(&mut planned, &mut packets);
            }
            if planned.capacity() <= ROOM {
                self.scratch = (planned, packets);
            }
        }
    }

    /// Everything that is to be said, numbered.
    fn plan(&mut self, now: Now, rng: &mut dyn CryptoRng, planned: &mut Vec<Planned>) {
        let binding = self.is_binding();
        if !binding {
            self.request_what_is_due(now);
        }
        let count = self.requests.len() + self.replies.len() + self.calls.queued_len();
        planned.reserve(count.min(2 * MOST_TOGETHER));
        while let Some(request) = self.requests.pop(binding) {
            planned.extend(self.plan_request(request, now, rng));
        }
        if binding {
            return;
        }
        for reply in std::mem::take(&mut self.replies) {
            planned.push(self.plan_service(reply, What::Reply, now));
        }
        if !self.wanted.is_empty() {
            let msg_ids = std::mem::take(&mut self.wanted);
            let request = enums::MsgResendReq::Req(types::MsgResendReq { msg_ids });
            planned.push(self.plan_service(request.to_bytes(), What::Reply, now));
        }
        self.plan_calls(planned, now);
        let along = !planned.is_empty();
        if self.session.acks.are_due(along, self.config.ack_delay, now.monotonic) {
            while self.session.acks.len() > 0 {
                let acks = types::MsgsAck { msg_ids: self.session.acks.take() };
                debug_assert!(acks.msg_ids.len() <= Acks::MOST);
                let acks = enums::MsgsAck::Ack(acks);
                let text = acks.to_bytes();
                let enums::MsgsAck::Ack(types::MsgsAck { msg_ids }) = acks;
                planned.push(self.plan_service(text, What::Acks(msg_ids), now));
            }
        }
    }

    /// Ping and salts, by the clock and whatever else is sent.
    fn request_what_is_due(&mut self, now: Now) {
        let server_time = self.clock.seconds(now);
        if self.session.salts.ask(server_time, now.monotonic) {
            self.requests.push(Request::FutureSalts);
        }
        let Some(link) = &mut self.link else { return };
        if link.ping_at <= now.monotonic {
            link.ping_at = now.monotonic + self.config.ping_every;
            // An older one that is not answered yet still tells how long nothing was heard.
            link.pinged_at.get_or_insert(now.monotonic);
            self.requests.push(Request::Ping);
        }
    }

    fn plan_request(
        &mut self,
        request: Request,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Option<Planned> {
        let msg_id = self.ids.next(self.clock.time(now));
        let body = match &request {
            Request::Bind => {
                // Its answer is waited for as a ping's is.
                if let Some(link) = &mut self.link {
                    link.pinged_at.get_or_insert(now.monotonic);
                }
                self.binding(msg_id, rng)?
            }
            Request::Ping => {
                self.ping_id += 1;
                let disconnect_delay = self.config.disconnect_delay.as_secs();
                let disconnect_delay = i32::try_from(disconnect_delay).unwrap_or(i32::MAX);
                functions::PingDelayDisconnect { ping_id: self.ping_id, disconnect_delay }
                    .to_bytes()
            }
            // 32, which fits.
            Request::FutureSalts => {
                functions::GetFutureSalts { num: Salts::MOST as i32 }.to_bytes()
            }
            Request::States { msg_ids, witness } => {
                let msg_ids = msg_ids.iter().copied().chain(*witness).collect();
                enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids }).to_bytes()
            }
            Request::DropAnswer(req_msg_id) => {
                functions::RpcDropAnswer { req_msg_id: *req_msg_id }.to_bytes()
            }
            Request::DestroySession(session_id) => {
                functions::DestroySession { session_id: *session_id }.to_bytes()
            }
            Request::DestroyKey => functions::DestroyAuthKey {}.to_bytes(),
        };
        // Calls of the API must be odd; for service messages both are allowed.
        let content = matches!(request, Request::Bind | Request::DestroyKey);
        let seq_no = self.session.seq_no(content);
        self.requests.sent(msg_id, request);
        Some(Planned::service(msg_id, seq_no, body, What::Request))
    }

    fn plan_service(&mut self, body: Vec<u8>, what: What, now: Now) -> Planned {
        let msg_id = self.ids.next(self.clock.time(now));
        Planned::service(msg_id, self.session.seq_no(false), body, what)
    }

    fn plan_calls(&mut self, planned: &mut Vec<Planned>, now: Now) {
        let server_time = self.clock.seconds(now);
        // While a new key waits, nothing new is begun under the old one.
        let only_again = self.keys.next.is_some();
        let mut bytes = 0;
        // Those that must wait don't count, so that they hold up no others.
        let most = planned.len() + 2 * MOST_TOGETHER;
        let mut passed = 0;
        while let Some(call) = self.calls.queued(passed) {
            // One that is sent leaves the queue.
            passed += 1;
            let Some(entry) = self.calls.get(call) else { continue };
            if bytes >= MOST_OUTPUT || planned.len() >= most {
                break;
            }
            if only_again && entry.state == State::Queued {
                continue;
            }
            let again = entry.message.as_ref().filter(|_| entry.state == State::Again);
            let (sent, first) = match again {
                Some(sent) => (sent.clone(), false),
                None => match self.wrappers(call) {
                    Some(prefix) => {
                        let msg_id = self.ids.next(self.clock.time(now));
                        let seq_no = self.session.seq_no(true);
                        (Sent { msg_id, seq_no, outer: msg_id, turn: 0, prefix }, true)
                    }
                    // Those after which it is to run have not been sent yet.
                    None => continue,
                },
            };
            let (msg_id, seq_no) = (sent.msg_id, sent.seq_no);
            let prefixed = |function: &[u8]| [&sent.prefix, function].concat();
            let text = if sent.prefix.is_empty() {
                Text::Function(call)
            } else {
                Text::Whole(prefixed(&entry.body))
            };
            let len = sent.prefix.len() + entry.body.len();
            bytes += len;
            planned.push(Planned {
                seq_no,
                member: Member { msg_id, what: What::Call(call), first },
                text,
                len,
                in_container: ids::seconds(msg_id) < server_time - OLD,
                is_download: entry.body.starts_with(&GET_FILE),
            });
            self.calls.send(call, sent, self.links, now.monotonic);
            passed -= 1;
        }
    }

    /// What stands before a call's function; `None` if the call must wait.
    fn wrappers(&self, call: CallId) -> Option<Vec<u8>> {
        let mut prefix = if self.session.is_initialised { Vec::new() } else { self.init.clone() };
        let mut msg_ids = Vec::new();
        let entry = self.calls.get(call)?;
        for before in &entry.after {
            // One that is done is waited for no more.
            let Some(before) = self.calls.get(*before) else { continue };
            match (before.state, &before.message) {
                // The server would not wait so long.
                _ if entry.waits_here => return None,
                (State::Sent | State::Arrived | State::Again, Some(sent)) => {
                    msg_ids.push(sent.msg_id);
                }
                _ => return None,
            }
        }
        match *msg_ids {
            [] => {}
            [msg_id] => functions::InvokeAfterMsg { msg_id, query: Nothing }.serialize(&mut prefix),
            _ => functions::InvokeAfterMsgs { msg_ids, query: Nothing }.serialize(&mut prefix),
        }
        Some(prefix)
    }

    /// Messages into packets: as many together as may be.
    fn pack(&mut self, planned: &[Planned], now: Now, packets: &mut Vec<Packet>) {
        let singly = self.link.as_ref().is_some_and(|link| link.singly);
        let mut rest = planned;
        while !rest.is_empty() {
            let (mut len, mut downloads) = (0, 0);
            let fits = |message: &&Planned| {
                len += message.len;
                // Parts of files are large: one answer at a time is enough.
                downloads += usize::from(message.is_download);
                len <= MOST_BYTES_TOGETHER && downloads <= 1
            };
            let most = if singly { 1 } else { MOST_TOGETHER };
            let together = rest.iter().take(most).take_while(fits).count().max(1);
            let start = planned.len() - rest.len();
            let (group, behind) = rest.split_at_checked(together).unwrap_or_default();
            packets.push(self.packet_of(group, start..start + together, now));
            rest = behind;
        }
    }

    fn packet_of(&mut self, group: &[Planned], messages: Range<usize>, now: Now) -> Packet {
        match group {
            [only] if !only.in_container => {
                Packet { outer: only.member.msg_id, seq_no: None, messages, place: None }
            }
            _ => Packet {
                outer: self.ids.next(self.clock.time(now)),
                seq_no: Some(self.session.seq_no(false)),
                messages,
                place: None,
            },
        }
    }

    fn write(
        &mut self,
        planned: &[Planned],
        packets: &mut [Packet],
        now: Now,
        rng: &mut dyn CryptoRng,
        out: &mut Vec<u8>,
    ) {
        let key = self.keys.in_use(self.forward_secrecy());
        let (Some(link), Some(key)) = (&mut self.link, key) else { return };
        let salt = self.session.salts.current(self.clock.seconds(now));
        for packet in &mut *packets {
            let group = planned.get(packet.messages.clone()).unwrap_or_default();
            let calls = &self.calls;
            let messages = group.iter().map(|message| Message {
                msg_id: message.member.msg_id,
                seq_no: message.seq_no,
                body: message.body(calls),
            });
            let lens = group.iter().map(|message| message.len);
            let body_len = match packet.seq_no {
                Some(_) => container_len(lens),
                None => lens.sum(),
            };
            let len = sealed_len(body_len, self.config.padding);
            let Ok(frame) = link.encoder.begin(len, false, rng, out) else { continue };
            let seq_no = packet.seq_no.or(group.first().map(|message| message.seq_no));
            let header = Header {
                salt,
                session_id: self.session.id,
                msg_id: packet.outer,
                seq_no: seq_no.unwrap_or_default(),
            };
            let draft = Draft::begin(out, &header);
            if packet.seq_no.is_some() {
                let written = write_container(messages, out);
                debug_assert!(written.is_ok(), "few enough, whole words, none a container");
            } else {
                messages.for_each(|message| out.extend_from_slice(message.body));
            }
            let drafted = draft.finish(out, self.config.padding, rng);
            debug_assert!(drafted.is_ok(), "whole words, and far below the limit");
            packet.place = link.encoder.end(frame, out).ok();
        }
        let places = packets.iter().filter_map(|packet| packet.place.clone());
        seal(key, places, out);
        link.encoder.finish(out);
    }

    fn remember(&mut self, planned: &mut Vec<Planned>, packets: &mut Vec<Packet>) {
        let mut planned = planned.drain(..);
        for Packet { outer, messages, .. } in packets.drain(..) {
            let turn = self.packets.next_turn();
            let calls = &mut self.calls;
            let members =
                planned.by_ref().take(messages.len()).map(|Planned { member, .. }| {
                    if let What::Call(call) = member.what
                        && let Some(entry) = calls.get_mut(call)
                        && let Some(sent) = &mut entry.message
                    {
                        (sent.outer, sent.turn) = (outer, turn);
                    }
                    member
                });
            self.packets.insert(outer, turn, members);
        }
    }
}

impl Planned {
    fn service(msg_id: i64, seq_no: i32, text: Vec<u8>, what: What) -> Self {
        let member = Member { msg_id, what, first: true };
        let len = text.len();
        let text = Text::Whole(text);
        Self { seq_no, member, text, len, in_container: false, is_download: false }
    }

    /// The whole message.
    fn body<'a>(&'a self, calls: &'a Calls) -> &'a [u8] {
        match &self.text {
            Text::Function(call) => calls.get(*call).map_or(&[], |entry| &entry.body),
            Text::Whole(text) => text,
        }
    }
}

/// Seals the packets at these places, which rise and don't overlap.
fn seal(key: &AuthKey, places: impl Iterator<Item = Range<usize>>, out: &mut [u8]) {
    let mut places = places.peekable();
    let mut jobs = Vec::new();
    let (mut rest, mut at) = (out, 0);
    while let Some(place) = places.next() {
        let Some((_, from)) = rest.split_at_mut_checked(place.start - at) else { break };
        let Some((packet, behind)) = from.split_at_mut_checked(place.len()) else { break };
        (rest, at) = (behind, place.end);
        if jobs.is_empty() && places.peek().is_none() {
            let sealed = envelope::seal(key, Side::Client, packet);
            debug_assert!(sealed.is_ok(), "a draft is of the right shape");
            return;
        }
        let job = SealJob::new(key, Side::Client, packet);
        debug_assert!(job.is_ok(), "a draft is of the right shape");
        jobs.extend(job);
    }
    envelope::seal_batch(&mut jobs);
}

/// Stands for the query behind a wrapper.
struct Nothing;

impl Serializable for Nothing {
    fn serialize(&self, _out: &mut Vec<u8>) {}
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::connection::{Call, Config, Init, Saved};
    use crate::exchange;

    #[test]
    fn room_for_many_messages_is_given_back_and_for_few_it_is_kept() {
        for (calls, is_kept) in [(ROOM / 2, true), (ROOM + 1, false)] {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let now = Now { monotonic: Duration::ZERO, wall: Duration::from_secs(1_700_000_000) };
            let config = Config::new(exchange::Config::new(Vec::new(), 2), Init::new(1));
            let saved = Saved::new(AuthKey::from_bytes(&[1; 256]), 0, 0, now);
            let mut connection = Connection::new(config, Some(saved), now, &mut rng);
            connection.handle_connected(now, &mut rng);
            for _ in 0..calls {
                connection.call(Call::new(vec![0; 4]), now).unwrap();
            }
            connection.poll_transmit(now, &mut rng, &mut Vec::new());
            assert_eq!(connection.calls.queued_len(), 0);
            assert_eq!(connection.scratch.0.capacity() > 0, is_kept, "{calls}");
        }
    }
}
