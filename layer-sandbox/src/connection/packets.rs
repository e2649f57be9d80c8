//! Numbered messages on their way out: packed into containers, sealed and framed.

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side, sealed_len};
use layer_wire::framing::Encoder;
use layer_wire::message::{Message, container_len, write_container};
use rand_core::CryptoRng;

/// No more messages go into one container: a few less than are documented.
const MOST_MESSAGES: usize = 1020;
/// Nor more bytes than this, unless one message alone is longer.
const MOST_BYTES: usize = 1 << 20;

/// A numbered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
    pub(super) body: Vec<u8>,
}

impl Outgoing {
    fn as_message(&self) -> Message<'_> {
        Message { msg_id: self.msg_id, seq_no: self.seq_no, body: &self.body }
    }
}

/// The messages as they go out: several in a container, and one alone as it is, or in a container of
/// its own if its identifier is below `old`. With `single` no container holds more than one message.
pub(super) fn pack(
    mut messages: &[Outgoing],
    old: i64,
    single: bool,
    mut number: impl FnMut() -> (i64, i32),
) -> Vec<Outgoing> {
    let mut packets = Vec::new();
    while !messages.is_empty() {
        let (batch, rest) = messages.split_at(if single { 1 } else { next_batch(messages) });
        messages = rest;
        packets.push(match batch {
            [message] if message.msg_id >= old => message.clone(),
            several => container(several, number()),
        });
    }
    packets
}

/// How many of the messages at the front go into the next packet.
fn next_batch(messages: &[Outgoing]) -> usize {
    let mut bytes = 0;
    let fits = |message: &&Outgoing| {
        bytes += container_len(std::iter::once(message.body.len()));
        bytes <= MOST_BYTES
    };
    messages.iter().take(MOST_MESSAGES).take_while(fits).count().max(1)
}

fn container(messages: &[Outgoing], (msg_id, seq_no): (i64, i32)) -> Outgoing {
    let mut body = Vec::new();
    let written = write_container(messages.iter().map(Outgoing::as_message), &mut body);
    debug_assert!(written.is_ok(), "messages of ours are whole words, few, and no containers");
    Outgoing { msg_id, seq_no, body }
}

/// Seals one message into `out`, in a frame of its own.
pub(super) fn seal(
    message: &Outgoing,
    (salt, session_id): (i64, i64),
    key: &AuthKey,
    encoder: &mut Encoder,
    rng: &mut dyn CryptoRng,
    out: &mut Vec<u8>,
) {
    let Outgoing { msg_id, seq_no, body } = message;
    let header = Header { salt, session_id, msg_id: *msg_id, seq_no: *seq_no };
    let mut packet = Vec::with_capacity(sealed_len(body.len(), Padding::Minimal));
    let draft = Draft::begin(&mut packet, &header);
    packet.extend_from_slice(body);
    let sealed = draft
        .finish(&mut packet, Padding::Minimal, rng)
        .and_then(|_| envelope::seal(key, Side::Server, &mut packet));
    debug_assert!(sealed.is_ok(), "bodies of ours are whole words");
    let framed = encoder.encode(&packet, false, rng, out);
    debug_assert!(framed.is_ok(), "messages of ours are below what a framing takes");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(count: usize, len: usize) -> Vec<Outgoing> {
        let message = |at| Outgoing { msg_id: 1001 + 4 * at as i64, seq_no: 1, body: vec![0; len] };
        (0..count).map(message).collect()
    }

    /// How many messages are in each packet; 0 for one alone.
    fn packed(messages: &[Outgoing], old: i64, single: bool) -> Vec<u8> {
        let packets = pack(messages, old, single, || (9999, 4));
        let count = |packet: Outgoing| if packet.msg_id == 9999 { packet.body[4] } else { 0 };
        packets.into_iter().map(count).collect()
    }

    #[test]
    fn a_packet_is_filled_to_the_byte_and_to_the_message() {
        let half = MOST_BYTES / 2 - container_len(std::iter::once(0));
        assert_eq!(packed(&messages(2, half), 0, false), [2]);
        assert_eq!(packed(&messages(2, half + 4), 0, false), [0, 0]);
        assert_eq!(packed(&messages(3, half), 0, false), [2, 0]);
        assert_eq!(packed(&messages(2 * MOST_MESSAGES, 4), 0, false), [(1020 % 256) as u8; 2]);
        assert_eq!(packed(&messages(1, 2 * MOST_BYTES), 0, false), [0]);
        assert_eq!(packed(&[], 0, false), []);
    }

    #[test]
    fn what_is_old_never_goes_without_a_container() {
        assert_eq!(packed(&messages(3, 4), 0, true), [0, 0, 0]);
        assert_eq!(packed(&messages(3, 4), 1003, true), [1, 0, 0]);
        assert_eq!(packed(&messages(1, 4), 1003, false), [1]);
    }
}
